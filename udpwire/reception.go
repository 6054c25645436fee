package udpwire

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// A reception knows all listeners: it answers HELLO, brings each datagram to its session, and keeps the limits. It is
// driven with the time and does no I/O but write. Not safe for concurrent use.
type reception struct {
	cfg    ReceiverConfig
	keys   *keyring // nil: no secret
	rand   func([]byte)
	write  func(d []byte, to *source) error
	handle func(*Message)
	window int // bytes the socket's buffer takes

	now      int64
	due      int64 // when tick is to be called at the latest
	overruns uint64

	sessions   map[uint64]*session
	last       *session   // of the datagram before: most come in runs
	touched    []*session // heard since the last tick
	handshakes handshakes
	load       uint8
	loadAt     int64
	alarm      alarm

	past    ReceiverStats // of sessions that ended, and what belongs to none
	scratch []byte
	out     report
	spans   []span
}

// idleTick is how often sessions are looked at that nothing came from.
const idleTick = int64(100 * time.Millisecond)

// datagram takes in one datagram. Its bytes are lent and will be overwritten.
func (r *reception) datagram(d []byte, from source) {
	if why, ok := r.accept(d, from); !ok {
		r.past.Rejected[why]++
		if why == rejectAuth {
			r.alarm.ring(r, from.addr.Addr())
		}
	}
}

func (r *reception) accept(d []byte, from source) (why reason, ok bool) {
	if !r.allowed(from.addr.Addr()) {
		return rejectNotAllowed, false
	}
	h, why, ok := parseHeader(d)
	if !ok {
		return why, false
	}
	switch h.kind {
	case kindHello:
		return r.hello(h, d, from)
	case kindWelcome, kindReport:
		return rejectKind, false
	}
	s := r.last
	if s == nil || s.id != h.session {
		if s = r.sessions[h.session]; s == nil {
			return r.begin(h, d, from)
		}
		r.last = s
	}
	if s.duplicate(h) {
		s.in.stats.duplicate++
		s.in.reportAt = min(s.in.reportAt, r.now+reportBusy) // its REPORT may have been lost
		return 0, true
	}
	body, why, ok := s.open(h, d)
	if !ok {
		return why, false
	}
	return r.take(s, h, body, len(d), from)
}

// take brings an authentic datagram to its session.
func (r *reception) take(s *session, h header, body []byte, size int, from source) (why reason, ok bool) {
	if s.heard != r.now {
		s.heard = r.now
		r.touched = append(r.touched, s)
	}
	s.from = from
	if !s.take(r.now, h, body, r.spans) {
		return rejectMalformed, false
	}
	s.in.stats.datagrams++
	s.in.stats.bytes += uint64(size)
	if h.kind == kindBye && !s.in.oneWay {
		r.answer(s, kindBye)
	}
	if s.in.held() > r.cfg.MaxHeldByPeer {
		r.evict(s)
	}
	return 0, true
}

func (r *reception) allowed(a netip.Addr) bool {
	for _, p := range r.cfg.Allow {
		if p.Contains(a) {
			return true
		}
	}
	return r.cfg.Allow == nil
}

// hello answers a HELLO. The answer is never longer, goes only to where an authentic question came from, and costs one
// entry in a fixed table.
func (r *reception) hello(h header, d []byte, from source) (why reason, ok bool) {
	if len(d) < headerSize+welcomeSize+tagSize {
		return rejectShort, false
	}
	size, body := len(d), d[headerSize:]
	if sealed := h.flags&flagSealed != 0; sealed != (r.keys != nil) {
		return rejectAuth, false
	} else if sealed {
		if body, ok = r.keys.openHandshake(d); !ok {
			return rejectAuth, false
		}
	}
	var ask hello
	if !ask.parse(body) {
		return rejectMalformed, false
	}
	w := welcome{asked: ask.random, arrived: uint16(size), window: r.share()}
	if s := r.sessions[ask.current]; s != nil && !s.ended && !s.in.oneWay {
		w.session = ask.current
		r.rand(w.random[:])
	} else if shake := r.offer(h.session, &ask); shake != nil {
		w.session, w.random = shake.session, shake.random
	} else {
		return rejectTooMany, false
	}
	out := w.append(append(r.scratch[:0], make([]byte, headerSize)...))
	answer := header{kind: kindWelcome, flags: h.flags & flagSealed, session: h.session, number: r.random64()}
	if r.keys != nil {
		out = append(out, make([]byte, tagSize)...)
	}
	answer.put(out)
	if r.keys != nil {
		r.keys.sealHandshake(out)
	}
	r.scratch = out
	r.send(out, &from)
	r.past.DatagramsReceived++
	r.past.DatagramBytesReceived += uint64(size)
	return 0, true
}

// offer returns the handshake of a HELLO, the same one when the answer got lost. nil: no room for another session.
func (r *reception) offer(id uint64, ask *hello) *handshake {
	if shake := r.handshakes.find(id, &ask.random); shake != nil {
		if s := r.sessions[shake.session]; s == nil {
			return shake
		}
		// It became a session: whoever asks again has not had the answer, or plays a recording.
	}
	if len(r.sessions) >= r.cfg.MaxSessions && r.idlest(idleGive) == nil {
		return nil
	}
	shake := r.handshakes.add()
	shake.helloID, shake.asked = id, ask.random
	r.rand(shake.random[:])
	for shake.session == 0 || r.sessions[shake.session] != nil {
		shake.session = r.random64()
	}
	if r.keys != nil {
		var err error
		if shake.keys, err = r.keys.session(shake.asked, shake.random); err != nil {
			return nil
		}
	}
	return shake
}

