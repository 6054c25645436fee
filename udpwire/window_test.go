package udpwire

import (
	"math/rand/v2"
	"testing"
)

func TestReplayWindow(t *testing.T) {
	for _, c := range []struct {
		name   string
		seen   []uint64
		number uint64
		fresh  bool
	}{
		{"the first", nil, 1, true},
		{"zero is no number", nil, 0, false},
		{"zero is none later either", []uint64{5}, 0, false},
		{"the same again", []uint64{1}, 1, false},
		{"a higher one", []uint64{1}, 2, true},
		{"far higher", []uint64{1}, maxNumber, true},
		{"one that was overtaken", []uint64{1, 3}, 2, true},
		{"as old as may be", []uint64{64}, 1, true},
		{"too old", []uint64{65}, 1, false},
		{"seen before a leap of a whole window", []uint64{1, 64}, 1, false},
		{"below a leap beyond the window", []uint64{1, 1000}, 999, true},
	} {
		var w replayWindow
		for _, n := range c.seen {
			w.mark(n)
		}
		for range 2 { // asking changes nothing
			if w.fresh(c.number) != c.fresh {
				t.Errorf("%s: fresh %t", c.name, !c.fresh)
			}
		}
	}
}

// TestReplayWindowModel compares with a table of all numbers seen.
func TestReplayWindowModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var w replayWindow
	seen, highest := map[uint64]bool{}, uint64(0)
	for range 20000 {
		n := highest + uint64(rng.IntN(80)) - min(highest, 70)
		want := n > highest || n > 0 && highest-n < 64 && !seen[n]
		if w.fresh(n) != want {
			t.Fatalf("fresh(%d) is %t after %d", n, !want, highest)
		}
		if want {
			w.mark(n)
			seen[n], highest = true, max(highest, n)
		}
	}
}
