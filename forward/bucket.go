package forward

import "time"

const (
	// bucketMargin is added to the second that a token rests. It covers the way
	// from the bucket to the target, which is not always equally long, and costs
	// 1.5 % of the rate.
	bucketMargin = 15 * time.Millisecond

	// bucketCredit is how far behind its even spacing a bucket may catch up:
	// timers wake a sleeper a millisecond or so late.
	bucketCredit = 40 * time.Millisecond
)

// A bucket is a token bucket that holds for every window of a second, not only
// on average: it has as many tokens as requests may start in a second, and a
// token comes back one second (and a margin) after the start it was used for.
// No two starts in one second can use the same token, whatever the order and
// however long a request waits between taking its token and starting, so no
// second sees more starts than there are tokens. (A bucket that is refilled at
// rate N and holds N lets 2N through within a second.)
//
// Starts are also spaced evenly, with a small credit for lateness.
//
// All times are nanoseconds of one clock. The owner guards it with a lock.
type bucket struct {
	rate     int     // tokens there are
	free     int     // tokens that may be taken now; below 0: too many are out
	out      int     // tokens whose request has not started yet
	back     []int64 // ring: when the tokens that rest come back, in order
	head, n  int
	interval int64
	next     int64 // when the next start is due
}

func newBucket(rate int) *bucket {
	return &bucket{rate: rate, free: rate, back: make([]int64, rate), interval: int64(time.Second+bucketMargin) / int64(rate)}
}

// take takes a token, or returns how long to wait before asking again. Each
// token taken is passed to start or putBack once.
func (b *bucket) take(now int64) (wait int64) {
	for b.n > 0 && b.back[b.head] <= now {
		b.head = (b.head + 1) % len(b.back)
		b.n--
		b.free++
	}
	if b.next > now {
		return b.next - now
	}
	if b.free <= 0 {
		if b.n == 0 {
			return int64(bucketMargin) // all are with requests that have not started yet
		}
		return b.back[b.head] - now
	}
	b.free--
	b.out++
	b.next = max(b.next, now-int64(bucketCredit)) + b.interval
	return 0
}

// isShut reports whether no request may start now.
func (b *bucket) isShut(now int64) bool { return b.next > now || b.free <= 0 }

// start says that the request with a token starts now.
func (b *bucket) start(now int64) {
	b.back[(b.head+b.n)%len(b.back)] = now + int64(time.Second+bucketMargin)
	b.n++
	b.out--
}

// putBack returns a token whose request never started.
func (b *bucket) putBack() {
	b.free++
	b.out--
}

// setRate changes the rate. Tokens that are out count on. Those that rest do if the
// rate grows; if it falls, they are what an earlier limit allowed, for which the new one
// does not make everybody pause: it holds for each second that begins now or later.
func (b *bucket) setRate(rate int, now int64) {
	fresh := newBucket(rate)
	fresh.back = make([]int64, max(rate, b.out+b.n)) // all that are out may come to rest at once
	fresh.out = b.out
	for ; b.n > 0 && rate >= b.rate; b.n-- {
		fresh.back[fresh.n] = b.back[b.head]
		fresh.n++
		b.head = (b.head + 1) % len(b.back)
	}
	fresh.free = rate - fresh.out - fresh.n
	fresh.next = min(b.next, now+fresh.interval)
	*b = *fresh
}
