package udpwire

import (
	"net/netip"
	"time"
)

// A reception knows all listeners: it responds to HELLO, brings each datagram to its session, and keeps the limits. It is
// driven with the time and does no I/O but write. Not safe for concurrent use.
type reception struct {
	// ---- what it was given
	cfg    ReceiverConfig
	write  func(d []byte, to *source) error // Sends one datagram.
	handle func(*Message)                   // It is lent each message for the call.

	// ---- the moment
	now      int64       // Set by whoever calls, before each call, in ns.
	ran      runningTime // By which a listener's silence is judged.
	due      int64       // When tick is to be called at the latest.
	leaving  uint64      // What listeners return that have heard that this replayer is about to leave; 0: it is not.
	overruns uint64      // Datagrams that the socket's buffer had no room for; set by whoever calls.

	// ---- its parts
	responder responder
	sessions  sessionTable
	ended     graveyard
	hints     bucket // How often UNKNOWN is sent.
	load      loadGauge
	granter   granter
	alarm     alarm
	past      ReceiverStats // Of sessions that ended, and what belongs to none.
	scratch   receptionScratch
}

// receptionScratch is memory used again for each datagram.
type receptionScratch struct {
	out    []byte // A datagram to be sent.
	report report
	gone   gone
}

// Pace of ticks. One that comes so much later than that this process cannot have run counts as longestIdle: what came
// meanwhile still lies in the socket, of which one call reads only a part.
const (
	idleTick    = int64(100 * time.Millisecond) // how often sessions are looked at that nothing came from
	longestIdle = int64(time.Second)
)

// So often UNKNOWN is sent: enough for all listeners of a replayer that was started again, little for a flood.
const (
	hintEvery = int64(time.Millisecond)
	hintBurst = 256
)

// newReception returns a reception without listeners. cfg is checked, keys are nil without a secret, window is how many
// bytes the socket's buffer takes. handle is to be set before the first datagram.
func newReception(cfg ReceiverConfig, keys *keyring, window int, write func(d []byte, to *source) error) reception {
	responder := newResponder(keys, randomBytes)
	responder.self = cfg.Self
	if cfg.Responses {
		responder.flags = welcomeResponses
	}
	return reception{cfg: cfg, write: write, responder: responder,
		sessions: newSessionTable(window), hints: bucket{every: hintEvery, burst: hintBurst}, load: loadGauge{sample: cfg.Load},
		granter: granter{consumer: cfg.Behind}}
}

// setTime says what time it is. It is to be called once for all datagrams that were read together.
func (r *reception) setTime(now int64) {
	r.now = now
	r.ran.tick(now, longestIdle)
}

// datagram takes in one datagram. Its bytes are lent and will be overwritten.
func (r *reception) datagram(d []byte, from source) {
	if why, ok := r.accept(d, from); !ok {
		r.past.Rejected[why]++
		if why == rejectAuth {
			r.alarm.ring(r.now, r.cfg.Logger, r.responder.keys != nil, from.addr.Addr())
		}
	}
}

// accept brings a datagram to where it belongs, or returns why it belongs nowhere.
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
	case kindWelcome, kindReport, kindRetry, kindUnknown:
		return rejectKind, false
	}
	if s := r.sessions.find(h.session); s != nil {
		return r.inSession(s, h, d, from)
	}
	if t := r.ended.byID[h.session]; t != nil {
		return r.tooLate(t, h, d, from)
	}
	if sealed := h.flags&flagSealed != 0; sealed != (r.responder.keys != nil) {
		return rejectAuth, false
	}
	size := len(d)
	if why, ok = r.begin(h, d, from); why == rejectUnknownSession && !ok {
		r.hint(h, size, from)
	}
	return why, ok
}

// inSession brings a datagram to its session, if it is authentic and new.
func (r *reception) inSession(s *session, h header, d []byte, from source) (why reason, ok bool) {
	body, why, ok := s.open(h, d)
	if !ok {
		return why, false
	}
	if h.kind == kindData && s.inbox.numbers.settled(h.number) {
		r.sessions.touch(s, r.ran.total) // its next REPORT may be due earlier now
		s.inbox.stats.duplicate++
		s.again(r.now)
		return 0, true
	}
	return r.bring(s, h, body, len(d), from)
}

