package udpwire

// A session is one listener as the replayer knows it. Not safe for concurrent use.
type session struct {
	id      uint64
	in      inbox
	from    source  // where it was last heard
	opens   *sealer // what it sends; nil: no secret
	seals   *sealer // what is sent to it
	seen    replayWindow
	control uint64 // last control number used
	heard   int64
	ended   bool // it said BYE
}

// Life of a session.
const (
	idleEnd  = int64(60e9) // without a datagram
	endedEnd = int64(5e9)  // after BYE, to answer a repeated one
	idleGive = int64(5e9)  // silent so long, it makes room for a new one when the table is full
)

// duplicate reports whether a DATA datagram's fate is settled already, so that no work needs to be done.
func (s *session) duplicate(h header) bool {
	return h.kind == kindData && (s.ended || s.in.numbers.settled(h.number))
}

// open authenticates d and returns its body.
func (s *session) open(h header, d []byte) (body []byte, why reason, ok bool) {
	if h.kind != kindData && !s.seen.fresh(h.number) {
		return nil, rejectReplayed, false
	}
	body = d[headerSize:]
	if s.opens != nil {
		if h.flags&flagSealed == 0 {
			return nil, rejectAuth, false
		}
		if body, ok = s.opens.open(d); !ok {
			return nil, rejectAuth, false
		}
	}
	if h.kind != kindData {
		s.seen.mark(h.number)
	}
	return body, 0, true
}

// take takes in an authentic datagram's body. It returns false when that contradicts itself.
func (s *session) take(now int64, h header, body []byte, spans []span) bool {
	switch h.kind {
	case kindData:
		return s.in.data(now, h.number, body)
	case kindHeartbeat, kindBye:
		var beat heartbeat
		if !beat.parse(body) {
			return false
		}
		if !s.in.heartbeat(now, &beat) {
			return false
		}
		if h.kind == kindBye && !s.ended {
			s.in.finish()
			s.ended = true
		}
		return true
	case kindGone:
		spans, ok := parseSpans(spans[:0], body)
		if ok {
			s.in.gone(spans)
		}
		return ok
	}
	return false
}

// answer appends a REPORT or BYE to dst.
func (s *session) answer(now int64, k kind, r *report, dst []byte) []byte {
	s.in.report(now, r)
	d := r.append(append(dst, make([]byte, headerSize)...))
	s.control++
	h := header{kind: k, session: s.id, number: s.control}
	if s.seals != nil {
		h.flags = flagSealed
		d = append(d, make([]byte, tagSize)...)
	}
	h.put(d)
	if s.seals != nil {
		s.seals.seal(d)
	}
	return d
}
