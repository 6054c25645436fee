package reassembly

import (
	"bytes"
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
	h, st := &f.c.http, f.needStream()
	if st.half.buf != nil { // it is raw, and goes over to the guess
		st.half.buf = nil
	} else if _, size := class(len(raw)); r.budget.has(size) {
		raw = append(r.budget.pool.get(len(raw)), raw...)
	} else {
		r.decide(f, m, Shed)
		h.lose()
		return
	}
	st.half.guess.msg, st.half.guess.raw, st.half.guess.last = *m, raw, f.now()
	h.flags = h.flags&^(fresh|upgraded|guessed) | awaiting
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

// fail drops the guess that is held or being read, and what was read behind it.
// It returns what to read next; rest is what of these bytes is not kept yet.
func (r *requests) fail(f *flow, rest []byte) []byte {
	r.stats.GuessesFailed++
	h := &f.c.http
	if h.has(doubted) {
		if st := f.stream(); st != nil {
			r.countDoubtful(st.half.guess.raw)
			r.countDoubtful(st.half.buf)
			st.half.guess.places.n = 0
		}
		r.countDoubtful(rest)
	}
	return r.searchAgain(f, rest)
}

// maxPlaces bounds the places that are remembered of a guess. Only look-alikes
// use them up: at the first that is a request reading is in step.
const maxPlaces = 8

// contradicts reports whether b, which begins a segment inside of a guess, shows
// at once that the guess is none. No line of a head is a request line; and a
// client that has had a response since the body began, and begins a segment with
// a request line, was not inside of a body. Otherwise a request line is noted.
func (r *requests) contradicts(f *flow, b []byte) bool {
	h, half := &f.c.http, &f.stream().half
	inHead := half.msg.InHead()
	if h.has(guessed) && !inHead && half.msg.BodyLen == 0 {
		h.ack = f.ack // of a 100 (Continue), at the most
	}
	if !http1.StartsRequest(b) {
		return false
	}
	if h.has(guessed) {
		if inHead && bytes.HasSuffix(half.buf, []byte{'\n'}) && http1.EmptyLines(b) == 0 {
			return true // an empty line would end the head
		}
		if !inHead && f.ack.minus(h.ack) > 0 {
			return true
		}
	}
	if p := &half.guess.places; p.n < maxPlaces {
		p.at[p.n] = len(half.guess.raw) + len(half.buf)
		p.n++
	}
	return false
}

// searchAgain drops a guess, and goes back to the first place inside of it where
// a segment began with a request line: that is the next guess. It returns the
// bytes from there on, rest included, or nil where there is no such place, or no
// room for them: then the next segment is looked at.
func (r *requests) searchAgain(f *flow, rest []byte) []byte {
	h, pool := &f.c.http, &r.budget.pool
	h.lose()
	st := f.stream()
	if st == nil {
		return nil
	}
	g := &st.half.guess
	var again []byte
	if p := &g.places; p.n > 0 {
		skip := p.at[0]
		if _, size := class(len(g.raw) + len(st.half.buf) + len(rest) - skip); r.budget.has(size) {
			again = pool.get(size)
			for _, part := range [...][]byte{g.raw, st.half.buf, rest} {
				n := min(skip, len(part))
				again = append(again, part[n:]...)
				skip -= n
			}
		}
	}
	left := g.places.behindFirst()
	pool.put(g.raw)
	*g = guess{}
	r.free(st)
	pool.put(r.again) // rest may lie in it
	r.again = again
	if again == nil || !http1.StartsRequest(again) {
		return nil
	}
	n := http1.EmptyLines(again)
	for i := range left.n {
		left.at[i] -= n
	}
	again = again[n:]
	g.places = left
	h.phase, h.ack = between, f.ack
	h.flags |= guessed
	return again
}

// passOver is told that n bytes of empty lines behind a guess are not kept: there
// is no going back to what lies before them.
func (r *requests) passOver(f *flow, n int) {
	if n > 0 && f.c.http.has(awaiting) {
		f.stream().half.guess.places = places{}
	}
}

// searchHalf searches in a guess that is half read and will not be whole.
func (r *requests) searchHalf(f *flow) {
	h := &f.c.http
	for h.phase == inside && h.has(guessed) && f.stream().half.guess.places.n > 0 {
		r.read(f, r.fail(f, nil), false)
	}
}

// behindFirst returns the places behind the first, counted from it.
func (p *places) behindFirst() (left places) {
	for i := 1; i < p.n; i++ {
		left.at[i-1] = p.at[i] - p.at[0]
	}
	left.n = max(p.n-1, 0)
	return left
}

// loseProof gives a guess that is held a fate: what would have proven it will
// not come. What was read behind it stands at a guess, too.
func (r *requests) loseProof(f *flow, fate Fate) {
	if !f.c.http.has(awaiting) {
		return
	}
	st := f.stream()
	r.decide(f, &st.half.guess.msg, fate)
	r.freeGuess(f)
	r.free(st)
	f.c.http.lose()
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
func (r *requests) confirm(f *flow) {
	switch rest := f.stream(); {
	case !f.c.http.has(awaiting):
	case f.c.http.phase == inside && !http1.StartsRequest(rest.half.buf):
		r.read(f, r.fail(f, nil), false)
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
// What follows is counted and not believed; that begins in the bytes at hand, or
// at the end of what is kept, behind the first empty line.
func (r *requests) doubt(f *flow, rest []byte) {
	h, st := &f.c.http, f.stream()
	if st != nil && len(rest) == 0 {
		rest = st.half.buf
	}
	r.countDoubtful(afterEmptyLine(rest))
	if st != nil {
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
	if starts && f.ack.minus(h.ack) > 0 && http1.StartsRequest(b) {
		h.phase = between
		h.flags |= guessed | doubted
		return true
	}
	r.countDoubtful(b)
	return false
}

// countDoubtful counts bytes, and what looks like requests where they begin and
// behind their empty lines.
func (r *requests) countDoubtful(b []byte) {
	r.stats.DoubtfulBytes += uint64(len(b))
	for ; len(b) > 0; b = afterEmptyLine(b) {
		b = b[http1.EmptyLines(b):]
		if http1.StartsRequest(b) {
			r.stats.DoubtfulRequests++
		}
	}
}

func afterEmptyLine(b []byte) []byte {
	_, after, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return after
}
