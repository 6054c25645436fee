package reassembly

import (
	"bytes"
	"time"

	"gor/reassembly/http1"
	"gor/reassembly/memory"
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

// guesses keeps the guesses, and the doubts about what follows a message of which
// nobody knows the end.
type guesses struct {
	*ledger
	budget *budget
	again  []byte // what a failed guess had kept, while it is read again
}

// hold keeps a whole guess until it is proven.
func (gs *guesses) hold(f *flow, m *message, raw []byte) {
	h, st := &f.c.http, f.needStream()
	if st.half.buf != nil { // it is raw, and goes over to the guess
		st.half.buf = nil
	} else if size := memory.Size(len(raw)); gs.budget.has(size) {
		raw = append(gs.budget.pool.Get(len(raw)), raw...)
	} else {
		gs.decide(f, m, Shed)
		h.lose()
		return
	}
	st.half.guess.msg, st.half.guess.raw, st.half.guess.last = *m, raw, f.now()
	h.flags = h.flags&^(fresh|upgraded|guessed) | awaiting
	h.ack = f.ack
	f.a.streams.wait(st)
}

// prove hands on the guess that is held.
func (gs *guesses) prove(f *flow) {
	g := &f.stream().half.guess
	f.c.http.flags &^= awaiting | doubted
	if !g.msg.begun {
		gs.count(f, &g.msg)
	}
	gs.handOn(f, &g.msg, g.raw, g.last)
	gs.freeGuess(f)
}

// maxPlaces bounds the places that are remembered of a guess. Only look-alikes
// use them up: at the first that is a request reading is in step.
const maxPlaces = 8

// contradicts reports whether b, which begins a segment inside of a guess, shows
// at once that the guess is none. No line of a head is a request line; and a
// client that has had a response since the body began, and begins a segment with
// a request line, was not inside of a body. Otherwise a request line is noted.
func (gs *guesses) contradicts(f *flow, b []byte) bool {
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
func (gs *guesses) searchAgain(f *flow, rest []byte) []byte {
	h, pool := &f.c.http, &gs.budget.pool
	h.lose()
	st := f.stream()
	if st == nil {
		return nil
	}
	g := &st.half.guess
	var again []byte
	if p := &g.places; p.n > 0 {
		skip := p.at[0]
		if size := memory.Size(len(g.raw) + len(st.half.buf) + len(rest) - skip); gs.budget.has(size) {
			again = pool.Get(size)
			for _, part := range [...][]byte{g.raw, st.half.buf, rest} {
				n := min(skip, len(part))
				again = append(again, part[n:]...)
				skip -= n
			}
		}
	}
	left := g.places.behindFirst()
	pool.Put(g.raw)
	*g = guess{}
	st.half.free(&gs.budget.pool)
	pool.Put(gs.again) // rest may lie in it
	gs.again = again
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
func (gs *guesses) passOver(f *flow, n int) {
	if n > 0 && f.c.http.has(awaiting) {
		f.stream().half.guess.places = places{}
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

// isAll reports whether a guess, and a word behind it that is cut short, is all
// that was ever seen of the connection. Where the input ends the rest of the word
// was not captured: it is a method more likely than the end of a body.
func (gs *guesses) isAll(f *flow) bool {
	if !f.c.http.has(awaiting) {
		return false
	}
	half := &f.stream().half
	return f.c.next.minus(f.c.first) == len(half.guess.raw)+len(half.buf) && http1.IsToken(half.buf)
}

// loseProof gives a guess that is held a fate: what would have proven it will
// not come. What was read behind it stands at a guess, too.
func (gs *guesses) loseProof(f *flow, fate Fate) {
	if !f.c.http.has(awaiting) {
		return
	}
	st := f.stream()
	gs.decide(f, &st.half.guess.msg, fate)
	gs.freeGuess(f)
	st.half.free(&gs.budget.pool)
	f.c.http.lose()
}

func (gs *guesses) freeGuess(f *flow) {
	st := f.stream()
	gs.budget.pool.Put(st.half.guess.raw)
	st.half.guess = guess{}
}

// doubt is told that nobody can know where the message ends that is being read.
// What follows is counted and not believed; that begins in the bytes at hand, or
// at the end of what is kept, behind the first empty line.
func (gs *guesses) doubt(f *flow, rest []byte) {
	h, st := &f.c.http, f.stream()
	if st != nil && len(rest) == 0 {
		rest = st.half.buf
	}
	gs.countDoubtful(afterEmptyLine(rest))
	if st != nil {
		st.half.free(&gs.budget.pool)
	}
	h.phase, h.ack = doubtful, f.ack
	h.flags &^= fresh | upgraded | guessed
}

// isBackInStep counts bytes behind a message whose end nobody knows, and
// reports whether a request begins with them that is worth a guess: the server
// has responded since, and the client begins a segment with a request line. The
// guess is only proven by another request after another response.
func (gs *guesses) isBackInStep(f *flow, b []byte, starts bool) bool {
	h := &f.c.http
	if starts && f.ack.minus(h.ack) > 0 && http1.StartsRequest(b) {
		h.phase, h.ack = between, f.ack
		h.flags |= guessed | doubted
		return true
	}
	gs.countDoubtful(b)
	return false
}

// countDoubtful counts bytes, and what looks like requests where they begin and
// behind their empty lines.
func (gs *guesses) countDoubtful(b []byte) {
	gs.stats.DoubtfulBytes += uint64(len(b))
	for ; len(b) > 0; b = afterEmptyLine(b) {
		b = b[http1.EmptyLines(b):]
		if http1.StartsRequest(b) {
			gs.stats.DoubtfulRequests++
		}
	}
}

func afterEmptyLine(b []byte) []byte {
	_, after, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	return after
}
