package forward

import (
	"time"

	"gor/reassembly/http1"
)

// An Outcome is what became of one request at one target that it was started for: it
// has a response or a failure. Times are since the Forwarder was made (Began).
type Outcome struct {
	Target      int    // index in Config.Targets
	Conn, Index uint64 // as submitted
	Time        int64  // as submitted
	Method      []byte // of the request as it was captured, lent for the call
	Path        []byte // its target, query and all, likewise

	Status  int     // of the response; 0: there is none
	Failure Failure // why there is none

	Due     time.Duration // when it was to start; where it had no such time, when it started
	Started time.Duration // when it was sent; where it never was, since its target was out of reach, Ended
	Ended   time.Duration // when it had its response, or failed
	Late    Late
}

// Late is by how much a request started after it was due, and what it waited for
// then: the sum is Started - Due.
type Late struct {
	Target time.Duration // the target: the request before on its connection, a free place in flight, a target out of reach, room for more
	Limit  time.Duration // the target's limit of requests per second
	Own    time.Duration // this program
}

// Latency is how long the response took since the request was due: what a user would
// have waited, also while the target let nothing new start.
func (o *Outcome) Latency() time.Duration { return o.Ended - o.Due }

// Service is how long the response took since the request was sent.
func (o *Outcome) Service() time.Duration { return o.Ended - o.Started }

// tell says what became of a request that was started at began.
func (w *worker) tell(it *item, res *result, began int64, method, path []byte) {
	w.outcome = Outcome{
		Target: w.t.index, Conn: it.conn, Index: it.index, Time: it.time, Method: method, Path: path,
		Status: res.status, Failure: res.kind, Started: time.Duration(began), Ended: time.Duration(res.ended),
	}
	if res.err != nil {
		w.outcome.Status = 0
	}
	w.outcome.schedule(&it.delay)
	w.t.cfg.Outcome(&w.outcome)
}

// schedule takes over when a request was due, and what it waited for since.
func (o *Outcome) schedule(d *delay) {
	if o.Due = o.Started; d.due != noDue {
		o.Due, o.Late = time.Duration(d.due), d.late
	}
}

// tellForsaken says that a request failed which was never sent; with the lock.
func tellForsaken(t *target, it *item, why Failure, now int64) {
	if t.cfg.Outcome == nil {
		return
	}
	o := Outcome{
		Target: t.index, Conn: it.conn, Index: it.index, Time: it.time, Failure: why,
		Started: time.Duration(now), Ended: time.Duration(now),
	}
	l := t.held.late(it, now, t.gate.bucket != nil)
	it.delay.late = Late{Target: l.Target + l.Own, Limit: l.Limit} // nobody asked for it to start
	o.schedule(&it.delay)
	var m http1.Message
	raw := it.raw[http1.EmptyLines(it.raw):]
	if m.Head(raw, "") == http1.Whole {
		o.Method, o.Path = m.Method(raw), m.Target(raw)
	}
	t.cfg.Outcome(&o)
}
