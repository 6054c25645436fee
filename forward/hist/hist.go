// Package hist counts durations in buckets that grow with their values, as
// HdrHistogram does: every nanosecond up to 256 ns has a bucket of its own, and each
// power of two above has 128. A quantile is therefore at most 1/128 too high,
// whether it is of microseconds or of minutes, and however far out in the tail;
// the shortest and the longest duration are exact. Nothing is too long for it.
//
// A Histogram keeps only the powers of two that occurred, of a kilobyte each: one of
// a server's response times takes 5 to 10 KB, so that each of hundreds of routes can
// have its own. (HdrHistogram's implementation for Go has one array for all values,
// 180 KB for three digits up to an hour, and no difference of two moments.)
package hist

import (
	"iter"
	"math"
	"math/bits"
	"time"
)

const (
	subBits = 7            // so that a power of two has 128 buckets
	subs    = 1 << subBits // buckets of a block
	blocks  = 64 - subBits // the first for values below 128, then one for each power of two up to 2^63
)

// Octaves and SubBuckets are how many powers of two there are, and into how many
// buckets each is cut: what reports say of a histogram's form.
const (
	Octaves    = blocks
	SubBuckets = subs
)

// A Histogram counts durations. The zero value is empty. It is not for concurrent
// use, and a copy shares what it counts with the original: use Clone.
type Histogram struct {
	blocks   [blocks]*[subs]uint64 // nil: nothing in it
	count    uint64
	sum      time.Duration
	min, max time.Duration
}

// place is where a duration is counted.
func place(d time.Duration) (block, sub int) {
	v := uint64(max(d, 0))
	block = max(bits.Len64(v)-subBits, 0)
	return block, int(v>>max(block-1, 0)) & (subs - 1)
}

// highest is the longest duration that is counted in a place.
func highest(block, sub int) time.Duration {
	if block == 0 {
		return time.Duration(sub)
	}
	return time.Duration(uint64(subs+sub+1)<<(block-1) - 1)
}

// width is how many nanoseconds are counted in each place of a block.
func width(block int) time.Duration { return 1 << max(block-1, 0) }

// Add counts one duration; one below zero counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	block, sub := place(d)
	if h.blocks[block] == nil {
		h.blocks[block] = new([subs]uint64)
	}
	h.blocks[block][sub]++
	if h.count == 0 {
		h.min = d
	}
	h.count++
	h.sum = plus(h.sum, d)
	h.min, h.max = min(h.min, d), max(h.max, d)
}

// plus is a+b, or the longest duration there is.
func plus(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Count is how many durations were added, Sum what they add up to.
func (h *Histogram) Count() uint64      { return h.count }
func (h *Histogram) Sum() time.Duration { return h.sum }

// Min and Max are the shortest and the longest duration; exact, but in a difference
// only to their buckets. Both are 0 in an empty histogram.
func (h *Histogram) Min() time.Duration { return h.min }
func (h *Histogram) Max() time.Duration { return h.max }

// Mean is the average.
func (h *Histogram) Mean() time.Duration {
	if h.count == 0 {
		return 0
	}
	return time.Duration(float64(h.sum) / float64(h.count))
}

// StdDev is the standard deviation, as exact as the buckets are.
func (h *Histogram) StdDev() time.Duration {
	if h.count == 0 {
		return 0
	}
	mean, squares := float64(h.sum)/float64(h.count), 0.
	for b := range h.Buckets() {
		off := float64(b.Highest) - float64(b.Width-1)/2 - mean
		squares += off * off * float64(b.Count)
	}
	return time.Duration(math.Sqrt(squares / float64(h.count)))
}

// A Bucket is how many durations were between Highest-Width+1 and Highest.
type Bucket struct {
	Highest, Width time.Duration
	Count          uint64
}

// Buckets yields the buckets that have anything in them, the shortest durations first.
func (h *Histogram) Buckets() iter.Seq[Bucket] {
	return func(yield func(Bucket) bool) {
		for block, counts := range h.blocks {
			if counts == nil {
				continue
			}
			for sub, n := range counts {
				if n > 0 && !yield(Bucket{highest(block, sub), width(block), n}) {
					return
				}
			}
		}
	}
}

// Quantile is the duration that a share q (0 to 1) of all does not exceed; 0
// when the histogram is empty.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := max(uint64(math.Ceil(q*float64(h.count))), 1)
	var seen uint64
	for b := range h.Buckets() {
		if seen += b.Count; seen >= rank {
			return max(min(b.Highest, h.max), h.min)
		}
	}
	return h.max
}

// Below is how many durations are in buckets that end at or before d.
func (h *Histogram) Below(d time.Duration) (n uint64) {
	for b := range h.Buckets() {
		if b.Highest > d {
			break
		}
		n += b.Count
	}
	return n
}

// Clone returns a histogram of its own with the same durations.
func (h *Histogram) Clone() Histogram {
	c := *h
	for i, counts := range h.blocks {
		if counts != nil {
			own := *counts
			c.blocks[i] = &own
		}
	}
	return c
}

// Merge adds what o counts, which stays as it is.
func (h *Histogram) Merge(o *Histogram) {
	if o.count == 0 {
		return
	}
	for i, counts := range o.blocks {
		if counts == nil {
			continue
		}
		if h.blocks[i] == nil {
			h.blocks[i] = new([subs]uint64)
		}
		for sub, n := range counts {
			h.blocks[i][sub] += n
		}
	}
	if h.count == 0 {
		h.min = o.min
	}
	h.count += o.count
	h.sum = plus(h.sum, o.sum)
	h.min, h.max = min(h.min, o.min), max(h.max, o.max)
}

// Since is what was added to h after it was a clone that equalled before.
func (h *Histogram) Since(before *Histogram) Histogram {
	diff := h.Clone()
	diff.count, diff.sum = h.count-before.count, h.sum-before.sum
	for i, counts := range before.blocks {
		if counts == nil {
			continue
		}
		for sub, n := range counts {
			diff.blocks[i][sub] -= n
		}
	}
	diff.min, diff.max = 0, 0
	first := true
	for b := range diff.Buckets() {
		if first {
			diff.min, first = max(b.Highest-b.Width+1, h.min), false
		}
		diff.max = min(b.Highest, h.max)
	}
	return diff
}
