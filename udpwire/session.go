package udpwire

import "time"

// A session is one listener as the replayer knows it. It is driven with the time and does no I/O. Not safe for
// concurrent use.
type session struct {
	id    uint64
	inbox inbox    // What has arrived.
	in    incoming // What the listener sends.
	out   outgoing // What is sent to it.
	from  source   // Where the listener was last heard.
	heard int64    // When that was, in ns.
	ended bool     // It said BYE, or was told BYE.
}

// Life of a session, in ns.
const (
	idleEnd  = int64(60 * time.Second) // without a datagram
	endedEnd = int64(5 * time.Second)  // after BYE, to respond to a repeated one
	idleGive = int64(5 * time.Second)  // silent so long, it makes room for a new one when the table is full
)

// duplicate reports whether a DATA datagram's fate is settled already, so that no work needs to be done.
func (s *session) duplicate(h header) bool {
	return h.kind == kindData && (s.ended || s.inbox.numbers.settled(h.number))
}

// repeated notes a duplicate: the REPORT that said that it has arrived may have been lost.
func (s *session) repeated(now int64) {
	s.inbox.stats.duplicate++
	s.inbox.reporter.hasten(now + reportBusy)
}

// open authenticates d and returns its body. A number of a kind other than DATA is used up then.
func (s *session) open(h header, d []byte) (body []byte, why reason, ok bool) {
	if body, why, ok = s.in.open(h, d); ok && h.kind != kindData {
		s.in.seen.mark(h.number)
	}
	return body, why, ok
}

// accept takes in the body of an authentic datagram of size bytes. It returns false when that contradicts itself, or what the session can
// have sent. g is scratch.
func (s *session) accept(now int64, h header, body []byte, size int, g *gone) bool {
	switch h.kind {
	case kindData:
		return s.inbox.data(now, h.number, body)
	case kindHeartbeat, kindBye:
		var beat heartbeat
		if !beat.parse(body) || !s.inbox.heartbeat(now, &beat, size) {
			return false
		}
		if h.kind == kindBye {
			s.end()
		}
		return true
	case kindGone:
		if !g.parse(body) {
			return false
		}
		s.inbox.gone(g)
		return true
	}
	return false
}

// end closes the session's accounts: what has not arrived is lost.
func (s *session) end() {
	if !s.ended {
		s.inbox.finish()
		s.ended = true
	}
}

// report appends a REPORT, or a BYE, to dst. What r says of the replayer is given; the session fills in the rest.
func (s *session) report(now int64, k kind, r *report, dst []byte) []byte {
	s.inbox.report(now, r)
	return s.out.finishControl(k, r.append(append(dst, make([]byte, headerSize)...)))
}

// idleFor reports whether the listener was silent for at least so long, or has left.
func (s *session) idleFor(now, atLeast int64) bool { return s.ended || now-s.heard >= atLeast }
