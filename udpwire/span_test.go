package udpwire

import (
	"encoding/binary"
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

func TestSpans(t *testing.T) {
	for _, c := range []struct {
		name  string
		from  uint64
		spans []span
		size  int
	}{
		{"none", 7, nil, 1},
		{"at once", 7, []span{{7, 1}}, 3},
		{"neighbours", 1, []span{{1, 2}, {3, 1}}, 5},
		{"wide ones", 1, []span{{2, 200}, {1 << 20, 1 << 40}}, 1 + 3 + 3 + 6},
		{"the last number", maxNumber - 1, []span{{maxNumber - 1, 1}}, 3},
		{"all numbers", 0, []span{{0, maxNumber}}, 1 + 1 + 9},
		{"none behind the last number", maxNumber, nil, 1},
	} {
		b := appendSpans(nil, c.from, c.spans)
		got, ok := parseSpans(nil, c.from, b)
		if !ok || !slices.Equal(got, c.spans) || len(b) != c.size {
			t.Errorf("%s: %t, %v in %d bytes", c.name, ok, got, len(b))
		}
		prefixes(t, b, len(b), func(b []byte) bool { _, ok := parseSpans(nil, c.from, b); return ok })
	}
}

func TestSpansRefused(t *testing.T) {
	numbers := func(n ...uint64) []byte {
		b := []byte{byte(len(n) / 2)}
		for _, v := range n {
			b = binary.AppendUvarint(b, v)
		}
		return b
	}
	for _, c := range []struct {
		name string
		from uint64
		b    []byte
		ok   bool
	}{
		{"the last number", 5, numbers(maxNumber-6, 0), true},
		{"one begins behind it", 5, numbers(maxNumber-5, 0), false},
		{"one ends behind it", 5, numbers(maxNumber-6, 1), false},
		{"the next begins behind it", 5, numbers(maxNumber-6, 0, 0, 0), false},
		{"a gap that wraps", 5, numbers(1<<64-1, 0), false},
		{"a length that wraps", 5, numbers(0, 1<<64-1), false},
		{"from behind the last number", maxNumber + 1, numbers(), false},
		{"more than are there", 1, []byte{2, 0, 0}, false},
		{"a number without end", 1, append([]byte{1}, slices.Repeat([]byte{0x80}, 20)...), false},
	} {
		if got, ok := parseSpans(nil, c.from, c.b); ok != c.ok {
			t.Errorf("%s: %t, %v", c.name, ok, got)
		}
	}
}

// TestFitSpans: what is left out would not have fit, and nothing that fits is.
func TestFitSpans(t *testing.T) {
	var all []span
	for i := range uint64(300) {
		all = append(all, span{10 + i*i*100, 1 + i%200})
	}
	for room := range 1000 {
		some := fitSpans(all, 10, room)
		size := len(appendSpans(nil, 10, some))
		if len(some) > 0 && size > room || len(some) > maxSpans {
			t.Errorf("%d spans in %d bytes, %d are there", len(some), size, room)
		}
		if len(some) < maxSpans && len(appendSpans(nil, 10, all[:len(some)+1])) <= room {
			t.Errorf("only %d spans in %d bytes", len(some), room)
		}
	}
}

// FuzzSpans: whatever is read is as it may be, and written again is read as the same.
func FuzzSpans(f *testing.F) {
	f.Add(uint64(1), appendSpans(nil, 1, []span{{1, 2}, {7, 300}}))
	f.Add(uint64(maxNumber-1), appendSpans(nil, maxNumber-1, []span{{maxNumber - 1, 1}}))
	f.Fuzz(func(t *testing.T, from uint64, b []byte) {
		spans, ok := parseSpans(nil, from, b)
		if !ok {
			return
		}
		floor := from
		for _, s := range spans {
			if s.count == 0 || s.first < floor || s.end() <= s.first || s.end() > maxNumber {
				t.Fatalf("%v from %d", spans, from)
			}
			floor = s.end()
		}
		if again, ok := parseSpans(nil, from, appendSpans(nil, from, spans)); !ok || !slices.Equal(again, spans) {
			t.Errorf("%v, then %v", spans, again)
		}
	})
}