// bring brings the body of an authentic datagram of size bytes to its session.
func (r *reception) bring(s *session, h header, body []byte, size int, from source) (why reason, ok bool) {
	r.sessions.touch(s, r.ran.total)
	s.where.heard(from, size, r.responder.rand)
	before := s.where.proven.addr
	if !s.accept(r.now, h, body, from, size, &r.scratch.gone) {
		return rejectMalformed, false
	}
	if after := s.where.proven.addr; after != before {
		r.cfg.Logger.Info("listener has another address", "listener", after, "before", before)
	}
	if h.kind == kindStatus {
		r.introduce(s)
	}
	s.inbox.stats.datagrams++
	s.inbox.stats.bytes += uint64(size)
	if h.kind == kindBye {
		r.tell(r.end(s))
	}
	for s.inbox.held() > r.cfg.MaxHeldByPeer && s.inbox.evict() {
	}
	return 0, true
}

// tooLate responds to a datagram of a session that has ended: with BYE, so that the listener knows, too.
func (r *reception) tooLate(t *tombstone, h header, d []byte, from source) (why reason, ok bool) {
	size := len(d)
	if why, ok = t.hear(h, d, from, r.responder.rand); !ok {
		return why, false
	}
	if h.kind == kindData {
		r.past.DatagramsDuplicate++
	} else {
		r.past.DatagramsReceived++
		r.past.DatagramBytesReceived += uint64(size)
	}
	if r.now-t.saidAt >= byeSeldom || r.now < t.saidAt {
		t.saidAt = r.now
		r.tell(t)
	}
	return 0, true
}

// hint says that a session is not known, to whoever sent a datagram of size bytes in it: never more than that.
func (r *reception) hint(h header, size int, from source) {
	r.scratch.out = r.responder.unknown(h, r.scratch.out[:0])
	if len(r.scratch.out) <= size && r.hints.take(r.now) {
		r.send(r.scratch.out, &from)
	}
}

// allowed reports whether datagrams from an address are heard.
func (r *reception) allowed(a netip.Addr) bool {
	for _, p := range r.cfg.Allow {
		if p.Contains(a) {
			return true
		}
	}
	return r.cfg.Allow == nil
}

// hello responds to a HELLO. One that does not show that it can be reached where it seems to come from is asked to. Else it
// gets the session asked for, if that is still known, or a new one, which begins with BEGIN. When the one asked for has
// ended it first gets that one's totals, so that both close the same accounts.
func (r *reception) hello(h header, d []byte, from source) (why reason, ok bool) {
	size := len(d)
	var ask hello
	if why, ok = r.responder.parse(h, d, &ask); !ok {
		return why, false
	}
	r.responder.local.turn(r.now)
	known := r.sessions.byID[ask.current] != nil
	switch t := r.ended.byID[ask.current]; {
	case !r.responder.local.reached(&ask.cookie, from):
		r.scratch.out = r.responder.retry(&ask, from, r.scratch.out[:0])
	case t != nil && t.told < maxTold:
		t.told++
		r.scratch.out = t.bye(0, r.scratch.out[:0])
	case !known && (r.full() || r.leaving != 0): // whoever comes now is served by whoever comes after
		return rejectTooMany, false
	default:
		r.scratch.out = r.responder.welcome(&ask, from, known, r.sessions.share(r.ran.total), r.scratch.out[:0])
	}
	r.send(r.scratch.out, &from)
	r.past.DatagramsReceived++
	r.past.DatagramBytesReceived += uint64(size)
	return 0, true
}

// full reports whether there is no room for another session, nor one that could make room.
func (r *reception) full() bool {
	return len(r.sessions.byID) >= r.cfg.MaxSessions && r.sessions.dispensable(r.ran.total) == nil
}

// begin begins a session with its BEGIN. Nothing else begins one.
func (r *reception) begin(h header, d []byte, from source) (why reason, ok bool) {
	if h.kind != kindBegin {
		return rejectUnknownSession, false
	}
	s, why := r.responder.begin(r.now, h, d, from)
	if s == nil {
		return why, false
	}
	size := len(d)
	body, why, ok := s.open(h, d)
	if !ok {
		return why, false
	}
	if r.full() {
		return rejectTooMany, false
	}
	if len(r.sessions.byID) >= r.cfg.MaxSessions {
		r.end(r.sessions.dispensable(r.ran.total))
	}
	s.inbox.start(func(m *Message) { r.handOn(s, m) })
	r.sessions.add(s)
	s.begun = r.now
	return r.bring(s, h, body, size, from)
}

