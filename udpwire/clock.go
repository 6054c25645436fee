package udpwire

import "time"

// A clock counts ns. It goes on evenly whatever is done to the machine's wall clock, which may be set back: a timer by
// that would not run out until the time that was set back has passed once more.
type clock struct{ start time.Time }

// newClock returns a clock that has run for some time: 0 is long ago.
func newClock() clock { return clock{time.Now().Add(-time.Hour)} }

// now is the time in ns, above 0.
func (c clock) now() int64 { return int64(time.Since(c.start)) }

// deadline is the moment at of this clock, as sockets want it. It keeps the reading of the machine's monotonic clock,
// by which they wait.
func (c clock) deadline(at int64) time.Time { return time.Now().Add(time.Duration(at - c.now())) }

// A runningTime counts the time in which this process ran. Who was stopped, or had no processor, has heard nothing in
// the meantime, and must not conclude from it that nobody spoke. The zero value has counted nothing.
type runningTime struct {
	total int64 // ns counted.
	at    int64 // When that was, by the clock; 0: never.
}

// tick counts the time since the last tick, but no more than most: who is later than that did not run.
func (r *runningTime) tick(now, most int64) {
	if r.at != 0 {
		r.total += min(max(now-r.at, 0), most)
	}
	r.at = now
}
