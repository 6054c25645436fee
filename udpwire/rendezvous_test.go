package udpwire

import (
	"math/rand/v2"
	"testing"
)

// owners returns who has each lane.
func owners(instances []uint64) (all [laneCount]uint64) {
	for l := range all {
		all[l] = instances[choose(l, instances)]
	}
	return all
}

// When one of n replayers goes or comes, 1/n of the lanes move and 5 % at most on top: exactly its own, or exactly those it
// gets. Each has its fair share, also where instances differ in a bit.
func TestRendezvousMoves(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		n := 2 + rng.IntN(10)
		instances := make([]uint64, n)
		for i := range instances {
			instances[i] = rng.Uint64()
			if seed%4 == 0 {
				instances[i] = uint64(i + 1)
			}
		}
		before, after := owners(instances), owners(instances[:n-1])
		moved, has := 0, map[uint64]int{}
		for l := range before {
			has[before[l]]++
			if before[l] != after[l] {
				moved++
				if before[l] != instances[n-1] {
					t.Fatalf("seed %d: lane %d moved between two that stay", seed, l)
				}
			}
		}
		if share := float64(moved) / laneCount; share > 1/float64(n)+0.05 || share < 1/float64(n)-0.05 {
			t.Errorf("seed %d: %.3f of the lanes moved when one of %d went", seed, share, n)
		}
		for i, instance := range instances {
			if share := float64(has[instance]) * float64(n) / laneCount; share < 0.85 || share > 1.15 {
				t.Errorf("seed %d: replayer %d of %d has %.2f of a fair share", seed, i, n, share)
			}
		}
	}
}

// The order in which replayers were met does not matter: all listeners come to the same.
func TestRendezvousIsTheSameEverywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	instances := []uint64{rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()}
	want := owners(instances)
	for range 20 {
		rng.Shuffle(len(instances), func(i, j int) { instances[i], instances[j] = instances[j], instances[i] })
		if owners(instances) != want {
			t.Fatalf("another order of the same replayers gives other owners: %v", instances)
		}
	}
}
