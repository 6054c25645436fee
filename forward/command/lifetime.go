package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
)

const (
	// deliveryTime is how long a command whose run has ended delivers what it
	// holds.
	deliveryTime = 5 * time.Second

	// sameSignal is how long further signals are taken for the one before:
	// timeout(1) signals its child and then its process group, and a terminal
	// may signal beside a supervisor.
	sameSignal = time.Second
)

// errOwnEnd is why a run has ended that was to end then: by --duration, or by the command
// itself.
var errOwnEnd = errors.New("the run has ended by itself")

// A Lifetime is the time of one run of a command. It has two ends: first nothing
// new is taken any more, then nothing is delivered any more. The accounts come
// after both and are bounded by neither.
//
//	Begin ......................... End, a signal, --duration
//	  |--------- Running ------------|
//	  |------------------- Delivering ------------------| 5 s later, or another signal
//
// SIGINT, SIGTERM and SIGHUP all mean the same. Where SIGHUP was ignored from the
// start, as under nohup(1), it stays so.
type Lifetime struct {
	running, delivering context.Context
	end                 context.CancelCauseFunc // of running
	giveUp              context.CancelFunc      // ends delivering

	watching sync.WaitGroup     // the goroutine that waits for signals and time
	closed   context.Context    // ends that goroutine
	close    context.CancelFunc // ends closed
}

// LifetimeFlags returns the flags of a command that has a Lifetime.
func LifetimeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "duration", Category: "The run", Usage: "end by itself after this `TIME`, such as 60s", DefaultText: "until a signal"},
	}
}

// LifetimeFromFlags reads what LifetimeFlags declares; 0: the run has no end of
// its own.
func LifetimeFromFlags(c *cli.Context) (time.Duration, error) {
	d := c.Duration("duration")
	if c.IsSet("duration") && d <= 0 {
		return 0, UsageError("--duration %v: give a duration above zero, such as 60s", d)
	}
	return d, nil
}

// Begin starts a Lifetime, to be closed. The run ends with ctx or after d; 0: not
// by itself. From here on to the end of the process the signals no longer kill
// it: one that is repeated when the accounts are out must not turn a good exit
// status into that of a killed process.
func Begin(ctx context.Context, d time.Duration) *Lifetime {
	signals := make(chan os.Signal, 1) // one that finds another waiting means the same
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if s != syscall.SIGHUP || !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	return begin(ctx, d, signals)
}

// begin starts a Lifetime with signals from anywhere.
func begin(ctx context.Context, d time.Duration, signals <-chan os.Signal) *Lifetime {
	l := &Lifetime{}
	l.running, l.end = context.WithCancelCause(ctx)
	l.delivering, l.giveUp = context.WithCancel(context.WithoutCancel(ctx))
	l.closed, l.close = context.WithCancel(context.WithoutCancel(ctx))
	l.watching.Go(func() { l.watch(d, signals) })
	return l
}

// watch ends the run and the delivery when their time has come: it is the
// Lifetime's goroutine.
func (l *Lifetime) watch(d time.Duration, signals <-chan os.Signal) {
	var enough, late <-chan time.Time
	if d > 0 {
		enough = time.After(d)
	}
	var counted time.Time // when the last signal came that was none repeated
	running := l.running.Done()
	for {
		select {
		case <-signals:
			switch now := time.Now(); {
			case counted.IsZero():
				counted = now
				l.end(nil)
			case now.Sub(counted) >= sameSignal:
				l.giveUp()
			}
		case <-enough:
			l.end(errOwnEnd)
		case <-running:
			running, late = nil, time.After(deliveryTime)
		case <-late:
			l.giveUp()
		case <-l.closed.Done():
			return
		}
	}
}

// Running ends when the command is to take nothing new any more.
func (l *Lifetime) Running() context.Context { return l.running }

// Delivering ends when the command is to deliver nothing any more of what it
// still holds.
func (l *Lifetime) Delivering() context.Context { return l.delivering }

// End ends the run, as a signal does. Any goroutine may call it, and more than once.
func (l *Lifetime) End() { l.end(errOwnEnd) }

// Drain ends the run from outside, as a signal does. Any goroutine may call it, and more
// than once.
func (l *Lifetime) Drain() { l.end(nil) }

// Interrupted reports whether the run was ended from outside, by a signal or Drain: not by
// --duration, nor by End.
func (l *Lifetime) Interrupted() bool {
	return l.running.Err() != nil && !errors.Is(context.Cause(l.running), errOwnEnd)
}

// Close ends all that the Lifetime began, when the accounts are out.
func (l *Lifetime) Close() {
	l.close()
	l.watching.Wait()
	l.End()
	l.giveUp()
}
