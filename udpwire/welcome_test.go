package udpwire

import "testing"

func TestWelcome(t *testing.T) {
	want := welcome{asked: [32]byte{0: 1, 31: 2}, public: [32]byte{0: 3, 31: 4}, session: 0x0102030405060708,
		instance: 0x0D0E, window: 0x090A0B0C}
	b := want.append(nil)
	if len(b) != welcomeSize {
		t.Fatalf("%d bytes, want %d", len(b), welcomeSize)
	}
	var got welcome
	if !got.parse(b) || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	prefixes(t, b, welcomeSize, func(b []byte) bool { return new(welcome).parse(b) })
}

func TestWelcomeRefused(t *testing.T) {
	good := (&welcome{session: 1, instance: 1, window: 1}).append(nil)
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", good, true},
		{"no session", changed(good, 71, 0), false},
		{"no instance", changed(good, 79, 0), false},
		{"another version", changed(good, 84, Version+1), false},
		{"not zero where zero is ignored", changed(good, 85, 1), true},
	} {
		if ok := new(welcome).parse(c.b); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
	}
}

// TestWelcomeIsNotLonger: nobody gets more from a replayer than it sent: a HELLO is longer than the WELCOME.
func TestWelcomeIsNotLonger(t *testing.T) {
	if longest := headerSize + welcomeSize + tagSize; longest >= maxControl {
		t.Errorf("a WELCOME of %d bytes to a HELLO of %d", longest, maxControl)
	}
}
