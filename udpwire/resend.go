package udpwire

import "time"

// resends is the account of what was sent again or given up, and scratch for doing so.
type resends struct {
	recovered uint64 // Datagrams sent again because the replayer asked.
	lost      uint64 // Datagrams given up.
	gone      gone   // Scratch.
}

// A datagram is given up that has been sent again so often over so long: it does not pass this path.
const (
	maxTries = 12
	maxAge   = int64(5 * time.Second)
)

// resend sends the missing numbers again, neighbours in one call, and says which ones it will not.
func (o *outbox) resend(now int64, missing []span) {
	o.resends.gone.numbers = o.resends.gone.numbers[:0]
	wrote := o.wrote()
	var r run
	for _, m := range missing {
		for n := max(m.first, o.flight.oldest); n < m.end() && n <= wrote; n++ {
			s := o.flight.at(n)
			if o.givenUp(s, now) {
				o.resends.gone.numbers = addNumber(o.resends.gone.numbers, n)
				continue
			}
			if now-s.at < o.trip.resendAfter(s.tries) {
				continue
			}
			if !r.add(s) {
				o.sendRun(&r)
				r.add(s)
			}
			s.at = now
			s.tries = min(s.tries+1, 255)
			o.resends.recovered++
		}
	}
	o.sendRun(&r)
	if g := &o.resends.gone; len(g.numbers) > 0 {
		g.numbers = fitSpans(g.numbers, g.numbers[0].first, goneSpans)
		o.sendControl(kindGone, g.append(o.controlBody()))
	}
}

// givenUp reports whether a datagram is not worth being sent again.
func (o *outbox) givenUp(s *sent, now int64) bool {
	if !s.gone && s.tries >= maxTries && now-s.c.at > maxAge {
		s.gone = true
		o.resends.lost++
	}
	return s.gone
}

// sendRun sends what was gathered. An error needs no response: the replayer will ask again.
func (o *outbox) sendRun(r *run) {
	if r.c == nil {
		return
	}
	o.tx.send(r.c.buf[r.start:r.end], int(r.size))
	*r = run{}
}

// A run is neighbouring datagrams of a chunk that one call can send. The zero value is empty.
type run struct {
	c          *chunk // nil: empty
	start, end uint32
	size       uint32 // of each datagram but the last, which may be shorter
	closed     bool   // the last one is shorter: none may follow
}

// add puts a datagram behind the others and reports whether it fits there. Into an empty run any does.
func (r *run) add(s *sent) bool {
	size := s.end - s.start
	if r.c == nil {
		*r = run{c: s.c, start: s.start, end: s.end, size: size}
		return true
	}
	if r.closed || s.c != r.c || s.start != r.end || size > r.size {
		return false
	}
	r.end, r.closed = s.end, size < r.size
	return true
}