// handOn hands a message of a session on if it is one that the consumer was told to expect.
func (r *reception) handOn(s *session, m *Message) {
	if m.Kind != KindRequest && !(m.Kind == KindResponse && r.cfg.Responses) {
		r.past.MessagesUnknown++
		return
	}
	m.Patient = s.grant.covers(&s.inbox)
	r.handle(m)
}

// tick sends the responses that are due and sets when it wants to be called next. It is called when everything that had
// come was read, so that nobody is taken for silent whom nobody has listened to.
func (r *reception) tick() {
	if r.now >= r.due {
		r.due = r.now + idleTick // which each visit makes earlier, and none later
		for _, s := range r.sessions.byID {
			r.visit(s)
		}
		r.ended.expire(r.ran.total)
		r.checkHeld()
	} else {
		for _, s := range r.sessions.touched {
			r.visit(s)
		}
	}
	r.sessions.untouch()
}

// visit does what is due for a session.
func (r *reception) visit(s *session) {
	if s.idleFor(r.ran.total, idleEnd) {
		r.cfg.Logger.Warn("listener silent, its session ends", "listener", s.where.proven.addr)
		r.end(s)
		return
	}
	if r.now-s.begun >= introduceAfter {
		r.introduce(s)
	}
	s.inbox.tick(r.now)
	if r.now >= s.inbox.reporter.dueAt || s.inbox.reporter.unsaid > int64(r.sessions.window)/8 {
		r.report(s)
	}
	r.due = min(r.due, s.inbox.due())
}

// report sends a REPORT.
func (r *reception) report(s *session) {
	body := &r.scratch.report
	body.window, body.load, body.overruns = r.sessions.share(r.ran.total), r.load.read(r.now), r.overruns
	body.flags = r.flags()
	r.granter.renew(r.ran.total, s, &r.sessions)
	s.report(r.now, body)
	r.sendBoth(&s.where, func(challenge uint64, dst []byte) []byte { return s.say(body, challenge, dst) })
}

// flags are what a REPORT says of the replayer.
func (r *reception) flags() (flags uint8) {
	if r.leaving != 0 {
		flags |= reportDraining
	}
	if c := r.granter.consumer; c != nil {
		if !c.Reachable() {
			flags |= reportNoTarget
		}
		if c.Holds() {
			flags |= reportHolds
		}
	}
	return flags
}

// tell sends a BYE with the totals of a session that has ended.
func (r *reception) tell(t *tombstone) { r.sendBoth(&t.where, t.bye) }

// sendBoth sends a REPORT or BYE, which build appends to its argument with a challenge in it, to where a listener is, and to
// where it may be, as far as that may be sent there.
func (r *reception) sendBoth(w *whereabouts, build func(challenge uint64, dst []byte) []byte) {
	r.scratch.out = build(r.leaving, r.scratch.out[:0])
	r.send(r.scratch.out, &w.proven)
	if w.affords(len(r.scratch.out)) {
		r.scratch.out = build(w.challenge, r.scratch.out[:0])
		r.send(r.scratch.out, &w.next)
	}
}

// send sends a datagram and counts it, or why it did not leave.
func (r *reception) send(d []byte, to *source) {
	if err := r.write(d, to); err != nil {
		r.past.SendErrors[meaning(err)]++
		return
	}
	r.past.DatagramsSent++
	r.past.DatagramBytesSent += uint64(len(d))
}

// checkHeld keeps all sessions together within the limit: the one that holds most gives up what it holds, and ends when
// that is nothing but what it knows of numbers.
func (r *reception) checkHeld() {
	for {
		total, most := r.sessions.held()
		if r.past.PartialBytes = uint64(total); total <= r.cfg.MaxHeld {
			return
		}
		if !most.inbox.evict() {
			r.cfg.Logger.Warn("listener takes too much memory, its session ends", "listener", most.where.proven.addr)
			r.tell(r.end(most))
		}
	}
}

// end closes a session's accounts and remembers that it has ended.
func (r *reception) end(s *session) *tombstone {
	r.introduce(s) // it may have been there for less than a moment
	t := s.bury(r.now)
	s.addTo(&r.past)
	r.sessions.remove(s)
	if r.ended.bury(t, r.ran.total) {
		r.responder.local.forget()
	}
	return t
}

// close ends all sessions and tells the listeners.
func (r *reception) close(now int64) {
	r.setTime(now)
	for _, s := range r.sessions.byID {
		r.tell(r.end(s))
	}
}
