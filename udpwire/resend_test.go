package udpwire

import "testing"

// TestRun: neighbours of one size leave in one call, of which the last may be shorter.
func TestRun(t *testing.T) {
	c, other := &chunk{}, &chunk{}
	var r run
	for _, s := range []struct {
		name string
		s    sent
		fits bool
	}{
		{"the first", sent{c: c, start: 100, end: 200}, true},
		{"not a neighbour", sent{c: c, start: 300, end: 400}, false},
		{"of another chunk", sent{c: other, start: 200, end: 300}, false},
		{"larger", sent{c: c, start: 200, end: 301}, false},
		{"a neighbour", sent{c: c, start: 200, end: 300}, true},
		{"a shorter one", sent{c: c, start: 300, end: 350}, true},
		{"one behind a shorter one", sent{c: c, start: 350, end: 400}, false},
	} {
		if r.add(&s.s) != s.fits {
			t.Errorf("%s: fits %t", s.name, !s.fits)
		}
	}
	if r.start != 100 || r.end != 350 || r.size != 100 {
		t.Errorf("%+v", r)
	}
}
