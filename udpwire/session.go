package udpwire

import "time"

// A session is one listener as the replayer knows it. It is driven with the time and does no I/O. Not safe for
// concurrent use.
type session struct {
	id    uint64
	inbox inbox       // What has arrived.
	in    incoming    // What the listener sends.
	out   outgoing    // What is sent to it.
	where whereabouts // Where it is.
	grant grant       // What it may begin, if its source can wait.

	heard   int64   // When it was last heard, in ns of the time in which the replayer ran.
	begun   int64   // When it began.
	status  *Status // What the listener last said it is; nil: nothing yet. It is not changed.
	told    bool    // The user was told that it has begun.
	touched bool    // It was heard since the last visit.
}

// Life of a session, in ns of the time in which the replayer ran and read its socket.
const (
	idleEnd  = int64(10 * time.Minute) // without a datagram
	idleGive = int64(5 * time.Second)  // silent so long, it makes room for a new one when the table is full
)

// again notes that something of a number came that is settled: the REPORT that said so may have been lost.
func (s *session) again(now int64) { s.inbox.reporter.hasten(now + reportBusy) }

// open authenticates d and returns its body. A number of a kind other than DATA is used up then. When the listener has
// gone on to new keys, so do the responses.
func (s *session) open(h header, d []byte) (body []byte, why reason, ok bool) {
	if body, why, ok = s.in.open(h, d); ok && h.kind != kindData {
		s.in.seen.mark(h.number)
	}
	s.out.follow(&s.in)
	return body, why, ok
}

// accept takes in the body of an authentic datagram of size bytes. It returns false when that contradicts itself, or what
// the session can have sent. g is scratch.
func (s *session) accept(now int64, h header, body []byte, from source, size int, g *gone) bool {
	switch h.kind {
	case kindData:
		return s.inbox.data(now, h.number, body)
	case kindHeartbeat, kindBye:
		var beat heartbeat
		if !beat.parse(body) || !s.inbox.heartbeat(now, &beat, size) {
			return false
		}
		s.where.answered(from, beat.answer)
		return true
	case kindPiece:
		return s.piece(now, body)
	case kindBegin:
		var first begin
		if !first.parse(body) || !s.inbox.heartbeat(now, &first.beat, size) {
			return false
		}
		s.grant.patient = first.flags&helloPatient != 0
		return true
	case kindStatus:
		var status Status
		if !status.parse(body) {
			return false
		}
		s.status = &status
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

// say appends a REPORT to dst.
func (s *session) say(body *report, challenge uint64, dst []byte) []byte {
	body.challenge = challenge
	return s.out.finishControl(kindReport, body.append(append(dst, make([]byte, headerSize)...)))
}

// bury closes the session's accounts, in which what has not arrived is lost, and returns what is to be remembered.
func (s *session) bury(now int64) *tombstone {
	s.inbox.finish()
	t := &tombstone{id: s.id, in: s.in, out: s.out, where: s.where}
	s.inbox.report(now, &t.final)
	t.final.missing = nil // lent
	return t
}

// report fills in what r says of the session.
func (s *session) report(now int64, r *report) {
	s.inbox.report(now, r)
	r.creditMessages, r.creditBytes = noBound, noBound
	if s.grant.patient {
		r.creditMessages, r.creditBytes = s.grant.messages, s.grant.bytes
	}
}

// idleFor reports whether the listener was silent for at least so long.
func (s *session) idleFor(ran, atLeast int64) bool { return ran-s.heard >= atLeast }

// unused reports whether the session has no DATA yet, as far as is known.
func (s *session) unused() bool { return s.inbox.numbers.highest == 0 }
