package udpwire

import (
	"slices"
	"strings"
	"testing"
)

func TestWelcome(t *testing.T) {
	want := welcome{asked: [32]byte{0: 1, 31: 2}, public: [32]byte{0: 3, 31: 4}, session: 0x0102030405060708,
		instance: 0x0D0E, window: 0x090A0B0C, flags: welcomeResponses}
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

// TestWelcomeIsNotLonger: nobody gets more from a replayer than it sent: a HELLO is longer than the bare WELCOME.
func TestWelcomeIsNotLonger(t *testing.T) {
	if longest := headerSize + welcomeSize + tagSize; longest >= maxControl {
		t.Errorf("a WELCOME of %d bytes to a HELLO of %d", longest, maxControl)
	}
}

// TestWelcomeSelf: a WELCOME that says what the replayer is has no more bytes than the HELLO, whatever that is, and what is
// cut off, or garbled, is nothing.
func TestWelcomeSelf(t *testing.T) {
	long := Status{Version: strings.Repeat("v", 100), Host: strings.Repeat("h", 100)}
	for i := range 100 {
		long.Accounts = append(long.Accounts, Account{strings.Repeat("a", i%50) + "x", uint64(i)})
	}
	for _, secret := range []string{"", "0123456789abcdef"} {
		r := newResponder(keyringOf(t, secret), randomBytes)
		r.self = func() Status { return long }
		r.local.turn(1)
		d := r.welcome(&hello{}, source{}, false, 1, nil)
		if len(d) > maxControl || len(d) < maxControl-60 {
			t.Errorf("%d bytes", len(d))
		}
	}
	body := long.appendWithin((&welcome{session: 1, instance: 1}).append(nil), selfRoom)
	whole := parseSelf(body)
	if whole == nil || len(whole.Version) != statusText || len(whole.Accounts) == 0 {
		t.Fatalf("%+v", whole)
	}
	if got := parseSelf(append(slices.Clone(body), 1, 2, 3)); got == nil {
		t.Error("what a later version adds spoils it")
	}
	for n := range body {
		if parseSelf(body[:n]) != nil {
			t.Errorf("%d bytes of it are believed", n)
		}
	}
	body[welcomeSize+5] = 7
	if parseSelf(body) != nil {
		t.Error("what steers a terminal is believed")
	}
}
