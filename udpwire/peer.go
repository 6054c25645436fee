package udpwire

import "log/slog"

// A peer is what a listener knows of one replayer: the state they are in (see there), the session with it, and the
// accounts of past ones. What has a reason of its own to change lies in its parts. It is driven with the time and does
// no I/O but the outbox's. tick is to be called when due, after whatever had come by then was taken in. Not safe for
// concurrent use.
type peer struct {
	name    string        // As the user wrote it, for the log.
	log     *slog.Logger  // It is told when the state changes.
	dropped func() uint64 // How many messages the listener had no room for; goes into each HEARTBEAT.
	others  func() bool   // Reports whether other replayers are there, who get what this one would.

	state     state
	initiator initiator // Asks for a session.
	contact   contact   // Whether the replayer is there.
	out       outbox    // What is sent in the session.
	in        incoming  // What comes back in it.
	farewell  farewell  // The end.
	status    announcer // What the listener tells of itself.
	instance  uint64    // Which process the replayer said it is; 0: it has never answered.
	refuses   bool      // It has said that it does not want production's responses.
	forlorn   forlorn   // Whether waiting makes no sense.
	accounts  peerAccounts
	report    report // Scratch.
}

// tick does what time brings: HELLO, HEARTBEAT, BYE, and what can be sent now.
func (p *peer) tick(now int64) {
	if p.state == departed {
		return
	}
	p.contact.ran.tick(now, p.contact.every()+tickLate)
	p.judge(now)
	if p.state.asking() {
		p.sayHello(now)
	}
	if p.state == leaving {
		p.sayBye(now)
	}
	p.drain(now)
	if p.state.beating() && now >= p.out.beat() {
		p.beat(now)
	}
	if p.state == live {
		p.out.search(now, p.dropped())
		p.status.tick(now, &p.out)
	}
	p.out.tx.health.tell(p.log, p.name)
	p.contact.rests = rests(p)
}

// due is when tick is to be called next.
func (p *peer) due() int64 {
	if p.state == departed {
		return never
	}
	due := p.contact.ran.at + tickEvery
	if rests(p) {
		due = p.contact.ran.at + p.contact.every()
	}
	if p.state.asking() {
		due = min(due, p.initiator.nextAt)
	}
	if p.state == live {
		due = min(due, p.out.tx.size.nextAt, p.status.due())
	}
	if p.state == leaving {
		due = min(due, p.farewell.byeAt)
	}
	if p.state.beating() {
		due = min(due, p.out.beat())
	}
	return due
}

// judge finds out what has happened without a datagram that says so.
func (p *peer) judge(now int64) {
	p.checkRefused(now)
	switch {
	case (p.state == live || p.state == opening) && p.contact.quietFor() > silentAfter:
		p.happen(now, quiet)
	case p.state == live && p.out.flight.spent():
		p.out.heartbeat(now, kindBye, p.dropped())
		p.happen(now, spent)
	}
	if p.out.patient {
		noTarget := p.state == live && p.out.reported.flags&reportNoTarget != 0
		if news := p.forlorn.check(now, p.absentFor() >= nobodyAfter, noTarget); news != "" {
			p.log.Warn(news, "replayer", p.name)
		}
	}
	p.checkFarewell(now)
	p.checkUnheard()
}

// happen moves the state and does what belongs to that.
func (p *peer) happen(now int64, e event) {
	from, to, asked := p.state, p.state.on(e), p.initiator.nextAt
	if to == from {
		return
	}
	p.state = to
	var lost tally
	if from.ends(e, to) {
		lost = p.endSession()
	}
	if from == live {
		p.contact.absentAt = p.contact.ran.total
	}
	p.tell(from, e, lost)
	switch to {
	case seeking, silent:
		at := now
		if from == opening { // a session that does not begin is not asked for faster than any
			at = max(now, asked)
		}
		p.initiator.restart(at)
	case opening:
		p.initiator.asked = false
		p.contact.progressAt = p.contact.ran.total
		p.contact.known = e == welcomedBack
	case live:
		p.initiator.asked = false
		if !p.contact.lived {
			p.begun(now)
		}
		p.contact.met, p.contact.lived, p.contact.known, p.contact.refused = true, true, true, false
	}
}

// endSession closes the accounts of the session and returns what is lost with it. What was not sent yet waits for the
// next one.
func (p *peer) endSession() (lost tally) {
	p.out.recall()
	before := p.accounts.lost
	p.accounts.close(&p.out)
	p.out.abandon()
	p.out.begin(outgoing{})
	p.contact.known, p.contact.lived = false, false
	return p.accounts.lost.without(before)
}

