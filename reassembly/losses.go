package reassembly

import "gor/reassembly/http1"

// What is lost: requests that are refused, lack bytes, find no room or never end.

// refuse ends the reading of a stream at something that is not a request whose
// end is known, and returns what to read next. Where the place to read at was a
// guess, it was a wrong one. rest are the bytes at hand, or nil if they are kept.
func (r *requests) refuse(f *flow, m *message, v http1.Verdict, rest []byte) []byte {
	switch h := &f.c.http; {
	case h.isGuess():
		return r.fail(f, rest)
	case v == http1.NotHTTP && h.has(upgraded):
		r.other(f, Upgraded)
	case v == http1.NotHTTP && h.has(fresh):
		r.other(f, Unknown)
	case v == http1.Unsupported:
		r.decide(f, m, Unsupported)
		r.guesses.doubt(f, rest)
	default:
		r.decide(f, m, Malformed)
		r.guesses.doubt(f, rest)
	}
	return nil
}

// miss goes on behind n bytes that will not come. The request they lie in gets
// the fate; where it ends beyond them is known, or is looked for.
func (r *requests) miss(f *flow, n int, why Fate) {
	h := &f.c.http
	r.searchHalf(f)
	r.guesses.loseProof(f, why)
	if h.phase == inside {
		m := &f.stream().half.msg
		r.giveUp(f, why)
		if h.phase == inside { // in chunks
			if !m.Gap(int64(n)) {
				h.phase = hunting
			}
			return
		}
	}
	switch {
	case h.phase == skipping && int64(n) <= *r.budget.skip(f):
		f.c.http.skipped(r.budget.skip(f), int64(n))
	case h.phase == doubtful:
		r.stats.DoubtfulBytes += uint64(n)
	default:
		h.phase = hunting
		h.flags &^= fresh | upgraded | guessed
	}
}

// giveUp drops the request that the connection is inside of, if it has no fate
// yet, and keeps what is needed to find its end. It reports whether there was one.
func (r *requests) giveUp(f *flow, fate Fate) bool {
	h := &f.c.http
	if h.phase != inside {
		return false
	}
	m := &f.stream().half.msg
	had := !m.discard
	r.drop(f, fate)
	switch left, known := m.Left(); {
	case h.has(guessed): // its length is a guess, too
		f.stream().half.guess = guess{}
		h.lose()
	case known && left > 0:
		f.c.http.skipNext(r.budget.skip(f), left)
	case known:
		h.phase = between
	case m.opening || m.InHead():
		if r.guesses.loseProof(f, fate); h.phase == inside {
			h.lose()
		}
	}
	return had
}

// drop gives the request that the connection is inside of its fate, if it has
// none.
func (r *requests) drop(f *flow, fate Fate) {
	if f.c.http.phase != inside {
		return
	}
	st := f.stream()
	m := &st.half.msg
	if m.begun || f.c.http.has(guessed) && !m.InLine() || len(st.half.buf) > 0 && http1.IsTokenByte(st.half.buf[0]) {
		r.decide(f, m, fate)
	}
	st.half.free(&r.budget.pool)
}

// shed makes what is kept of the connection's requests smaller, and reports
// whether there was something.
func (r *requests) shed(f *flow) bool {
	if f.c.http.has(awaiting) {
		r.guesses.loseProof(f, Shed)
		return true
	}
	return r.giveUp(f, Shed)
}

// end is told that no more bytes will come, because the connection ended or is
// forgotten.
func (r *requests) end(f *flow, fate Fate) {
	if f.c.stream != 0 {
		if fate == Aborted {
			r.searchHalf(f)
		}
		r.guesses.loseProof(f, fate)
		r.drop(f, fate)
	}
}
