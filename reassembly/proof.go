package reassembly

import "gor/reassembly/http1"

// What decides over a guess, besides what follows it.

// fail drops the guess that is held or being read, and what was read behind it.
// It returns what to read next; rest is what of these bytes is not kept yet.
func (r *requests) fail(f *flow, rest []byte) []byte {
	r.stats.GuessesFailed++
	if f.c.http.has(doubted) {
		if st := f.stream(); st != nil {
			r.guesses.countDoubtful(st.half.guess.raw)
			r.guesses.countDoubtful(st.half.buf)
			st.half.guess.places.n = 0
		}
		r.guesses.countDoubtful(rest)
	}
	return r.guesses.searchAgain(f, rest)
}

// vouch is told that the connection began where it was joined: what stands there
// is no guess.
func (r *requests) vouch(f *flow) {
	h, st := &f.c.http, f.stream()
	if !h.isGuess() || st == nil {
		return
	}
	const emptyLines = 4 // that StartsRequest passes over
	if f.c.next.minus(f.c.first)-len(st.half.guess.raw)-len(st.half.buf) > emptyLines {
		return // the first guess has failed, and this is another
	}
	h.flags &^= guessed
	st.half.guess.places = places{}
	r.confirm(f)
}

// confirm believes the guess that is held unless something else follows it: the
// connection has ended there, or its beginning turned out to be where it was
// guessed. A word that was cut short there is more often text than a method.
// Behind a doubt that is no proof: a server that refused the message before closes.
func (r *requests) confirm(f *flow) {
	switch rest := f.stream(); {
	case !f.c.http.has(awaiting):
	case f.c.http.has(doubted), f.c.http.phase == inside && !http1.StartsRequest(rest.half.buf):
		r.read(f, r.fail(f, nil), false)
	default:
		r.guesses.prove(f)
	}
}

// expire believes a guess which nothing has followed for long. One behind a doubt
// goes on waiting for its proof.
func (r *requests) expire(f *flow, st *stream) {
	if st.half.holds() && !f.c.http.has(doubted) && f.now()-st.half.guess.last >= int64(guessTimeout) && f.c.http.phase == between && !st.isWaiting() {
		r.guesses.prove(f)
		f.settle()
	}
}

// searchHalf searches in a guess that is half read and will not be whole.
func (r *requests) searchHalf(f *flow) {
	h := &f.c.http
	for h.phase == inside && h.has(guessed) && f.stream().half.guess.places.n > 0 {
		r.read(f, r.fail(f, nil), false)
	}
}
