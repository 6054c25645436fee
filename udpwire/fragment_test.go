package udpwire

import (
	"bytes"
	"testing"
)

func TestFragment(t *testing.T) {
	piece := []byte("a piece of a frame")
	b := append(appendFragmentHead(nil, len(piece), 100, 1000), piece...)
	var f fragment
	n, ok := parseFragment(append(b, 1, 2, 3), &f)
	if !ok || n != len(b) || f.offset != 100 || f.total != 1000 || !bytes.Equal(f.piece, piece) || f.last() {
		t.Errorf("%t, %d bytes, %+v", ok, n, f)
	}
	if cap(f.piece) != len(piece) {
		t.Error("what is appended to the piece would overwrite what follows")
	}
	prefixes(t, b, len(b), func(b []byte) bool { _, ok := parseFragment(b, new(fragment)); return ok })
}

func TestFragmentRefused(t *testing.T) {
	for _, c := range []struct {
		name                  string
		length, offset, total int
		ok, last              bool
	}{
		{"the first", 8, 0, 100, true, false},
		{"the last", 8, 92, 100, true, true},
		{"the only one", messageLeast, 0, messageLeast, true, true},
		{"beyond the end", 8, 93, 100, false, false},
		{"empty", 0, 0, 100, false, false},
		{"of a frame too short for a message", 8, 0, messageLeast - 1, false, false},
		{"of the longest frame", 8, maxFrame - 8, maxFrame, true, true},
		{"of a frame too long", 8, 0, maxFrame + 1, false, false},
		{"offset and length that wrap", 8, -4, 100, false, false},
	} {
		b := append(appendFragmentHead(nil, c.length, c.offset, c.total), make([]byte, c.length)...)
		var f fragment
		if _, ok := parseFragment(b, &f); ok != c.ok || ok && f.last() != c.last {
			t.Errorf("%s: %t, last %t", c.name, ok, f.last())
		}
	}
	b := append(appendFragmentHead(nil, 8, 0, 100), make([]byte, 8)...)
	for _, other := range []byte{framePad, frameMessage, 3} {
		if _, ok := parseFragment(changed(b, 0, other), new(fragment)); ok {
			t.Errorf("a frame of type %d is read as a fragment", other)
		}
	}
}
