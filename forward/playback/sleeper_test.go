package playback

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A sleeper wakes at its time, whatever it waits by; it naps before that alone, since
// nothing ends a nap.
func TestSleeper(t *testing.T) {
	for _, d := range []time.Duration{-time.Second, 0, 1, coarse, maxNap, maxNap + 1, time.Second, time.Hour} {
		for _, kind := range []string{"timers", "naps", "naps that end early"} {
			synctest.Test(t, func(t *testing.T) {
				var napped time.Duration
				nap := func(d time.Duration) {
					if kind == "naps that end early" {
						d = (d + 1) / 2
					}
					napped += d
					time.Sleep(d)
				}
				if kind == "timers" {
					nap = nil
				}
				start := time.Now()
				err := newSleeper(nap).until(t.Context(), start, d)
				if woke := time.Since(start); err != nil || woke != max(d, 0) || napped > maxNap || nap != nil && napped < min(max(d, 0), coarse) {
					t.Errorf("%v, by %s: woke after %v, %v; napped %v", d, kind, woke, err, napped)
				}
			})
		}
	}
}

// What ends the run ends the waiting, within a nap.
func TestSleeperEnds(t *testing.T) {
	for _, nap := range []func(time.Duration){nil, time.Sleep} {
		for _, after := range []time.Duration{0, time.Second, time.Hour - time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				reason := errors.New("over")
				ctx, cancel := context.WithTimeoutCause(t.Context(), after, reason)
				defer cancel()
				s, start := newSleeper(nap), time.Now()
				err := s.until(ctx, start, time.Hour+maxNap)
				if err != reason || time.Since(start) > after+maxNap {
					t.Errorf("to end after %v: %v after %v", after, err, time.Since(start))
				}
				// What it waited by before says nothing about the next time.
				if err := s.until(t.Context(), start, 2*time.Hour); err != nil || time.Since(start) != 2*time.Hour {
					t.Errorf("the next time: %v after %v", err, time.Since(start))
				}
			})
		}
	}
}
