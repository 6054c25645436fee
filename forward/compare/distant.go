package compare

import (
	"math/bits"
	"time"

	"gor/forward/compare/diff"
)

// What a server keeps for a while, such as a figure that it reckons once a minute, is the
// same in all repeats that are close in time, and still not the target's fault where the two
// servers differ in it. So some answers of production are kept for longer, and compared
// with what it answers to the same request then. Where it has changed, repeats say nothing
// of how often two servers differ.

const (
	leastDistant  = mostApart // of two such answers
	mostDistant   = 5 * time.Minute
	markEvery     = time.Second // of a route
	enoughDistant = 50          // of a route
)

// later returns the request that x repeats after a while, or nil.
func (r *repeats) later(id uint64, x *Exchange) *earlier {
	e := r.distant.last[id]
	if e == nil {
		return nil
	}
	apart := time.Duration(x.Time - e.time).Abs()
	if apart < leastDistant {
		return nil
	}
	r.distant.remove(e)
	if apart > mostDistant || r.writes.since(x.User, e.turn, e.time) {
		return nil
	}
	return e
}

// mark keeps what production answered to x for one that repeats it after a while.
func (r *repeats) mark(id uint64, x *Exchange, then *diff.Answer) {
	if r.distant.last[id] == nil {
		r.distant.insert(&earlier{id: id, time: x.Time, turn: r.writes.turn, size: 200 + then.Size(), then: then.Clone()})
	}
}

// marks reports whether one more exchange of a route, of a time, is to be kept for that.
func (a *account) marks(at int64) bool {
	if a.distant >= enoughDistant || time.Duration(at-a.marked) < markEvery {
		return false
	}
	a.marked = at
	return true
}

// drift takes down where production answers a request in another way after a while.
func (a *account) drift(f *findings) {
	a.distant++
	for s := a.differing(f); s != 0; s &= s - 1 {
		a.places[bits.TrailingZeros64(uint64(s))].drifted++
	}
}

// drifts reports whether production's own answers change here within minutes, in too many of the
// cases to take what is constant for less for constant.
func (p *place) drifts(distant uint64) bool { return p.drifted*restless > distant }
