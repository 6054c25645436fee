package udpwire

import (
	"slices"
	"testing"
)

func TestGoneBody(t *testing.T) {
	for _, want := range [][]span{nil, {{1, 1}}, {{2, 1}, {4, 7}, {11, 1<<32 - 1}}, make([]span, maxSpans)} {
		for i := range want {
			if want[i].count == 0 {
				want[i] = span{uint64(i + 1), 1}
			}
		}
		b := (&gone{numbers: want}).append(nil)
		var got gone
		if !got.parse(b) || !slices.Equal(got.numbers, want) {
			t.Errorf("%v, want %v", got.numbers, want)
		}
		prefixes(t, b, len(b), func(b []byte) bool { return new(gone).parse(b) })
	}
}

// TestGoneParsedAgain: what an earlier datagram named does not stay.
func TestGoneParsedAgain(t *testing.T) {
	var g gone
	for _, want := range [][]span{{{1, 1}, {3, 1}, {5, 1}}, {{7, 2}}, {}} {
		if !g.parse((&gone{numbers: want}).append(nil)) || !slices.Equal(g.numbers, want) {
			t.Errorf("%v, want %v", g.numbers, want)
		}
	}
}
