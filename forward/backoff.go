package forward

import "time"

const (
	// failuresToBackOff is how many requests in a row fail before a target is
	// held to be failing.
	failuresToBackOff = 10

	// While a target fails, one request at a time goes out to probe it, first
	// after probeFirst, then after twice as long, up to probeMax: a target that
	// is back is found within that time.
	probeFirst = 50 * time.Millisecond
	probeMax   = 250 * time.Millisecond
)

// A backoff decides when a request may go to a target that fails. All times
// are nanoseconds of one clock. The owner guards it with a lock.
type backoff struct {
	failing bool
	row     int // failures since the last response
	delay   int64
	next    int64 // while failing: when the next probe may go
}

// wait is how long the next request has to wait.
func (b *backoff) wait(now int64) int64 {
	if !b.failing {
		return 0
	}
	return max(0, b.next-now)
}

// sent says that a request goes out.
func (b *backoff) sent(now int64) {
	if b.failing {
		b.next = now + b.delay
		b.delay = min(2*b.delay, int64(probeMax))
	}
}

// answered says that a response came; it reports whether that ends a failure.
func (b *backoff) answered() (recovered bool) {
	recovered = b.failing
	*b = backoff{}
	return recovered
}

// failed says that a request failed; it reports whether the target fails from now on.
func (b *backoff) failed(now int64) bool {
	b.row++
	return b.row >= failuresToBackOff && b.trip(now)
}

// trip holds the target to be failing; it reports whether it was not before.
func (b *backoff) trip(now int64) bool {
	if b.failing {
		return false
	}
	b.failing = true
	b.delay = int64(probeFirst)
	b.next = now + b.delay
	b.delay *= 2
	return true
}
