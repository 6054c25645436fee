package udpwire

import "log/slog"

// A peer is what a listener knows of one replayer: in which phase they are, the session with it, and the accounts of
// past ones. What has a reason of its own to change lies in its parts. It is driven with the time and does no I/O but
// the outbox's. Not safe for concurrent use.
type peer struct {
	name    string        // As the user wrote it, for the log.
	log     *slog.Logger  // It is told when the phase changes.
	dropped func() uint64 // How many messages the listener had no room for; goes into each HEARTBEAT.

	phase     phase
	initiator initiator // Asks for a session.
	size      pathSize  // How large the datagrams may be.
	contact   contact   // Whether the replayer is there.
	out       outbox    // What is sent in the session.
	in        incoming  // What comes back in it.
	farewell  farewell  // The end.
	accounts  peerAccounts
	report    report // Scratch.
}

// A phase is where a listener stands with a replayer.
type phase uint8

const (
	phaseSeeking phase = iota // There is no session; HELLO goes out.
	phaseLive                 // In session, and the replayer responds.
	phaseSilent               // In session, but it does not; HELLO asks whether it still knows the session.
)

// tick does what time brings: HELLO, HEARTBEAT, BYE, and what can be sent now.
func (p *peer) tick(now int64) {
	if p.farewell.done {
		return
	}
	if p.phase == phaseLive {
		p.checkSession(now)
	} else {
		p.sayHello(now)
	}
	p.checkRefused(now)
	p.drain(now)
	if p.phase != phaseSeeking && now >= p.out.beat() {
		p.beat(now)
	}
	p.leave(now)
}

// due is when tick is to be called next.
func (p *peer) due() int64 {
	if p.farewell.done {
		return never
	}
	due := never
	if p.phase != phaseLive {
		due = p.initiator.nextAt
	}
	if p.phase != phaseSeeking {
		due = min(due, p.out.beat())
		if p.farewell.begun {
			due = min(due, max(p.farewell.byeAt, p.out.pulse.dataAt))
		}
	}
	return due
}

// checkSession ends a live session that cannot go on: the replayer has become silent, or the numbers are used up; the
// next session has numbers again.
func (p *peer) checkSession(now int64) {
	switch {
	case now-p.contact.heardAt > silentAfter:
		p.silent(now)
	case p.out.flight.exhausted() && !p.out.flight.unsettled():
		p.out.heartbeat(now, kindBye, p.dropped())
		p.endSession(now)
	}
}

// drain sends what is pending, if it may.
func (p *peer) drain(now int64) {
	if p.phase != phaseLive {
		return
	}
	p.out.drain(now) // what does not get out now stays, and is tried again with the next tick
	p.checkRefused(now)
}

// beat sends a HEARTBEAT.
func (p *peer) beat(now int64) { p.out.heartbeat(now, kindHeartbeat, p.dropped()) }

// sayHello sends a HELLO when one is due.
func (p *peer) sayHello(now int64) {
	if now < p.initiator.nextAt {
		return
	}
	current := uint64(0)
	if p.phase == phaseSilent {
		current = p.out.channel.session
	}
	p.out.tx.send(p.initiator.datagram(current), maxControl)
	p.initiator.said(now)
	p.checkUnheard(now)
}

// datagram takes in what came from the replayer's address. The bytes are lent and decrypted in place.
func (p *peer) datagram(now int64, d []byte) {
	h, why, ok := parseHeader(d)
	if ok {
		switch h.kind {
		case kindWelcome:
			why, ok = p.welcome(now, h, d)
		case kindReport, kindBye:
			why, ok = p.reported(now, h, d)
		default:
			why, ok = rejectKind, false
		}
	}
	if !ok {
		p.accounts.rejects[why]++
	}
}

// welcome takes in a WELCOME: the session goes on, or a new one begins.
func (p *peer) welcome(now int64, h header, d []byte) (why reason, ok bool) {
	var w welcome
	if why, ok = p.initiator.accept(h, d, &w); !ok {
		return why, false
	}
	p.accounts.responses++
	if p.phase == phaseSilent && w.session == p.initiator.hello.current {
		p.alive(now)
		return 0, true
	}
	if p.phase == phaseSilent {
		p.endSession(now)
	}
	seal, open, err := p.initiator.sealers(&w)
	if err != nil {
		p.log.Error("no keys for the session", "replayer", p.name, "err", err)
		return 0, true
	}
	p.size.begin()
	p.accounts.sessions++
	p.out.begin(newOutgoing(w.session, seal))
	p.out.credit.window = int64(w.window)
	p.in = incoming{seal: open}
	p.phase = phaseLive
	p.alive(now)
	p.beat(now) // proves to the replayer that its response arrived, and measures the round trip
	for _, size := range p.size.candidates {
		p.out.probe(now, p.dropped(), size)
	}
	p.drain(now)
	return 0, true
}

// reported takes in a REPORT, or a BYE, with which the replayer ends the session.
func (p *peer) reported(now int64, h header, d []byte) (why reason, ok bool) {
	if p.phase != phaseLive && p.phase != phaseSilent || h.session != p.out.channel.session {
		return rejectUnknownSession, false
	}
	body, why, ok := p.in.open(h, d)
	if !ok {
		return why, false
	}
	if !p.report.parse(body) || !p.out.report(now, &p.report) {
		return rejectMalformed, false
	}
	p.in.seen.mark(h.number)
	p.accounts.responses++
	p.size.proven(int(p.report.size))
	if h.kind == kindReport {
		p.alive(now)
		p.drain(now)
		return 0, true
	}
	if p.farewell.begun && p.farewell.byes > 0 {
		p.farewell.done = true
	} else {
		p.log.Warn("replayer has gone, messages are kept as far as the buffer goes", "replayer", p.name)
	}
	p.endSession(now)
	return 0, true
}

// endSession closes the accounts of the session. What was not sent yet waits for the next one.
func (p *peer) endSession(now int64) {
	p.accounts.close(&p.out)
	p.out.abandon()
	p.out.begin(outgoing{})
	p.phase, p.contact.up = phaseSeeking, false
	p.initiator.restart(now)
}
