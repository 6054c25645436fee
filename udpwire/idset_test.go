package udpwire

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// TestIdSetModel compares a set that moves on with a plain map.
func TestIdSetModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var s idSet
	want := map[uint64]bool{}
	for step := range 20000 {
		floor := uint64(step) * 5000
		id := floor + rng.Uint64N(idSpan/64)
		if want[id] != s.has(id) {
			t.Fatalf("step %d: id %d: %t", step, id, s.has(id))
		}
		if !want[id] {
			want[id] = true
			s.add(id)
		}
		for id := range want {
			if id < floor+5000 || rng.IntN(100) == 0 {
				delete(want, id)
				s.remove(id)
			}
		}
		if s.count != len(want) {
			t.Fatalf("step %d: %d ids, want %d", step, s.count, len(want))
		}
	}
}

// TestIdSetFarAhead: two ids far apart take two pages.
func TestIdSetFarAhead(t *testing.T) {
	const page = int64(unsafe.Sizeof(idPage{}))
	var s idSet
	s.add(5)
	s.add(5 + idSpan - 1)
	if !s.has(5) || !s.has(5+idSpan-1) || s.has(6) || s.held > 3*page {
		t.Errorf("%d bytes for two ids", s.held)
	}
	s.remove(5)
	s.remove(5 + idSpan - 1)
	if s.count != 0 || s.held > 2*page {
		t.Errorf("%d left, in %d bytes", s.count, s.held)
	}
	if allocs := testing.AllocsPerRun(100, func() { s.add(7); s.remove(7) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}
