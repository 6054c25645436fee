package forward

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(rnd.ExpFloat64() * float64(3*time.Millisecond))
		h.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, .01, .5, .9, .99, .999, 1} {
		exact, got := all[int(q*float64(len(all)-1))], h.Quantile(q)
		if got < exact || float64(got) > float64(exact)*(1+1./32)+float64(2*time.Microsecond) {
			t.Errorf("quantile %v is %v, exactly %v", q, got, exact)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != 100_000 {
		t.Errorf("max %v, count %d", h.Max(), h.Count())
	}
	before := h
	h.Add(7 * time.Second)
	if d := h.since(&before); d.Count() != 1 || d.Sum() != 7*time.Second || d.Quantile(.5) != 7*time.Second || d.Max() != 7*time.Second {
		t.Errorf("difference: %d, %v, %v, %v", d.Count(), d.Sum(), d.Quantile(.5), d.Max())
	}
	var none Histogram
	if none.Quantile(.5) != 0 || none.Max() != 0 {
		t.Error("an empty histogram has a value")
	}
}

// TestHistogramEdges: each bucket holds what it says, whatever comes.
func TestHistogramEdges(t *testing.T) {
	for i := range histBuckets {
		if got := histIndex(histLimit(i) - time.Microsecond); got != i {
			t.Fatalf("the last value of bucket %d is in bucket %d", i, got)
		}
		if got := histIndex(histLimit(i)); got != min(i+1, histBuckets-1) {
			t.Fatalf("the limit of bucket %d is in bucket %d", i, got)
		}
	}
	var h Histogram
	for _, d := range []time.Duration{-1, 0, 1<<63 - 1} {
		h.Add(d)
	}
	if h.Count() != 3 || h.Max() != 1<<63-1 {
		t.Errorf("count %d, max %v", h.Count(), h.Max())
	}
}
