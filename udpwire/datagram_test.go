package udpwire

import (
	"bytes"
	"testing"
)

// prefixes feeds parse each prefix of whole, of which need bytes are needed: shorter ones are refused, longer ones and
// whole with bytes of a later version behind it are not.
func prefixes(t *testing.T, whole []byte, need int, parse func([]byte) bool) {
	t.Helper()
	for n := range len(whole) + 1 {
		if got, want := parse(bytes.Clone(whole[:n:n])), n >= need; got != want {
			t.Errorf("the first %d of %d bytes: %t, want %t", n, len(whole), got, want)
		}
	}
	if !parse(append(bytes.Clone(whole), 1, 2, 3)) {
		t.Error("refused with more behind it")
	}
}

// changed returns b with one byte set to another value.
func changed(b []byte, at int, to byte) []byte {
	b = bytes.Clone(b)
	b[at] = to
	return b
}

func TestHeader(t *testing.T) {
	h := header{kind: kindReport, flags: flagSealed | 2, epoch: 0x0A0B, session: 0x0102030405060708, number: maxNumber - 1}
	b := bytes.Repeat([]byte{0xFF}, headerSize)
	h.put(b)
	if want := []byte("GOR\x02\x05\x03\x0A\x0B\x01\x02\x03\x04\x05\x06\x07\x08\x3F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"); !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
	got, _, ok := parseHeader(b)
	if !ok || got != h {
		t.Errorf("%+v, want %+v", got, h)
	}
	prefixes(t, b, headerSize, func(b []byte) bool { _, _, ok := parseHeader(b); return ok })
}

func TestHeaderRefused(t *testing.T) {
	good := make([]byte, headerSize)
	header{kind: kindData, session: 1, number: 1}.put(good)
	for _, c := range []struct {
		name string
		b    []byte
		why  reason
		ok   bool
	}{
		{"good", good, 0, true},
		{"nothing", nil, rejectShort, false},
		{"a byte too short", good[:headerSize-1], rejectShort, false},
		{"another protocol", changed(good, 0, 'X'), rejectMagic, false},
		{"the last letter", changed(good, 2, 'r'), rejectMagic, false},
		{"an older version", changed(good, 3, Version-1), rejectVersion, false},
		{"a newer version", changed(good, 3, Version+1), rejectVersion, false},
		{"no kind", changed(good, 4, 0), rejectKind, false},
		{"the first kind", changed(good, 4, byte(kindHello)), 0, true},
		{"the last kind", changed(good, 4, byte(kindStatus)), 0, true},
		{"an unknown kind", changed(good, 4, byte(kindStatus)+1), rejectKind, false},
		{"unknown flags", changed(good, 5, 0xF0), 0, true},
	} {
		if _, why, ok := parseHeader(c.b); ok != c.ok || !ok && why != c.why {
			t.Errorf("%s: %t, %s", c.name, ok, why)
		}
	}
}