// drain sends what is pending, if it may.
func (p *peer) drain(now int64) {
	if p.state == live {
		before := p.out.pulse.dataAt
		p.out.drain(now) // what does not get out now stays, and is tried again with the next tick
		p.checkRefused(now)
		if p.state == live && p.out.pending.first == nil && p.out.trip.known() && p.out.pulse.lone(before) {
			p.beat(now)
		}
	}
}

// beat sends a HEARTBEAT, or BEGIN until the replayer is known to have the session.
func (p *peer) beat(now int64) {
	if p.state == opening && !p.contact.known {
		p.out.opening(now, p.initiator.begin(), p.dropped())
	} else {
		p.out.heartbeat(now, kindHeartbeat, p.dropped())
	}
}

// sayHello sends a HELLO when one is due.
func (p *peer) sayHello(now int64) {
	if now < p.initiator.nextAt {
		return
	}
	current := uint64(0)
	if p.state == silent {
		current = p.out.channel.session
	}
	p.out.tx.send(p.initiator.datagram(current), maxControl)
	p.initiator.said(now)
}

// datagram takes in what came from the replayer's address. The bytes are lent and decrypted in place.
func (p *peer) datagram(now int64, d []byte) {
	h, why, ok := parseHeader(d)
	if ok {
		switch h.kind {
		case kindWelcome:
			why, ok = p.welcome(now, h, d)
		case kindRetry:
			why, ok = p.initiator.retry(now, h, d)
		case kindUnknown:
			why, ok = p.unknown(now, h, d)
		case kindReport, kindBye:
			why, ok = p.reported(now, h, d)
		default:
			why, ok = rejectKind, false
		}
	}
	if !ok {
		p.accounts.rejects[why]++
		return
	}
	p.accounts.responses++
}

// welcome takes in a WELCOME: the session goes on, or a new one begins.
func (p *peer) welcome(now int64, h header, d []byte) (why reason, ok bool) {
	var w welcome
	if why, ok = p.initiator.accept(h, d, &w); !ok {
		return why, false
	}
	p.refuses = w.flags&welcomeResponses == 0
	if p.state == silent && w.session == p.initiator.hello.current {
		p.happen(now, welcomedBack)
		p.beat(now)
		return 0, true
	}
	seal, open, err := p.initiator.sealers(&w)
	if err != nil { // not what an honest replayer contributes
		p.initiator.restart(now)
		return rejectMalformed, false
	}
	p.happen(now, welcomedAnew)
	p.out.begin(newOutgoing(w.session, seal, now))
	p.out.credit.window = int64(w.window)
	p.instance = w.instance
	p.in = incoming{seal: open}
	p.beat(now)
	return 0, true
}

// unknown takes in an UNKNOWN: the replayer does not know the session, or somebody would have us believe that. HELLO asks.
func (p *peer) unknown(now int64, h header, d []byte) (why reason, ok bool) {
	body, ok := p.initiator.keys.open(h, d)
	if !ok {
		return rejectAuth, false
	}
	var u unknown
	if !u.parse(body) {
		return rejectMalformed, false
	}
	if !p.state.inSession() || u.session != p.out.channel.session || !p.out.sent(u.number) {
		return rejectUnknownSession, false
	}
	p.happen(now, doubted)
	return 0, true
}

// begun does what is to be done when the replayer has confirmed something in the session for the first time.
func (p *peer) begun(now int64) {
	p.accounts.sessions++
	p.status.nextAt = now
	p.out.tx.size.search()
	p.out.search(now, p.dropped())
}

// reported takes in a REPORT, or a BYE, with which the replayer ends the session.
func (p *peer) reported(now int64, h header, d []byte) (why reason, ok bool) {
	if !p.state.inSession() || h.session != p.out.channel.session {
		return rejectUnknownSession, false
	}
	body, why, ok := p.in.open(h, d)
	if !ok {
		return why, false
	}
	if !p.report.parse(body) {
		return rejectMalformed, false
	}
	draining, unsettled := p.out.reported.draining(), p.out.flight.unsettled()
	progress, ok := p.out.report(now, &p.report)
	if !ok {
		return rejectMalformed, false
	}
	p.in.seen.mark(h.number)
	p.out.channel.age.confirmed = p.in.epoch()
	if progress {
		p.contact.progressAt = p.contact.ran.total
		p.happen(now, progressed)
	}
	if h.kind == kindBye {
		p.happen(now, ended)
	} else {
		p.prove(now)
	}
	p.drain(now)
	if p.out.reported.draining() && p.out.pulse.answers(now, !draining || unsettled && !p.out.flight.unsettled()) {
		p.beat(now)
	}
	return 0, true
}

// prove shows that the replayer's responses arrive here, if it wants to know: it has heard us from a new address.
func (p *peer) prove(now int64) {
	if c := p.report.challenge; c != 0 && c != p.out.answer {
		p.out.answer = c
		p.beat(now)
	}
}
