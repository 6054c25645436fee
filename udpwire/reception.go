package udpwire

import (
	"net/netip"
	"time"
)

// A reception knows all listeners: it responds to HELLO, brings each datagram to its session, and keeps the limits. It is
// driven with the time and does no I/O but write. Not safe for concurrent use.
type reception struct {
	cfg    ReceiverConfig
	write  func(d []byte, to *source) error // Sends one datagram.
	handle func(*Message)                   // It is lent each message for the call.

	now      int64  // Set by whoever calls, before each call, in ns.
	instance uint64 // Says that it is this reception and no other.
	due      int64  // When tick is to be called at the latest.
	overruns uint64 // Datagrams that the socket's buffer had no room for; set by whoever calls.

	responder responder
	sessions  sessionTable
	load      loadGauge
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

// idleTick is how often sessions are looked at that nothing came from.
const idleTick = int64(100 * time.Millisecond)

// newReception returns a reception without listeners. cfg is checked, keys are nil without a secret, window is how many
// bytes the socket's buffer takes. handle is to be set before the first datagram.
func newReception(cfg ReceiverConfig, keys *keyring, window int, write func(d []byte, to *source) error) reception {
	return reception{cfg: cfg, write: write, instance: random64(randomBytes) | 1, responder: responder{keys: keys, rand: randomBytes},
		sessions: newSessionTable(window), load: loadGauge{sample: cfg.Load}}
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
	case kindWelcome, kindReport:
		return rejectKind, false
	}
	s := r.sessions.find(h.session)
	if s == nil {
		return r.begin(h, d, from)
	}
	if s.duplicate(h) {
		s.repeated(r.now)
		return 0, true
	}
	body, why, ok := s.open(h, d)
	if !ok {
		return why, false
	}
	return r.bring(s, h, body, len(d), from)
}

// bring brings the body of an authentic datagram of size bytes to its session.
func (r *reception) bring(s *session, h header, body []byte, size int, from source) (why reason, ok bool) {
	r.sessions.touch(s, r.now)
	s.from = from
	if !s.accept(r.now, h, body, size, &r.scratch.gone) {
		return rejectMalformed, false
	}
	s.inbox.stats.datagrams++
	s.inbox.stats.bytes += uint64(size)
	if h.kind == kindBye {
		r.report(s, kindBye)
	}
	for s.inbox.held() > r.cfg.MaxHeldByPeer && s.inbox.evict() {
	}
	return 0, true
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

// hello responds to a HELLO: with the session asked for if that is still known, else with a new one. The response goes
// only to where an authentic HELLO came from.
func (r *reception) hello(h header, d []byte, from source) (why reason, ok bool) {
	size := len(d)
	var ask hello
	if why, ok = r.responder.parse(h, d, &ask); !ok {
		return why, false
	}
	w := welcome{asked: ask.random, instance: r.instance, window: r.sessions.share(r.now)}
	if s := r.sessions.byID[ask.current]; s != nil && !s.ended {
		w.session = ask.current
		r.responder.rand(w.public[:])
	} else if shake := r.responder.offer(h.session, &ask, &r.sessions, r.full); shake != nil {
		w.session, w.public = shake.session, shake.random
	} else {
		return rejectTooMany, false
	}
	r.scratch.out = r.responder.welcome(h, &w, r.scratch.out[:0])
	r.send(r.scratch.out, &from)
	r.past.DatagramsReceived++
	r.past.DatagramBytesReceived += uint64(size)
	return 0, true
}

// full reports whether there is no room for another session, nor one that could make room.
func (r *reception) full() bool {
	return len(r.sessions.byID) >= r.cfg.MaxSessions && r.sessions.idlest(r.now) == nil
}

// begin begins a session with its first datagram, when that proves that the WELCOME arrived or needs none.
func (r *reception) begin(h header, d []byte, from source) (why reason, ok bool) {
	s, shake, why := r.responder.begin(h)
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
		r.end(r.sessions.idlest(r.now))
	}
	s.inbox.start(r.handOn)
	r.sessions.add(s)
	if shake != nil {
		*shake = handshake{}
	}
	r.cfg.Logger.Info("listener connected", "listener", from.addr, "sealed", s.in.seal != nil)
	return r.bring(s, h, body, size, from)
}

// handOn hands a message on if it is one that the consumer was told to expect.
func (r *reception) handOn(m *Message) {
	if m.Kind != KindRequest {
		r.past.MessagesUnknown++
		return
	}
	r.handle(m)
}

// tick sends the responses that are due and sets when it wants to be called next.
func (r *reception) tick() {
	if r.now >= r.due {
		for _, s := range r.sessions.byID {
			r.visit(s)
		}
		r.due = r.now + idleTick
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
	s.inbox.tick(r.now)
	silent := r.now-s.heard > idleEnd
	switch {
	case s.ended:
		if r.now-s.heard > endedEnd {
			r.end(s)
		}
		r.due = min(r.due, s.inbox.detector.overdueAt)
		return
	case r.now >= s.inbox.reporter.dueAt || s.inbox.reporter.unsaid > int64(r.sessions.window)/8:
		r.report(s, kindReport)
	}
	if silent {
		r.cfg.Logger.Warn("listener silent, its session ends", "listener", s.from.addr)
		r.end(s)
		return
	}
	r.due = min(r.due, s.inbox.due())
}

// report sends a REPORT or BYE.
func (r *reception) report(s *session, k kind) {
	out := &r.scratch.report
	out.window, out.load, out.overruns = r.sessions.share(r.now), r.load.read(r.now), r.overruns
	r.scratch.out = s.report(r.now, k, out, r.scratch.out[:0])
	r.send(r.scratch.out, &s.from)
}

// send sends a datagram and counts it if it left.
func (r *reception) send(d []byte, to *source) {
	if r.write(d, to) == nil {
		r.past.DatagramsSent++
		r.past.DatagramBytesSent += uint64(len(d))
	}
}

// checkHeld keeps all sessions together within the limit: the one that holds most gives up.
func (r *reception) checkHeld() {
	for {
		total, most := r.sessions.held()
		if r.past.PartialBytes = uint64(total); total <= r.cfg.MaxHeld || !most.inbox.evict() {
			return
		}
	}
}

// end closes a session's accounts and forgets it.
func (r *reception) end(s *session) {
	s.end()
	s.addTo(&r.past)
	r.sessions.remove(s)
}

// close ends all sessions and tells the listeners.
func (r *reception) close(now int64) {
	r.now = now
	for _, s := range r.sessions.byID {
		if !s.ended {
			s.inbox.finish()
			r.report(s, kindBye)
			s.ended = true
		}
		r.end(s)
	}
}
