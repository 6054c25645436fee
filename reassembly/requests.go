package reassembly

import (
	"gor/reassembly/http1"

	"gor/reassembly/memory"
)

// requests is the reader of clients' bytes: it finds where each request begins
// and ends, and gives each one its fate. It is told of bytes in order, of bytes
// that will not come, and of the end, by the flow of a connection; what it
// remembers of a connection is in its reading, and in its stream's half while a
// request is half read.
type requests struct {
	ledger
	guesses guesses
	cfg     *Config
	budget  *budget
	direct  message // the one that is read where it lies
}

// maxHeadBytes bounds a request's head. Servers refuse far smaller ones (nginx
// 32 KiB, Go 1 MiB).
const maxHeadBytes = 1 << 20

// joins reports whether reading begins with b, the first bytes of a segment of a
// connection whose beginning was not seen. Only the first segment may name
// another protocol, and only by what bodies do not begin with: a wrong name would
// cost every request that follows.
func (r *requests) joins(f *flow, b []byte) bool {
	h := &f.c.http
	if h.has(fresh) {
		if p, ok := classifyJoined(b); ok {
			r.other(f, p)
			return false
		}
		h.flags &^= fresh
	}
	return http1.StartsRequest(b)
}

// read takes the next bytes of a connection; starts says that they begin a
// segment. b is lent for the call.
func (r *requests) read(f *flow, b []byte, starts bool) {
	for len(b) > 0 && f.c.state == open {
		b = r.step(f, b, starts)
		starts = false
	}
	r.budget.pool.Put(r.guesses.again)
	r.guesses.again = nil
}

// step reads in b as far as one thing goes, and returns what follows it.
func (r *requests) step(f *flow, b []byte, starts bool) []byte {
	h := &f.c.http
	if h.phase >= inside {
		f.rest = 0 // what begins behind these bytes comes with them
	}
	switch h.phase {
	case hunting:
		if !starts || !http1.StartsRequest(b) {
			return nil
		}
		b = b[http1.EmptyLines(b):]
		h.phase, h.ack = between, f.ack
		h.flags |= guessed
		return b
	case between:
		return r.begin(f, b)
	case inside:
		if starts && h.isGuess() && r.guesses.contradicts(f, b) {
			if r.searchHalf(f); h.phase == inside && h.has(guessed) {
				r.fail(f, nil)
			}
			return r.step(f, b, true)
		}
		return r.proceed(f, f.stream(), b)
	case skipping:
		n := min(*r.budget.skip(f), int64(len(b)))
		f.c.http.skipped(r.budget.skip(f), n)
		return b[n:]
	}
	if r.guesses.isBackInStep(f, b, starts) {
		return b
	}
	return nil
}

// begin reads a request from its first byte on and returns what follows it.
// One that ends in b, as most do, is handed on where it lies, and nothing is
// kept of it.
func (r *requests) begin(f *flow, b []byte) []byte {
	h := &f.c.http
	m := &r.direct
	*m = message{
		first: f.now(), at: f.c.next.plus(-len(b)), ack: f.ack, rest: f.rest,
		opens: h.has(fresh) && !f.c.has(joined),
	}
	f.rest = 0
	if h.flags&(fresh|upgraded) != 0 {
		switch out, n := r.classify(f, b); out {
		case undecided:
			m.opening = true
			return r.suspend(f, m, b)
		case isProxy:
			relay(f, b)
			return r.jump(f, b, n)
		case isOther:
			return nil
		}
	}
	all := b
	b = b[http1.EmptyLines(b):]
	m.at = m.at.plus(len(all) - len(b))
	if len(b) == 0 {
		r.guesses.passOver(f, len(all))
		return nil
	}
	if r.explain.on {
		r.explain.direct = b
	}
	n := 0
	v := m.Head(b, r.cfg.LoopHeader)
	if v <= http1.Whole && !r.recognise(f, m, b) {
		return r.fail(f, all)
	}
	if v == http1.Whole {
		n, v = m.Body(b[m.HeadLen:])
		n += m.HeadLen
		v = r.limit(f, m, n, v)
	}
	switch v {
	case http1.Whole:
		r.complete(f, m, b[:n])
		return b[n:]
	case http1.More:
		r.guesses.passOver(f, len(all)-len(b))
		return r.suspend(f, m, b)
	}
	return r.refuse(f, m, v, all)
}

// classify looks at the first bytes of a connection, or behind an upgrade, for
// other protocols.
func (r *requests) classify(f *flow, b []byte) (verdict, int) {
	v, p, n := classify(b)
	if v == isOther {
		if p == Unknown && f.c.http.has(upgraded) {
			p = Upgraded
		}
		r.other(f, p)
	}
	return v, n
}

// jump skips n bytes, of which b is what there is yet, to a request.
func (r *requests) jump(f *flow, b []byte, n int) []byte {
	if n <= len(b) {
		f.c.http.phase = between
		return b[n:]
	}
	f.c.http.skipNext(r.budget.skip(f), int64(n-len(b)))
	return nil
}

// suspend keeps an unfinished request until more of it comes.
func (r *requests) suspend(f *flow, m *message, b []byte) []byte {
	if left, known := m.Left(); m.discard && known {
		f.c.http.skipNext(r.budget.skip(f), left)
		return nil
	}
	st := f.needStream()
	st.half.msg = *m
	f.c.http.phase = inside
	if !m.discard {
		r.keep(f, st, b)
	}
	return nil
}

