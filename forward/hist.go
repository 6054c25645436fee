package forward

import (
	"math/bits"
	"time"
)

// A Histogram counts durations in buckets that grow with their values: one
// bucket per microsecond up to 64 µs, then 32 to each power of two, so that a
// quantile is at most 1/32 too high. The zero value is empty. It is not for
// concurrent use.
type Histogram struct {
	counts [histBuckets]uint64
	count  uint64
	sum    time.Duration
	max    time.Duration
}

const (
	histLinear  = 64 // buckets of one microsecond
	histSub     = 32 // buckets of each power of two above
	histOctaves = 24 // 64 µs to 2^30 µs, about 18 minutes; what is longer goes into the last
	histBuckets = histLinear + histSub*histOctaves
)

func histIndex(d time.Duration) int {
	us := uint64(max(d, 0) / time.Microsecond)
	if us < histLinear {
		return int(us)
	}
	e := bits.Len64(us) - 1
	i := histLinear + (e-6)*histSub + int(us>>(e-5))&(histSub-1)
	return min(i, histBuckets-1)
}

// histLimit is the duration that bucket i ends before.
func histLimit(i int) time.Duration {
	if i < histLinear {
		return time.Duration(i+1) * time.Microsecond
	}
	e, sub := (i-histLinear)/histSub+6, (i-histLinear)%histSub
	return time.Duration(histSub+sub+1) << (e - 5) * time.Microsecond
}

// Add counts one duration.
func (h *Histogram) Add(d time.Duration) {
	h.counts[histIndex(d)]++
	h.count++
	h.sum += d
	h.max = max(h.max, d)
}

// Count is how many durations were added, Sum what they add up to.
func (h *Histogram) Count() uint64      { return h.count }
func (h *Histogram) Sum() time.Duration { return h.sum }

// Max is the longest duration; exact, but in a difference only to its bucket.
func (h *Histogram) Max() time.Duration { return h.max }

// Quantile is the duration that a share q (0 to 1) of all does not exceed; 0
// when the histogram is empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := uint64(q*float64(h.count-1)) + 1
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return min(histLimit(i), h.max)
		}
	}
	return h.max
}

// Below is how many durations ended in buckets that end at or before d.
func (h *Histogram) Below(d time.Duration) (n uint64) {
	for i := 0; i < histBuckets && histLimit(i) <= d; i++ {
		n += h.counts[i]
	}
	return n
}

// since is what was added to h after it equalled before.
func (h *Histogram) since(before *Histogram) Histogram {
	diff := Histogram{count: h.count - before.count, sum: h.sum - before.sum}
	top := -1
	for i, n := range h.counts {
		if diff.counts[i] = n - before.counts[i]; diff.counts[i] > 0 {
			top = i
		}
	}
	if top >= 0 {
		diff.max = min(histLimit(top), h.max)
	}
	return diff
}
