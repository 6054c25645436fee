package reassembly

import (
	"math/rand/v2"
	"testing"
)

// TestTable holds the table against a map, with hashes that are spread and
// hashes that crowd the same homes.
func TestTable(t *testing.T) {
	for _, tt := range []struct {
		name string
		hash func(r *rand.Rand) uint64
	}{
		{"spread", func(r *rand.Rand) uint64 { return r.Uint64() | 1 }},
		{"one part", func(r *rand.Rand) uint64 { return uint64(r.Uint32()) | 1 }},
		{"equal but for the part", func(r *rand.Rand) uint64 { return uint64(r.IntN(64))<<56 | 7 }},
		{"equal slots", func(r *rand.Rand) uint64 { return uint64(r.IntN(4))<<40 | uint64(r.Uint32())&^0xfffff | 1 }},
		{"last homes", func(r *rand.Rand) uint64 { return uint64(r.IntN(48))<<18 | 1 }},
		{"first homes", func(r *rand.Rand) uint64 { return 0xffffffff - uint64(r.IntN(48))<<18 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			tab, recs, model := newTable(), slab{limit: 1 << 20}, map[uint64]uint32{}
			var known []uint64
			for step := range 20_000 {
				h := tt.hash(r)
				if len(known) > 0 && r.IntN(2) == 0 {
					h = known[r.IntN(len(known))]
				}
				want := model[h]
				if got := tab.find(&recs, h); got != want {
					t.Fatalf("step %d: found %d for %#x, want %d", step, got, h, want)
				}
				conn, inserts := tab.candidate(h)
				if want != 0 && conn == 0 || !tab.isNew(h, inserts) {
					t.Fatalf("step %d: no candidate for %#x", step, h)
				}
				switch grows := step%5000 < 3000; {
				case want == 0 && (grows || r.IntN(4) == 0):
					i, c := recs.get()
					c.id = h
					tab.insert(h, i)
					model[h] = i
					known = append(known, h)
					if tab.isNew(h, inserts) {
						t.Fatalf("step %d: an insert is not noticed", step)
					}
				case want != 0 && (!grows || r.IntN(4) == 0):
					tab.remove(h, want)
					recs.put(want)
					delete(model, h)
				}
				if step%97 == 0 {
					checkTable(t, tab, model)
				}
			}
		})
	}
}

// checkTable holds a table against what it promises of itself.
func checkTable(t *testing.T, tab *table, model map[uint64]uint32) {
	t.Helper()
	used, bytes := 0, int64(0)
	for i := range tab.parts {
		p := &tab.parts[i]
		n, free := 0, -1
		for k, s := range p.slots {
			if s == 0 {
				free = k
				continue
			}
			n++
			if k > 0 && p.slots[k-1] != 0 && p.slots[k-1].hash() < s.hash() {
				t.Fatalf("part %d: slot %d has a higher hash than the one before", i, k)
			}
			if home := p.home(s.hash()); home > k || home <= free {
				t.Fatalf("part %d: slot %d is not reached from home %d; %d is free", i, k, home, free)
			}
		}
		if n != p.used || 2*n > p.homes() || free != len(p.slots)-1 {
			t.Fatalf("part %d: %d slots of %d homes are used, %d counted; the last free one is %d of %d", i, n, p.homes(), p.used, free, len(p.slots))
		}
		used += n
		bytes += int64(len(p.slots)) * slotBytes
	}
	if used != len(model) || bytes != tab.bytes {
		t.Fatalf("%d of %d connections, %d bytes counted as %d", used, len(model), bytes, tab.bytes)
	}
}