func (r *reception) random64() uint64 {
	var b [8]byte
	r.rand(b[:])
	return binary.BigEndian.Uint64(b[:])
}

// begin makes a handshake a session if d proves that the answer arrived. Without a secret, a listener that never
// hears an answer gets a session as well.
func (r *reception) begin(h header, d []byte, from source) (why reason, ok bool) {
	s := &session{id: h.session, heard: r.now}
	shake := r.handshakes.bySession(h.session)
	switch {
	case shake != nil:
		s.opens, s.seals = shake.keys[0], shake.keys[1]
	case r.keys == nil && h.flags&flagOneWay != 0 && h.session != 0 && h.kind == kindData:
		s.in.oneWay = true
	case r.keys != nil && h.flags&flagSealed == 0:
		return rejectAuth, false
	default:
		return rejectUnknownSession, false
	}
	size := len(d)
	body, why, ok := s.open(h, d)
	if !ok {
		return why, false
	}
	if len(r.sessions) >= r.cfg.MaxSessions {
		idle := r.idlest(idleGive)
		if idle == nil {
			return rejectTooMany, false
		}
		r.end(idle)
	}
	s.in.start(r.handle)
	s.heard = 0
	r.sessions[s.id] = s
	if shake != nil {
		*shake = handshake{}
	}
	r.cfg.Logger.Info("listener connected", "listener", from.addr, "sealed", s.opens != nil, "one_way", s.in.oneWay)
	return r.take(s, h, body, size, from)
}

// idlest returns the session silent longest, if that is long enough.
func (r *reception) idlest(atLeast int64) (idle *session) {
	for _, s := range r.sessions {
		if (s.ended || r.now-s.heard >= atLeast) && (idle == nil || s.heard < idle.heard) {
			idle = s
		}
	}
	return idle
}

// share is the part of the socket's buffer each session may fill.
func (r *reception) share() uint32 {
	active := 1
	for _, s := range r.sessions {
		if !s.ended && r.now-s.heard < idleGive {
			active++
		}
	}
	return uint32(max(r.window/max(active-1, 1), minWindow))
}

// tick sends the answers that are due and sets when it wants to be called next.
func (r *reception) tick() {
	full := r.now >= r.due
	if full {
		for _, s := range r.sessions {
			r.visit(s)
		}
		r.due = r.now + idleTick
		r.checkHeld()
	} else {
		for _, s := range r.touched {
			r.visit(s)
		}
	}
	clear(r.touched)
	r.touched = r.touched[:0]
}

// visit does what is due for a session.
func (r *reception) visit(s *session) {
	s.in.tick(r.now)
	if s.ended || s.in.oneWay {
		if r.now-s.heard > endedEnd && s.ended || r.now-s.heard > idleEnd {
			r.end(s)
		}
		r.due = min(r.due, s.in.ripeAt)
		return
	}
	if r.now >= s.in.reportAt || s.in.unsaid > int64(r.window)/8 {
		r.answer(s, kindReport)
	}
	if r.now-s.heard > idleEnd {
		r.cfg.Logger.Warn("listener silent, its session ends", "listener", s.from.addr)
		r.end(s)
		return
	}
	r.due = min(r.due, s.in.due())
}

// answer sends a REPORT or BYE.
func (r *reception) answer(s *session, k kind) {
	if r.now-r.loadAt >= reportIdle {
		r.loadAt, r.load = r.now, uint8(min(max(r.cfg.Load(), 0), 1)*100)
	}
	r.out.window, r.out.load, r.out.overruns = r.share(), r.load, r.overruns
	r.scratch = s.answer(r.now, k, &r.out, r.scratch[:0])
	r.send(r.scratch, &s.from)
}

func (r *reception) send(d []byte, to *source) {
	if r.write(d, to) == nil {
		r.past.DatagramsSent++
		r.past.DatagramBytesSent += uint64(len(d))
	}
}

// evict makes a session give up its oldest unfinished messages until it is within its limit.
func (r *reception) evict(s *session) {
	for s.in.held() > r.cfg.MaxHeldByPeer && s.in.evict() {
	}
}

// checkHeld keeps all sessions together within the limit: the one that holds most gives up.
func (r *reception) checkHeld() {
	for {
		var total int64
		var most *session
		for _, s := range r.sessions {
			total += s.in.held()
			if most == nil || s.in.held() > most.in.held() {
				most = s
			}
		}
		if r.past.PartialBytes = uint64(total); total <= r.cfg.MaxHeld || !most.in.evict() {
			return
		}
	}
}

// end closes a session's accounts and forgets it.
func (r *reception) end(s *session) {
	if !s.ended {
		s.in.finish()
	}
	s.addTo(&r.past)
	delete(r.sessions, s.id)
	if r.last == s {
		r.last = nil
	}
}

// close ends all sessions and tells the listeners.
func (r *reception) close(now int64) {
	r.now = now
	for _, s := range r.sessions {
		if !s.ended && !s.in.oneWay {
			s.in.finish()
			r.answer(s, kindBye)
			s.ended = true
		}
		r.end(s)
	}
}

// An alarm says at most once a minute that datagrams with a wrong or no secret come.
type alarm struct {
	said  int64
	count uint64
}

func (a *alarm) ring(r *reception, from netip.Addr) {
	a.count++
	if a.said != 0 && r.now-a.said < int64(time.Minute) {
		return
	}
	text := "refused datagrams that do not carry this replayer's secret"
	if r.keys == nil {
		text = "refused sealed datagrams: their listener uses a secret, this replayer has none"
	}
	r.cfg.Logger.Warn(text, "last_from", from, "count", a.count)
	a.said, a.count = r.now, 0
}
