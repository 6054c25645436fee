package udpwire

import (
	"slices"
	"testing"
)

func TestAddNumber(t *testing.T) {
	var spans []span
	for _, n := range []uint64{1, 2, 3, 7, 9, 10} {
		spans = addNumber(spans, n)
	}
	if want := []span{{1, 3}, {7, 1}, {9, 2}}; !slices.Equal(spans, want) {
		t.Errorf("%v, want %v", spans, want)
	}
	for i, end := range []uint64{4, 8, 11} {
		if spans[i].end() != end {
			t.Errorf("%v ends at %d", spans[i], spans[i].end())
		}
	}
}

func TestParseSpans(t *testing.T) {
	tooMany := make([]span, maxSpans+1)
	for i := range tooMany {
		tooMany[i] = span{uint64(2 * i), 1}
	}
	for _, c := range []struct {
		name  string
		spans []span
		ok    bool
	}{
		{"none", nil, true},
		{"neighbours", []span{{1, 2}, {3, 1}}, true},
		{"overlapping", []span{{1, 2}, {2, 1}}, false},
		{"descending", []span{{5, 1}, {1, 1}}, false},
		{"the same", []span{{5, 1}, {5, 1}}, false},
		{"empty", []span{{1, 0}}, false},
		{"the last number", []span{{maxNumber - 1, 1}}, true},
		{"beyond the last number", []span{{maxNumber, 1}}, false},
		{"as many as may be", tooMany[:maxSpans], true},
		{"too many", tooMany, false},
	} {
		got, ok := parseSpans(nil, appendSpans(nil, c.spans))
		if ok != c.ok || ok && !slices.Equal(got, c.spans) {
			t.Errorf("%s: %t, %v", c.name, ok, got)
		}
	}
	if _, ok := parseSpans(nil, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0}); ok {
		t.Error("a count beyond the bytes is believed")
	}
}
