package playback

import (
	"context"
	"time"
)

const (
	// coarse is how much too late a timer may wake a goroutine, and a little more: on
	// Linux the runtime waits in epoll_wait(2), which counts in milliseconds and rounds up.
	coarse = 1500 * time.Microsecond

	// maxNap is the longest time for which nothing can end the waiting.
	maxNap = 2 * coarse
)

// A sleeper waits for points in time. It belongs to one goroutine.
type sleeper struct {
	timer *time.Timer
	nap   func(time.Duration) // waits more exactly than timer, and cannot be broken off; nil: timer is as exact
}

func newSleeper(nap func(time.Duration)) *sleeper {
	s := &sleeper{timer: time.NewTimer(time.Hour), nap: nap}
	s.timer.Stop()
	return s
}

// until waits until d after start, or until ctx ends, whose cause it returns.
func (s *sleeper) until(ctx context.Context, start time.Time, d time.Duration) error {
	for {
		wait := d - time.Since(start)
		switch {
		case wait <= 0:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case s.nap != nil && wait <= maxNap:
			s.nap(wait)
			continue
		case s.nap != nil:
			wait -= coarse
		}
		s.timer.Reset(wait)
		select {
		case <-s.timer.C:
		case <-ctx.Done():
			s.timer.Stop()
			return context.Cause(ctx)
		}
	}
}
