package forward

import (
	"fmt"
	"strconv"
	"time"
)

// A Limit is how much of what it is offered a target gets. The zero value is no limit.
type Limit struct {
	// Rate is the most requests that may start in any one second, up to MaxRate; 0: any
	// number.
	Rate int
	// Percent is the share that is replayed, above 0 and up to 100; 0 means 100.
	Percent float64
	// Share is what it is a share of.
	Share Share
}

// noLimit is how a Limit that is none is written.
const noLimit = "off"

// ParseLimit reads what stands behind a target's bar, "N", "N%", "N%conn" or "N%req", or
// "off" for no limit.
func ParseLimit(s string) (Limit, error) {
	if s == noLimit {
		return Limit{}, nil
	}
	var spec TargetSpec
	if err := spec.parseLimit(s); err != nil {
		return Limit{}, err
	}
	return spec.limit(), nil
}

// limit is what s says of how much its target gets.
func (s *TargetSpec) limit() Limit { return Limit{s.Rate, s.Percent, s.Share} }

// String is the limit as ParseLimit reads it.
func (l Limit) String() string {
	switch {
	case l.Rate > 0:
		return strconv.Itoa(l.Rate)
	case l.Percent > 0:
		return strconv.FormatFloat(l.Percent, 'g', -1, 64) + "%" + shareTable[l.Share].suffix
	}
	return noLimit
}

// Describe says for people how much that is.
func (l Limit) Describe() string {
	switch {
	case l.Rate > 0:
		return fmt.Sprintf("%d per second", l.Rate)
	case l.Percent > 0:
		return fmt.Sprintf("%g%% of the %s", l.Percent, shareTable[l.Share].text)
	}
	return "no limit"
}

// ppm is the share in millionths.
func (l Limit) ppm() int {
	if l.Percent == 0 {
		return 1_000_000
	}
	return int(l.Percent * 10_000)
}

// An UnknownTargetError says that there is no target of a name.
type UnknownTargetError struct {
	Name  string
	Known []string // the names that there are
}

func (e *UnknownTargetError) Error() string { return fmt.Sprintf("there is no target %q", e.Name) }

// SetLimit gives a target, by its name in the accounts, another limit from now on, and
// returns the one that it had. No request is lost to that, nor comes out of its order.
// In any second from now on no more requests start than the new limit allows, unless
// more had their turn already.
func (f *Forwarder) SetLimit(name string, l Limit) (before Limit, err error) {
	t, err := f.named(name)
	if err != nil {
		return Limit{}, err
	}
	return t.setLimit(l), nil
}

// Pause lets no request start at a target, by its name in the accounts, until Resume.
// What comes meanwhile waits within the bounds that there are always, and counts as
// limited beyond them; sources that can wait do. It reports whether the target was
// paused before.
func (f *Forwarder) Pause(name string) (before bool, err error) { return f.setPaused(name, true) }

// Resume ends a pause; it reports whether there was one.
func (f *Forwarder) Resume(name string) (before bool, err error) { return f.setPaused(name, false) }

func (f *Forwarder) setPaused(name string, paused bool) (before bool, err error) {
	t, err := f.named(name)
	if err != nil {
		return false, err
	}
	return t.setPaused(paused), nil
}

// DenyPath takes requests out from now on whose target matches a regular expression, as
// Filter.DenyPath does: they are counted as filtered. Those that wait already go out.
func (f *Forwarder) DenyPath(expr string) error { return f.denied.DenyPath(expr) }

// Denied are the expressions that DenyPath was given.
func (f *Forwarder) Denied() []string { return f.denied.Denied() }

// named is the target of a name.
func (f *Forwarder) named(name string) (*target, error) {
	unknown := &UnknownTargetError{Name: name}
	for _, t := range f.targets {
		if t.name == name {
			return t, nil
		}
		unknown.Known = append(unknown.Known, t.name)
	}
	return nil, unknown
}

// setLimit exchanges the limit. Whoever waits for a turn under the old one looks again.
func (t *target) setLimit(l Limit) (before Limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, t.limit = t.limit, l
	quota := newQuota(l)
	t.quota.Store(&quota)
	switch now := t.now(); {
	case l.Rate == 0:
		t.bucket = nil // those who have a token of it bring that back to it, and nobody minds
	case t.bucket == nil:
		t.bucket = newBucket(l.Rate)
	default:
		t.bucket.setRate(l.Rate, now)
	}
	t.crew.waiter = nil
	t.crew.callAll(t)
	return before
}

// setPaused pauses the target or ends that.
func (t *target) setPaused(paused bool) (before bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before = t.paused; before == paused {
		return before
	}
	t.paused = paused
	now := t.now()
	if paused {
		t.held.hold(heldByLimit, now)
		return before
	}
	t.held.release(now)
	t.crew.waiter = nil
	t.crew.dismiss() // those who wait with nothing left to do
	t.crew.callAll(t)
	return before
}

// rests reports whether the target is paused with something to send.
func (t *target) rests() bool { return t.paused && t.queues.waiting() > 0 }

// maxNap is how long a worker sleeps at most before it looks again whether the limit,
// or what it waits for otherwise, has changed.
const maxNap = 250 * time.Millisecond
