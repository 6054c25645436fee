package forward

import (
	"math"
	"time"
)

// A holdUp is why nothing may start at a target.
type holdUp uint8

const (
	heldByTarget holdUp = iota // all that may be in flight is, or the target is out of reach
	heldByLimit                // the limit's next turn has not come
	holdUps
)

// A heldClock counts for how long nothing could start at a target, by the cause. Two
// readings of it say what a request waited for between them, and what is left of that
// time is this program's own. The target's lock guards it.
type heldClock struct {
	total [holdUps]int64 // of the hold-ups that have ended
	held  bool
	by    holdUp
	from  int64 // of the one that there is
}

// hold says that nothing may start from now on, until something does: that a timer wakes
// a sleeper late is the price of a limit, which has a margin for it.
func (c *heldClock) hold(by holdUp, now int64) {
	c.release(now)
	c.held, c.by, c.from = true, by, now
}

// release says that something starts.
func (c *heldClock) release(now int64) {
	c.total = c.read(now)
	c.held = false
}

// read is how long the hold-ups were, by cause, up to now.
func (c *heldClock) read(now int64) [holdUps]int64 {
	total := c.total
	if c.held {
		total[c.by] += now - c.from
	}
	return total
}

// A delay is what an item has gone through on its way to its start, on the target's
// clock.
type delay struct {
	due    int64          // when it was to start; noDue: whenever it can
	before int64          // since then: how long its source waited for room at a target
	came   [holdUps]int64 // the heldClock when it was submitted
	ready  int64          // when nothing of its user held it up any more; 0: something does
	turn   [holdUps]int64 // the heldClock then
	late   Late           // what all that came to, once it has started
}

const noDue = math.MinInt64

// setOut begins the delay of an item that is submitted now; start is when the target's
// clock began.
func (c *heldClock) setOut(it *item, r *Request, start time.Time) {
	it.delay = delay{due: noDue, before: int64(r.Held), came: c.read(it.at)}
	if !r.Due.IsZero() {
		it.delay.due = int64(r.Due.Sub(start))
	}
}

// beReady says that its user has nothing before it that holds it up.
func (c *heldClock) beReady(it *item, now int64) { it.delay.ready, it.delay.turn = now, c.read(now) }

// late says what a request waited for that starts now. While one of the same user
// held it up, it waited for the target, but for the time in which the limit let
// nobody start. limited: the target has one.
func (c *heldClock) late(it *item, now int64, limited bool) Late {
	d, held := &it.delay, c.read(now)
	ready, turn := d.ready, d.turn
	if ready == 0 {
		ready, turn = now, held
	}
	limit := held[heldByLimit] - d.came[heldByLimit]
	behind := ready - it.at - (turn[heldByLimit] - d.came[heldByLimit])
	l := Late{Limit: clockTime(limit), Target: clockTime(behind + held[heldByTarget] - turn[heldByTarget])}
	l.Own = clockTime(now-it.at) - l.Limit - l.Target
	if d.due != noDue && it.at > d.due {
		room := min(d.before, it.at-d.due)
		if limited {
			l.Limit += clockTime(room)
		} else {
			l.Target += clockTime(room)
		}
		l.Own += clockTime(it.at - d.due - room)
	}
	l.Own = max(l.Own, 0)
	return l
}

func clockTime(d int64) time.Duration { return time.Duration(max(d, 0)) }
