package forward

import (
	"net/netip"
	"time"

	"gor/reassembly/http1"
)

// An Outcome is what became of one request at one target that it was started for: it
// has a response or a failure. Times are since the Forwarder was made (Began).
type Outcome struct {
	// ---- the request

	Target      int    // index in Config.Targets
	User        uint64 // as submitted, or the connection
	Crowd       bool   // as submitted, as the following
	Conn, Index uint64
	Loop        int
	Time        int64
	Client      netip.AddrPort
	Server      netip.AddrPort
	Method      []byte // of the request as it was captured, lent for the call
	Path        []byte // its target, query and all, likewise
	Raw         []byte // all of it, likewise
	Echo        bool   // it was sent by Forwarder.Echo

	// ---- what became of it

	Status  int     // of the response; 0: there is none
	Failure Failure // why there is none

	Response *Response // where the request is compared, lent for the call; nil: there is none, or it is not

	// ---- when

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
	o := &w.outcome
	o.of(w.t, it)
	o.Method, o.Path = method, path
	o.Started, o.Ended = time.Duration(began), time.Duration(res.ended)
	if o.Failure = res.kind; res.err == nil {
		o.Status, o.Response = res.status, w.keeper.kept()
	}
	o.schedule(&it.delay)
	w.t.cfg.tell(o, it)
	*o = Outcome{} // while it is idle it keeps no request alive
	w.keeper.forget()
}

// of makes an Outcome of what was submitted.
func (o *Outcome) of(t *target, it *item) {
	*o = Outcome{
		Target: t.index, User: it.peers.user, Crowd: it.user == nil, Conn: it.conn, Index: it.index, Loop: it.loop, Time: it.time,
		Client: it.peers.client, Server: it.peers.server, Raw: it.raw, Echo: it.echo,
	}
}

// tell tells those who are to know.
func (c *Config) tell(o *Outcome, it *item) {
	if c.Outcome != nil && !it.echo {
		c.Outcome(o)
	}
	if it.compare {
		c.Compare.Take(o)
	}
}

// schedule takes over when a request was due, and what it waited for since.
func (o *Outcome) schedule(d *delay) {
	if o.Due = o.Started; d.due != noDue {
		o.Due, o.Late = time.Duration(d.due), d.late
	}
}

// tellForsaken says that a request failed which was never sent; with the lock.
func tellForsaken(t *target, it *item, why Failure, now int64) {
	if t.cfg.Outcome == nil && !it.compare {
		return
	}
	var o Outcome
	o.of(t, it)
	o.Failure, o.Started, o.Ended = why, time.Duration(now), time.Duration(now)
	l := t.held.late(it, now, t.gate.bucket != nil)
	it.delay.late = Late{Target: l.Target + l.Own, Limit: l.Limit} // nobody asked for it to start
	o.schedule(&it.delay)
	var m http1.Message
	raw := it.raw[http1.EmptyLines(it.raw):]
	if m.Head(raw, "") == http1.Whole {
		o.Method, o.Path = m.Method(raw), m.Target(raw)
	}
	t.cfg.tell(&o, it)
}
