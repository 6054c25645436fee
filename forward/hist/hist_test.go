package hist

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestQuantile(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []time.Duration{100, 50 * time.Microsecond, 3 * time.Millisecond, 20 * time.Second, time.Hour} {
		var h Histogram
		var all []time.Duration
		for range 100_000 {
			d := time.Duration(rnd.ExpFloat64() * float64(scale))
			h.Add(d)
			all = append(all, d)
		}
		slices.Sort(all)
		for _, q := range []float64{0, .01, .5, .9, .99, .999, .99999, 1} {
			exact, got := all[max(int(math.Ceil(q*float64(len(all)))), 1)-1], h.Quantile(q)
			if got < exact || float64(got) > float64(exact)*(1+1./subs) {
				t.Errorf("scale %v: quantile %v is %v, exactly %v", scale, q, got, exact)
			}
		}
		if h.Min() != all[0] || h.Max() != all[len(all)-1] || h.Count() != 100_000 {
			t.Errorf("min %v, max %v, count %d", h.Min(), h.Max(), h.Count())
		}
		// Of an exponential distribution the mean and the deviation are its scale.
		for _, d := range []time.Duration{h.Mean(), h.StdDev()} {
			if float64(d) < .97*float64(scale) || float64(d) > 1.03*float64(scale) {
				t.Errorf("scale %v: mean %v, deviation %v", scale, h.Mean(), h.StdDev())
			}
		}
	}
}

func TestEmpty(t *testing.T) {
	var h, o Histogram
	h.Merge(&o)
	d := h.Since(&o)
	for _, h := range []*Histogram{&h, &d} {
		if h.Quantile(.5) != 0 || h.Max() != 0 || h.Min() != 0 || h.Mean() != 0 || h.StdDev() != 0 || h.Below(time.Hour) != 0 {
			t.Error("an empty histogram has a value")
		}
	}
}

// Each place holds what it says, and the next one begins where it ends.
func TestPlaces(t *testing.T) {
	next := time.Duration(0)
	for block := range blocks {
		for sub := range subs {
			low, high := next, highest(block, sub)
			if high-low+1 != width(block) {
				t.Fatalf("place %d.%d: %d to %d, width %d", block, sub, low, high, width(block))
			}
			for _, d := range []time.Duration{low, high} {
				if b, s := place(d); b != block || s != sub {
					t.Fatalf("%d is in place %d.%d, not %d.%d", d, b, s, block, sub)
				}
			}
			next = high + 1
		}
	}
	if next != math.MinInt64 { // one more than the largest
		t.Errorf("the last place ends before %d", next)
	}
}

func TestFarthest(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{-1, 0, math.MaxInt64, math.MaxInt64} {
		h.Add(d)
	}
	if h.Count() != 4 || h.Min() != 0 || h.Max() != math.MaxInt64 || h.Sum() != math.MaxInt64 || h.Quantile(1) != math.MaxInt64 {
		t.Errorf("count %d, min %v, max %v, sum %v", h.Count(), h.Min(), h.Max(), h.Sum())
	}
}

func TestBelow(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{1, 2, 3, 1000, time.Second} {
		h.Add(d)
	}
	for d, want := range map[time.Duration]uint64{0: 0, 1: 1, 2: 2, 3: 3, 900: 3, 1100: 4, time.Hour: 5} {
		if got := h.Below(d); got != want {
			t.Errorf("%d are below %d, want %d", got, d, want)
		}
	}
}

// A difference, a sum and a clone hold what they should and change nothing else.
func TestSinceMergeClone(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var first, second, both Histogram
	for i := range 2000 {
		d := time.Duration(rnd.ExpFloat64() * 1e6)
		both.Add(d)
		if i < 1000 {
			first.Add(d)
		} else {
			second.Add(d)
		}
	}
	sum := first.Clone()
	sum.Merge(&second)
	same(t, "sum", &sum, &both, 0)
	diff := both.Since(&first)
	same(t, "difference", &diff, &second, 1./subs)
	clone := both.Clone()
	clone.Add(time.Hour)
	same(t, "the cloned", &both, &sum, 0)
	if d := clone.Since(&both); d.Count() != 1 || d.Sum() != time.Hour || d.Quantile(.5) != time.Hour || d.Max() != time.Hour {
		t.Errorf("difference: %d, %v, %v, %v", d.Count(), d.Sum(), d.Quantile(.5), d.Max())
	}
}

// same fails unless two histograms hold the same, their ends within a share.
func same(t *testing.T, what string, got, want *Histogram, within float64) {
	t.Helper()
	if g, w := slices.Collect(got.Buckets()), slices.Collect(want.Buckets()); !slices.Equal(g, w) {
		t.Errorf("%s: %v, want %v", what, g, w)
	}
	near := func(a, b time.Duration) bool { return math.Abs(float64(a-b)) <= float64(b)*within }
	if got.Count() != want.Count() || got.Sum() != want.Sum() || !near(got.Min(), want.Min()) || !near(got.Max(), want.Max()) {
		t.Errorf("%s: count %d, sum %v, %v to %v; want %d, %v, %v to %v", what,
			got.Count(), got.Sum(), got.Min(), got.Max(), want.Count(), want.Sum(), want.Min(), want.Max())
	}
}

func TestAddAllocs(t *testing.T) {
	var h Histogram
	h.Add(time.Millisecond)
	if n := testing.AllocsPerRun(100, func() { h.Add(time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	var h Histogram
	d := time.Microsecond
	for b.Loop() {
		h.Add(d)
		d = d*5/4 + 1
		if d > time.Minute {
			d = time.Microsecond
		}
	}
}
