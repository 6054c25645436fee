package referee

import (
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/compare/diff"
)

// An Original is production's answer to a request. It is lent.
type Original struct {
	Conn, Index uint64 // the request's
	Loop        int    // likewise
	Missing     bool   // it could not be had, and nothing else is known

	Head    []byte // status line and fields, as they were sent
	Body    []byte // the content, or its beginning; empty where only heads are captured
	BodyLen int64  // how long the content is; -1: not known
	Whole   bool   // Body is all of it
	Hash    uint64 // of all of it, where it is longer than Body; 0: not known

	At   int64         // when the head came, in nanoseconds since 1970
	Took time.Duration // since the whole request; 0: not known
}

// loopShift makes room in an index for the number of the loop: no connection has so
// many requests.
const loopShift = 48

// keyOf is what tells a request from all others of a run.
func keyOf(conn, index uint64, loop int) compare.Key {
	return compare.Key{Conn: conn, Index: index&(1<<loopShift-1) | uint64(loop)<<loopShift}
}

// Original takes production's answer, before or after the targets' responses.
func (r *Referee) Original(o *Original) {
	if !r.AsksProduction() || r.broken.Load() {
		return
	}
	defer r.guard()
	if !o.Missing || !r.patient { // a recording without answers is nothing to speak of
		r.came.Store(true)
	}
	key := keyOf(o.Conn, o.Index, o.Loop)
	if o.Missing {
		r.engine.Original(key, nil)
		return
	}
	a, err := diff.FromHead(o.Head)
	if err != nil { // no answer that anybody could read
		r.engine.Original(key, nil)
		return
	}
	r.learning.heard.Store(true)
	a.Body, a.Hash, a.At, a.Took = o.Body, o.Hash, o.At, o.Took
	if o.BodyLen >= 0 {
		a.BodyLen = o.BodyLen
	}
	switch {
	case o.Whole:
		a.State = diff.Whole
	case len(o.Body) > 0 || o.Hash != 0:
		a.State = diff.Cut
	}
	if r.sessions {
		r.given(&a)
	}
	r.engine.Original(key, &a)
}

// take takes what became of a request at a target.
func (r *Referee) take(o *forward.Outcome) {
	if r.broken.Load() {
		return
	}
	defer r.guard()
	if r.options.Baseline >= 0 {
		r.came.Store(true)
	}
	x := compare.Exchange{
		Key: keyOf(o.Conn, o.Index, o.Loop), Target: o.Target, User: o.User, Crowd: o.Crowd, Client: o.Client, Server: o.Server,
		Method: o.Method, Path: o.Path, Raw: o.Raw, Time: o.Time,
	}
	if o.Response != nil {
		a := r.answer(o)
		x.Answer = &a
	}
	if o.Echo {
		r.engine.Echo(&x)
	} else {
		r.engine.Response(&x)
	}
}

// wrote is told of each request that asks for a change, also where it is not compared.
func (r *Referee) wrote(user uint64, at int64) {
	if r.came.Load() {
		r.safely(func() { r.engine.Wrote(user, at) })
	}
}

// answer is a target's response as the Engine wants it.
func (r *Referee) answer(o *forward.Outcome) diff.Answer {
	p := o.Response
	a := diff.FromHeader(p.Status, p.Header)
	a.Body, a.Hash, a.State = p.Body, p.Hash, diff.Cut
	if p.Whole {
		a.State = diff.Whole
	}
	if p.BodyLen >= 0 {
		a.BodyLen = p.BodyLen
	}
	a.Took, a.At = p.Head-o.Started, r.fwd.Began().Add(p.Head).UnixNano()
	return a
}

// echo sends a request once more to the target that it was sent to.
func (r *Referee) echo(x *compare.Exchange) {
	again := request(x)
	again.Patient = r.patient
	r.fwd.Echo(x.Target, again)
}

// sent is the head of an exchange's request as its target got it.
func (r *Referee) sent(x *compare.Exchange) []byte { return r.fwd.Head(x.Target, request(x)) }

// request is an exchange's request as it was submitted.
func request(x *compare.Exchange) *forward.Request {
	return &forward.Request{
		Conn: x.Key.Conn, Index: x.Key.Index & (1<<loopShift - 1), Loop: int(x.Key.Index >> loopShift), User: x.User, Crowd: x.Crowd,
		Time: x.Time, Raw: x.Raw, Client: x.Client, Server: x.Server,
	}
}
