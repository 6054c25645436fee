package forward

import "time"

const (
	// failuresToBackOff is how many requests in a row find the target out of
	// reach, or get no response in time, before it is held to be failing.
	failuresToBackOff = 10

	// While a target fails, one request at a time goes out to probe it, first
	// after probeFirst, then after twice as long, up to probeMax: a target that
	// is back is found within that time.
	probeFirst = 50 * time.Millisecond
	probeMax   = 250 * time.Millisecond

	// steadyAfter is how long a target has to be reached without failing again
	// before its trouble is held to be over.
	steadyAfter = 5 * time.Second

	// awayAfter is how long a target has to be out of reach, or failing, before what
	// can wait does not wait for it any more; and how long nobody may have probed it
	// for that to be held to be so no longer.
	awayAfter = 5 * time.Second

	// remindEvery is how often trouble that goes on is logged.
	remindEvery = 30 * time.Second
)

// A backoff decides when a request may go to a target that fails: one that cannot
// be reached, or that does not answer. What answers badly, or closes connections,
// is up, and is spared nothing. All times are nanoseconds of one clock. The owner
// guards it with a lock.
//
// A target may fail again and again. From the first time until it has been reached
// for steadyAfter, that is one trouble: so a target that comes and goes is logged
// as often as one that stays away.
type backoff struct {
	failing bool
	row     int // failures since the last sign of life
	delay   int64
	next    int64 // while failing: when the next probe may go
	absence absence
	trouble trouble
}

// An absence is for how long a target has been out of reach.
type absence struct {
	away  bool    // for so long that nothing waits for it
	since int64   // begin of the first attempt that did not reach it, or when it began to fail; 0: it is there
	why   Failure // of the last attempt
}

// A miss is an attempt that found a target out of reach or not answering.
type miss struct {
	why     Failure
	began   int64
	reached bool // it got as far as sending something
}

// A trouble is what a target went through since it first failed.
type trouble struct {
	times    int // how often it began to fail; 0: there is no trouble
	misses   int // attempts that found it out of reach or not answering
	began    int64
	reached  int64 // when it last ceased to fail
	reminded int64 // when it was last logged
	forsaken bool  // it has been logged that nothing waits for the target any more
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
		if b.absence.away && !b.away(now) {
			b.absence = absence{} // what was known is old: it counts anew
		}
		b.next = now + b.delay
		b.delay = min(2*b.delay, int64(probeMax))
	}
}

// alive says that the target was reached and did something; it reports whether
// that ends a failure.
func (b *backoff) alive(now int64) (reached bool) {
	b.row, b.absence = 0, absence{}
	if !b.failing {
		return false
	}
	b.failing = false
	b.trouble.reached = now
	return true
}

// failed says that a request found the target out of reach or not answering; it
// reports whether trouble begins with it.
func (b *backoff) failed(now int64, m miss) bool {
	b.row++
	if b.trouble.times > 0 {
		b.trouble.misses++
	}
	begins := b.row >= failuresToBackOff && b.trip(now)
	if m.reached && !b.failing {
		return begins
	}
	a := &b.absence
	if a.why = m.why; a.since == 0 {
		a.since = m.began
	}
	if now-a.since >= int64(awayAfter) {
		begins = b.trip(now) || begins
		a.away = true
	}
	return begins
}

// away reports whether the target is out of reach for so long that nothing is to
// wait for it. Nobody knows when nobody has probed it for as long.
func (b *backoff) away(now int64) bool {
	return b.absence.away && now-b.next < int64(awayAfter)
}

// trip holds the target to be failing; it reports whether trouble begins with that.
func (b *backoff) trip(now int64) bool {
	if b.failing {
		return false
	}
	b.failing = true
	if b.absence.since == 0 {
		b.absence.since = now
	}
	b.next = now + int64(probeFirst)
	b.delay = int64(2 * probeFirst)
	if b.trouble.times++; b.trouble.times > 1 {
		return false
	}
	b.trouble = trouble{times: 1, misses: b.row, began: now, reminded: now}
	return true
}

// review returns the trouble that there is to log now, and whether it is over;
// nil: there is none.
func (b *backoff) review(now int64) (_ *trouble, over bool) {
	tr := b.trouble
	switch {
	case tr.times == 0:
		return nil, false
	case !b.failing && now-tr.reached >= int64(steadyAfter):
		b.trouble = trouble{}
		return &tr, true
	case now-tr.reminded >= int64(remindEvery):
		b.trouble.reminded = now
		return &tr, false
	}
	return nil, false
}
