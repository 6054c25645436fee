package reassembly

import (
	"time"

	"gor/reassembly/http1"
)

// Guesses. Where the place of a request's beginning is not known, because the
// connection was joined in the middle or lost bytes, the first segment that
// begins with a request line is taken for one. It may be part of a body, so the
// request is held until what follows its end proves it: a request line, the end
// of the connection, or nothing for guessTimeout. A guess that fails is never
// handed on, and the search goes on.

// guessTimeout is for how long nothing may follow a guess until it is believed:
// a client that was inside of a body would have sent more of it, even again
// (RFC 6298: after 1, 3, 7 and 15 s).
const guessTimeout = 15 * time.Second

// hold keeps a whole guess until it is proven.
func (r *requests) hold(f *flow, m *message, raw []byte) {
	h := &f.c.http
	h.flags &^= fresh | upgraded | guessed
	if string(m.Method(raw)) == "CONNECT" { // a tunnel's bytes prove nothing
		r.stats.GuessesFailed++
		r.abandonGuess(f)
		return
	}
	st := f.needStream()
	if st.half.buf != nil { // it is raw, and goes over to the guess
		st.half.buf = nil
	} else if _, size := class(len(raw)); r.budget.has(size) {
		raw = append(r.budget.pool.get(len(raw)), raw...)
	} else {
		r.decide(f, m, Shed)
		return
	}
	st.half.guess = guess{msg: *m, raw: raw, last: f.now()}
	h.flags |= awaiting
	h.ack = f.ack
	f.a.streams.wait(st)
}

// prove hands on the guess that is held.
func (r *requests) prove(f *flow) {
	g := &f.stream().half.guess
	f.c.http.flags &^= awaiting | doubted
	if !g.msg.begun {
		r.count(f, &g.msg)
	}
	upgrade := g.msg.Upgrade
	g.msg.Upgrade = false // what follows has shown that it was none
	r.handOn(f, &g.msg, g.raw, g.last)
	g.msg.Upgrade = upgrade
	r.freeGuess(f)
}

// disprove drops the guess that is held, with what was read behind it.
func (r *requests) disprove(f *flow) {
	r.stats.GuessesFailed++
	f.c.http.flags &^= awaiting
	r.freeGuess(f)
	r.abandonGuess(f)
}

// abandonGuess goes on searching.
func (r *requests) abandonGuess(f *flow) {
	h := &f.c.http
	if st := f.stream(); st != nil {
		r.free(st)
	}
	h.phase = hunting
	if h.has(doubted) {
		h.phase = doubtful
	}
	h.flags &^= guessed | doubted | fresh | upgraded
}

// loseProof gives a guess that is held a fate: what would have proven it will
// not come.
func (r *requests) loseProof(f *flow, fate Fate) {
	if !f.c.http.has(awaiting) {
		return
	}
	f.c.http.flags &^= awaiting | doubted
	r.decide(f, &f.stream().half.guess.msg, fate)
	r.freeGuess(f)
}

// confirm believes the guess that is held unless something else follows it: the
// connection has ended there, or its beginning turned out to be where it was
// guessed. What was cut short in its first word may have been a request.
func (r *requests) confirm(f *flow) {
	switch rest := f.stream(); {
	case !f.c.http.has(awaiting):
	case f.c.http.phase == inside && !http1.StartsRequest(rest.half.buf) && !http1.IsToken(rest.half.buf):
		r.disprove(f)
	default:
		r.prove(f)
	}
}

// expire believes a guess which nothing has followed for long.
func (r *requests) expire(f *flow, st *stream) {
	if st.half.holds() && f.now()-st.half.guess.last >= int64(guessTimeout) && f.c.http.phase == between && !st.isWaiting() {
		r.prove(f)
		f.settle()
	}
}

func (r *requests) freeGuess(f *flow) {
	st := f.stream()
	r.budget.pool.put(st.half.guess.raw)
	st.half.guess = guess{}
}

// doubt is told that nobody can know where the message ends that is being read.
// What follows is counted and not believed.
func (r *requests) doubt(f *flow) {
	h := &f.c.http
	if st := f.stream(); st != nil {
		r.free(st)
	}
	h.phase, h.ack = doubtful, f.ack
	h.flags &^= fresh | upgraded | guessed
}

// isBackInStep counts bytes behind a message whose end nobody knows, and
// reports whether a request begins with them that is worth a guess: the server
// has responded since, and the client begins a segment with a request line. The
// guess is only proven by another request after another response.
func (r *requests) isBackInStep(f *flow, b []byte, starts bool) bool {
	h := &f.c.http
	if starts && http1.StartsRequest(b) {
		if f.ack.minus(h.ack) > 0 {
			h.phase = between
			h.flags |= guessed | doubted
			return true
		}
		r.stats.DoubtfulRequests++
	}
	r.stats.DoubtfulBytes += uint64(len(b))
	return false
}
