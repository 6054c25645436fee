package udpwire

import "testing"

func TestHello(t *testing.T) {
	want := hello{random: [32]byte{0: 1, 31: 2}, public: [32]byte{0: 3, 31: 4}, current: 0x0102030405060708, flags: helloPatient,
		cookie: [16]byte{0: 5, 15: 6}}
	b := want.append(nil)
	if len(b) != helloSize {
		t.Fatalf("%d bytes, want %d", len(b), helloSize)
	}
	var got hello
	if !got.parse(append(b, make([]byte, 300)...)) || got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	prefixes(t, b, helloSize, func(b []byte) bool { return new(hello).parse(b) })
}

// TestHelloVersions: a HELLO is understood when this version lies in what its listener speaks.
func TestHelloVersions(t *testing.T) {
	h := hello{current: 1}
	for _, c := range []struct {
		lowest, highest byte
		ok              bool
	}{
		{Version, Version, true},
		{Version - 1, Version, true},
		{Version, Version + 1, true},
		{0, 255, true},
		{Version + 1, Version + 1, false},
		{Version - 1, Version - 1, false},
		{Version + 1, Version - 1, false},
	} {
		b := changed(changed(h.append(nil), 72, c.lowest), 73, c.highest)
		if ok := new(hello).parse(b); ok != c.ok {
			t.Errorf("versions %d to %d: %t", c.lowest, c.highest, ok)
		}
	}
}
