package pace

import (
	"errors"
	"math"
	"time"
)

const (
	// maxBack is how far a recorded time may go back before it is a clock's that was
	// set. Requests are ordered by their last packet, and a file's packets may be a
	// little out of order.
	maxBack = 10 * time.Second

	// farthest bounds what is due when, so that sums do not overflow: 146 years.
	farthest = time.Duration(math.MaxInt64 / 2)
)

// A Pace is what was asked for. The zero value is the recording's own pace.
type Pace struct {
	// Speed is how many times as fast as it was recorded; 0: once. It has no meaning
	// where Max or To is set.
	Speed float64

	// Max is for no pace at all: everything is due at once.
	Max bool

	// From and To are requests per second at the start and after Ramp; with equal
	// values, or without a Ramp, the rate is To throughout. To 0: the times are the
	// recording's.
	From, To float64
	Ramp     time.Duration
}

func (p *Pace) check() error {
	switch {
	case math.IsNaN(p.Speed) || p.Speed < 0 || p.Speed > maxNumber:
		return errors.New("a speed is a number above zero")
	case !(p.From >= 0) || p.From > maxNumber || !(p.To >= 0) || p.To > maxNumber || p.To == 0 && p.From > 0:
		return errors.New("a rate is a number of requests per second above zero")
	case p.Ramp < 0:
		return errors.New("a ramp takes a time above zero")
	}
	return nil
}

// HasTimes reports whether requests are due at times of their own; if not, they are
// due as soon as the targets take them.
func (p *Pace) HasTimes() bool { return !p.Max }

// A Schedule says when the requests of one run are due. Its zero value is no
// schedule: make one with New.
type Schedule struct {
	pace Pace

	n    uint64        // requests so far, in all loops
	due  time.Duration // of the last of them
	base time.Duration // when the recording, or its part since a clock was set, begins

	// Of the recording in this loop.

	count  uint64 // requests
	origin int64  // the recorded time that base belongs to
	last   int64  // the latest recorded time
}

// New makes the schedule of a run.
func New(p Pace) (*Schedule, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if p.Speed == 0 {
		p.Speed = 1
	}
	return &Schedule{pace: p}, nil
}

// Next returns when the next request is due, after the start of the run. recorded is
// when it was recorded, in nanoseconds since any moment that is the same for all; 0:
// nobody knows. Such a request, and all where there is no pace, is timed neither to be
// early nor late: it follows the one before.
func (s *Schedule) Next(recorded int64) (due time.Duration, timed bool) {
	n := s.n
	s.n++
	switch {
	case s.pace.Max:
		return 0, false
	case s.pace.To > 0:
		return s.pace.at(n), true
	case recorded == 0:
		return s.due, false
	}
	if s.count == 0 {
		s.origin, s.last = recorded, recorded
	}
	if back := sub(s.last, recorded); back > int64(maxBack) {
		s.base, s.origin, s.last = s.due, recorded, recorded
	}
	s.count++
	s.last = max(s.last, recorded)
	s.due = max(s.due, s.base+stretch(sub(recorded, s.origin), s.pace.Speed))
	s.due = min(s.due, farthest)
	return s.due, true
}

// NextLoop begins the recording anew: the next request is its first one.
func (s *Schedule) NextLoop() {
	if s.count > 1 {
		s.due = min(s.due+(s.due-s.base)/time.Duration(min(s.count-1, math.MaxInt64)), farthest)
	}
	s.base, s.count = s.due, 0
}

// sub is a-b, and the largest or smallest number where that is none.
func sub(a, b int64) int64 {
	d := a - b
	if (a < b) != (d < 0) {
		if a < b {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return d
}

// stretch is d at a speed, at most farthest.
func stretch(d int64, speed float64) time.Duration {
	if speed == 1 {
		return min(time.Duration(d), farthest)
	}
	return duration(float64(d) / speed)
}

// duration is ns nanoseconds, at most farthest.
func duration(ns float64) time.Duration {
	if ns >= float64(farthest) {
		return farthest
	}
	return time.Duration(ns)
}

// at is when request n, counted from 0, is due at a rate. In a ramp from A to B in D
// seconds A*t + (B-A)/(2D)*t*t requests are due after t seconds; this is the t at
// which that is n, in the form that divides by no difference.
func (p *Pace) at(n uint64) time.Duration {
	count, ramp := float64(n), p.Ramp.Seconds()
	if p.From == p.To || ramp == 0 {
		return duration(count / p.To * 1e9)
	}
	inRamp := (p.From + p.To) / 2 * ramp
	if count >= inRamp {
		return duration((ramp + (count-inRamp)/p.To) * 1e9)
	}
	if count == 0 {
		return 0
	}
	steep := (p.To - p.From) / ramp
	return duration(2 * count / (p.From + math.Sqrt(p.From*p.From+2*steep*count)) * 1e9)
}
