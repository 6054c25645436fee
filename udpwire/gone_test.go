package udpwire

import (
	"slices"
	"testing"
)

func TestGoneBody(t *testing.T) {
	for _, want := range [][]span{{{1, 1}}, {{2, 1}, {4, 7}, {11, 1<<32 + 1}}, {{1 << 40, 5}}, {{maxNumber - 1, 1}}} {
		b := (&gone{numbers: want}).append(nil)
		var got gone
		if !got.parse(b) || !slices.Equal(got.numbers, want) {
			t.Errorf("%v, want %v", got.numbers, want)
		}
		prefixes(t, b, len(b), func(b []byte) bool { return new(gone).parse(b) })
	}
}

// TestGoneFits: a GONE with as many numbers as fit passes any path.
func TestGoneFits(t *testing.T) {
	var g gone
	for i := range uint64(1000) {
		g.numbers = append(g.numbers, span{1 + 300*i, 1})
	}
	g.numbers = fitSpans(g.numbers, 1, goneSpans)
	if size := headerSize + len(g.append(nil)) + tagSize; size > maxControl || size < maxControl-3 || !new(gone).parse(g.append(nil)) {
		t.Errorf("%d bytes", size)
	}
}

// TestGoneParsedAgain: what an earlier datagram named does not stay.
func TestGoneParsedAgain(t *testing.T) {
	var g gone
	for _, want := range [][]span{{{1, 1}, {3, 1}, {5, 1}}, {{7, 2}}} {
		if !g.parse((&gone{numbers: want}).append(nil)) || !slices.Equal(g.numbers, want) {
			t.Errorf("%v, want %v", g.numbers, want)
		}
	}
}
