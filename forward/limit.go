package forward

import (
	"fmt"
	"strconv"
	"strings"
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

// SetLimit gives a target, by its name in the accounts, another limit from now on, and
// returns the one that it had. No request is lost to that, nor comes out of its order.
// In any second from now on no more requests start than the new limit allows, unless
// more had their turn already.
func (f *Forwarder) SetLimit(name string, l Limit) (before Limit, err error) {
	t, err := f.named(name)
	if err != nil {
		return Limit{}, err
	}
	return t.gate.setLimit(t, l), nil
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
	return t.gate.setPaused(t, paused), nil
}

// DenyPath takes requests out from now on whose target matches a regular expression, as
// Filter.DenyPath does: they are counted as filtered. Those that wait already go out.
func (f *Forwarder) DenyPath(expr string) error { return f.denied.DenyPath(expr) }

// Denied are the expressions that DenyPath was given.
func (f *Forwarder) Denied() []string { return f.denied.Denied() }

// named is the target of a name, which may lack its scheme as in the flags.
func (f *Forwarder) named(name string) (*target, error) {
	var known []string
	for _, t := range f.targets {
		if t.name == name || t.name == "http://"+name {
			return t, nil
		}
		known = append(known, t.name)
	}
	return nil, fmt.Errorf("there is no target %q: use %s", name, strings.Join(known, " or "))
}

// A gate says how much of what waits may start. The target's lock guards it.
type gate struct {
	limit  Limit
	bucket *bucket // of limit; nil: there is none of a number
	paused bool    // nothing starts
}

// setLimit exchanges the limit. Whoever waits for a turn under the old one looks again.
func (g *gate) setLimit(t *target, l Limit) (before Limit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before, g.limit = g.limit, l
	quota := newQuota(l)
	t.quota.Store(&quota)
	switch now := t.now(); {
	case l.Rate == 0:
		g.bucket = nil // those who have a token of it bring that back to it, and nobody minds
	case g.bucket == nil:
		g.bucket = newBucket(l.Rate)
	default:
		g.bucket.setRate(l.Rate, now)
	}
	t.crew.waiter = nil
	t.crew.callAll(t)
	return before
}

// setPaused pauses the target or ends that.
func (g *gate) setPaused(t *target, paused bool) (before bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if before = g.paused; before == paused {
		return before
	}
	g.paused = paused
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

// rests reports whether there is something to send that nothing in flight holds up: the
// target is paused, or it waits for a session.
func (g *gate) rests(q *queues) bool { return g.paused && q.waiting() > 0 || q.parks() }

// maxNap is how long a worker sleeps at most before it looks again whether the limit,
// or what it waits for otherwise, has changed.
const maxNap = 250 * time.Millisecond