// proceed reads on in the request that the connection is inside of, and returns
// what follows it.
func (r *requests) proceed(f *flow, st *stream, b []byte) []byte {
	m, buf := &st.half.msg, &st.half.buf
	if m.opening || m.InHead() {
		before := len(*buf)
		if !r.keep(f, st, b) {
			return nil
		}
		if m.opening {
			return r.open(f, st, b)
		}
		v := m.Head(*buf, r.cfg.LoopHeader)
		if v > http1.Whole {
			return r.refuse(f, m, v, nil)
		}
		if !r.recognise(f, m, *buf) {
			return r.fail(f, nil)
		}
		if v == http1.More {
			if len(*buf) <= maxHeadBytes {
				return nil
			}
			if f.c.http.isGuess() {
				return r.fail(f, nil)
			}
			r.decide(f, m, TooLarge) // servers respond with 431 and close
			r.guesses.doubt(f, nil)
			return nil
		}
		b = b[m.HeadLen-before:]
		*buf = (*buf)[:m.HeadLen]
	}
	return r.body(f, st, b)
}

// body reads on in the body of a request, and returns what follows it.
func (r *requests) body(f *flow, st *stream, b []byte) []byte {
	m := &st.half.msg
	n, v := m.Body(b)
	v = r.limit(f, m, len(st.half.buf)+n, v)
	if !m.discard && v <= http1.Whole && !r.keep(f, st, b[:n]) && f.c.http.isLost() {
		return nil
	}
	switch v {
	case http1.Whole:
		f.c.http.phase = between
		if !m.discard {
			r.complete(f, m, st.half.buf)
		}
		st.half.free(&r.budget.pool)
	case http1.More:
		if m.discard {
			st.half.free(&r.budget.pool)
			if left, known := m.Left(); known {
				f.c.http.skipNext(r.budget.skip(f), left)
			}
		}
	default:
		return r.refuse(f, m, v, b)
	}
	return b[n:]
}

// open classifies a connection's first bytes once more of them have come; b is
// the end of what is kept.
func (r *requests) open(f *flow, st *stream, b []byte) []byte {
	before := len(st.half.buf) - len(b)
	switch out, n := r.classify(f, st.half.buf); out {
	case undecided:
		return nil
	case isOther:
		st.half.free(&r.budget.pool)
		return nil
	case isProxy:
		relay(f, st.half.buf)
		st.half.free(&r.budget.pool)
		return r.jump(f, b, n-before)
	}
	if n := http1.EmptyLines(st.half.buf); n > 0 {
		st.half.free(&r.budget.pool)
		f.c.http.flags &^= fresh | upgraded
		if n < before { // the beginning of a PROXY header that turned out to be none
			r.other(f, Unknown)
			return nil
		}
		return r.jump(f, b, n-before)
	}
	st.half.msg.opening = false
	buf := st.half.buf
	st.half.buf = buf[:before]
	return r.proceed(f, st, b)
}

// keep adds bytes to the request. Where it is known how many will come, and a
// sixteenth of them is there, room is made for all: the length that a client
// announces costs nothing until it sends. Where the budget has no room, the
// request is given up, and keep reports false.
func (r *requests) keep(f *flow, st *stream, b []byte) bool {
	buf := st.half.buf
	if have := len(buf) + len(b); have > cap(buf) {
		want := max(have, 2*cap(buf))
		if left, known := st.half.msg.Left(); known && int64(have) >= (int64(have)+left)/16 {
			want = have + int(left)
		}
		if size := memory.Size(want); !r.budget.has(size) {
			want = have
		}
		if size := memory.Size(want); !r.budget.has(size) {
			r.giveUp(f, Shed)
			return false
		}
		buf = r.budget.pool.Grow(buf, want-len(buf), want)
	}
	st.half.buf = append(buf, b...)
	return true
}

// recognise counts a request once its request line is in, b being its bytes so
// far. A guess is counted when it is proven; what follows one may be its proof. It
// reports false where that shows instead that the guess was none.
func (r *requests) recognise(f *flow, m *message, b []byte) bool {
	h := &f.c.http
	switch {
	case m.begun || m.InLine() || f.leaving && m.InHead(): // whose it is that leaves, its head says
		return true
	case h.has(guessed): // what follows a tunnel's request proves nothing
		return string(m.Method(b)) != "CONNECT"
	}
	if h.has(awaiting) {
		if !http1.StartsRequest(b) || h.has(doubted) && f.ack.minus(h.ack) <= 0 {
			return false
		}
		f.stream().half.guess.msg.Upgrade = false // what follows has shown that it was none
		r.guesses.prove(f)
	}
	r.count(f, m)
	return true
}

// limit gives a request that is too large its fate: have bytes of it are here,
// and of a body of known length the rest counts, too. A guess that would be too
// large to be handed on is none that is worth waiting for.
func (r *requests) limit(f *flow, m *message, have int, v http1.Verdict) http1.Verdict {
	left, known := m.Left()
	switch room := r.cfg.MaxRequest - int64(have); {
	case m.discard || v > http1.Whole || room >= 0 && !(known && left > room):
	case f.c.http.has(guessed):
		return http1.Malformed
	default:
		r.decide(f, m, TooLarge)
	}
	return v
}

// complete ends a whole request: it is handed on, or held where it is a guess.
func (r *requests) complete(f *flow, m *message, raw []byte) {
	switch h := &f.c.http; {
	case m.discard:
		h.flags &^= fresh | upgraded
	case h.has(guessed):
		r.guesses.hold(f, m, raw)
	default:
		r.handOn(f, m, raw, f.now())
	}
}
