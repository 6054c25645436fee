package answers

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestCrowds: clients that wait for each answer are believed to where something was lost, or
// nobody saw them begin; those that do not are not, whatever times they and their servers
// take. GOR_SEEDS sets the number of crowds of each kind.
func TestCrowds(t *testing.T) {
	seeds := 12
	if s := os.Getenv("GOR_SEEDS"); s != "" {
		seeds, _ = strconv.Atoi(s)
	}
	for _, tt := range []struct {
		name   string
		kind   manner
		loss   float64
		joined float64 // the share of what was asked where nobody saw the beginning
		opened float64 // and of the rest
	}{
		{"waiting", waits, 0, 0.5, 0.99},
		{"waiting, 1 in 1000 lost", waits, 0.001, 0.4, 0.97},
		{"waiting, 1 in 100 lost", waits, 0.01, 0.2, 0.85},
		{"pipelining", pipelines, 0, 0, 0},
		{"pipelining, 1 in 100 lost", pipelines, 0.01, 0, 0},
		{"now and then", nowAndThen, 0, 0, 0},
		{"now and then, 1 in 100 lost", nowAndThen, 0.01, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var sum tally
			for seed := range seeds {
				n := newCrowd(rand.New(rand.NewPCG(uint64(seed), 3)), tt.kind).play(t, 10, 100, tt.loss)
				if sum.add(n); n.wrong > 0 {
					t.Errorf("seed %d: %v", seed, n)
				}
			}
			t.Log(sum)
		})
	}
}
