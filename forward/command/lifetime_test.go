package command

import (
	"context"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// The ends of a Lifetime, in virtual time. Signals come at the given times after
// the beginning; the command ends its run by itself at the time end, if that is
// not zero, and its context at the time cancelled.
func TestLifetime(t *testing.T) {
	const never = time.Hour
	for _, tt := range []struct {
		name             string
		duration         time.Duration
		end, cancelled   time.Duration
		signals          []time.Duration
		running, deliver time.Duration // when they ended
		interrupted      bool
	}{
		{name: "no end", running: never, deliver: never},
		{name: "a signal", signals: []time.Duration{10 * time.Second}, running: 10 * time.Second, deliver: 15 * time.Second, interrupted: true},
		{name: "signals that repeat", signals: []time.Duration{10 * time.Second, 10*time.Second + 1, 10500 * time.Millisecond},
			running: 10 * time.Second, deliver: 15 * time.Second, interrupted: true},
		{name: "another signal", signals: []time.Duration{10 * time.Second, 10100 * time.Millisecond, 12 * time.Second},
			running: 10 * time.Second, deliver: 12 * time.Second, interrupted: true},
		{name: "signals without end", signals: []time.Duration{10 * time.Second, 10600 * time.Millisecond, 11200 * time.Millisecond},
			running: 10 * time.Second, deliver: 11200 * time.Millisecond, interrupted: true},
		{name: "a duration", duration: time.Minute, running: time.Minute, deliver: 65 * time.Second},
		{name: "a signal before the duration", duration: time.Minute, signals: []time.Duration{time.Second},
			running: time.Second, deliver: 6 * time.Second, interrupted: true},
		{name: "a signal as the duration ends", duration: time.Minute, signals: []time.Duration{time.Minute + 1},
			running: time.Minute, deliver: 65 * time.Second},
		{name: "the command's own end", end: time.Second, running: time.Second, deliver: 6 * time.Second},
		{name: "and two signals", end: time.Second, signals: []time.Duration{2 * time.Second, 4 * time.Second},
			running: time.Second, deliver: 4 * time.Second},
		{name: "the context's end", cancelled: time.Second, running: time.Second, deliver: 6 * time.Second, interrupted: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				signals := make(chan os.Signal, 1)
				start := time.Now()
				l := begin(ctx, tt.duration, signals)
				at := func(when time.Duration, f func()) {
					if when > 0 {
						time.AfterFunc(when, f)
					}
				}
				at(tt.end, l.End)
				at(tt.cancelled, cancel)
				for _, when := range tt.signals {
					at(when, func() { signals <- syscall.SIGTERM })
				}
				ended := func(ctx context.Context) time.Duration {
					select {
					case <-ctx.Done():
					case <-time.After(never - time.Since(start)):
					}
					return time.Since(start)
				}
				if got := ended(l.Running()); got != tt.running {
					t.Errorf("the run ended after %v, want %v", got, tt.running)
				}
				if got := ended(l.Delivering()); got != tt.deliver {
					t.Errorf("the delivery ended after %v, want %v", got, tt.deliver)
				}
				if got := l.Interrupted(); got != tt.interrupted {
					t.Errorf("interrupted: %v", got)
				}
				l.Close()
				if got := l.Interrupted(); got != tt.interrupted {
					t.Errorf("interrupted, when it is closed: %v", got)
				}
				cancel()
			})
		})
	}
}

// TestSignals: each of the three ends a run of this process, and none ends the
// process.
func TestSignals(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			l := Begin(t.Context(), 0)
			defer l.Close()
			if err := self.Signal(s); err != nil {
				t.Skip(err) // there is no such signal on this system
			}
			select {
			case <-l.Running().Done():
			case <-time.After(time.Minute):
				t.Fatal("the run goes on")
			}
			if l.Delivering().Err() != nil {
				t.Error("the delivery has ended too")
			}
		})
	}
}
