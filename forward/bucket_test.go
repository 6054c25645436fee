package forward

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// worstWindow is the largest number of sorted times within one second.
func worstWindow(times []int64) int {
	worst, from := 0, 0
	for i, t := range times {
		for t-times[from] >= int64(time.Second) {
			from++
		}
		worst = max(worst, i-from+1)
	}
	return worst
}

// TestBucketWindow drives a bucket with more than it lets through, with a clock
// of its own: sleepers wake late, requests start late, some never start.
func TestBucketWindow(t *testing.T) {
	type pending struct{ at int64 }
	for _, rate := range []int{1, 2, 3, 10, 97, 1000, 20_000} {
		for _, jitter := range []time.Duration{0, time.Millisecond, 12 * time.Millisecond, 300 * time.Millisecond} {
			t.Run(fmt.Sprintf("%d per second, up to %v late", rate, jitter), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(1, uint64(rate)))
				b := newBucket(rate)
				const seconds = 10
				var starts []int64
				var waiting []pending // tokens taken, by when they start
				startUntil := func(now int64) {
					for len(waiting) > 0 && waiting[0].at <= now {
						b.start(waiting[0].at)
						starts = append(starts, waiting[0].at)
						waiting = waiting[1:]
					}
				}
				lost := 0
				for now := int64(0); now < int64(seconds*time.Second); {
					startUntil(now)
					wait := b.take(now)
					switch {
					case wait > 0:
						now += wait + rnd.Int64N(int64(time.Millisecond)) // timers are late
					case rnd.IntN(100) == 0:
						b.putBack() // refused, say
						lost++
					default:
						p := pending{now + rnd.Int64N(int64(jitter)+1)}
						i, _ := slices.BinarySearchFunc(waiting, p, func(a, b pending) int { return int(a.at - b.at) })
						waiting = slices.Insert(waiting, i, p)
					}
				}
				startUntil(1 << 62)
				if w := worstWindow(starts); w > rate {
					t.Errorf("%d starts in one second", w)
				}
				// what never started, and a late first and last second, are not the bucket's fault
				least := float64(rate*seconds)*0.97 - float64(lost) - 2
				if jitter > 15*time.Millisecond {
					least *= 0.7 // a token that is out for long is missing
				}
				if float64(len(starts)) < least {
					t.Errorf("%d starts in %d s, want %.0f", len(starts), seconds, least)
				}
			})
		}
	}
}

func TestBucketSpacing(t *testing.T) {
	b := newBucket(10)
	now := int64(time.Hour) // long idle: no credit but bucketCredit
	var starts []int64
	for range 5 {
		for w := b.take(now); w > 0; w = b.take(now) {
			now += w
		}
		b.start(now)
		starts = append(starts, now)
	}
	for i := 1; i < len(starts); i++ {
		gap := time.Duration(starts[i] - starts[i-1])
		if gap < 60*time.Millisecond || gap > 102*time.Millisecond {
			t.Errorf("start %d comes %v after the one before", i, gap)
		}
	}
}

func TestBucketNoTokenLeft(t *testing.T) {
	b := newBucket(1)
	if b.take(0) != 0 {
		t.Fatal("no first token")
	}
	if w := b.take(int64(time.Minute)); w <= 0 {
		t.Error("a second token while the first is out")
	}
	b.putBack()
	if w := b.take(int64(time.Minute)); w != 0 {
		t.Errorf("a token that was put back makes wait %v", time.Duration(w))
	}
}
