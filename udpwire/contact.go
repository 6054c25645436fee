package udpwire

import "time"

// A contact is what a listener knows of whether a replayer is there. The zero value knows of none.
type contact struct {
	up      bool  // Messages may be trusted to the replayer: it responds, or has not had the time to.
	met     bool  // It has responded once.
	refused bool  // Its machine says that nobody listens there.
	warned  bool  // The user was told that no response came.
	heardAt int64 // When it last responded, in ns.
}

// How long a response may take.
const (
	warnAfter   = int64(3 * time.Second) // the first one, until the user is told
	silentAfter = int64(2 * time.Second) // one to HEARTBEATs
)

// alive notes that the replayer responded.
func (p *peer) alive(now int64) {
	switch asked := p.initiator.asked; {
	case p.phase == phaseSilent:
		p.phase = phaseLive
		p.log.Info("replayer answers again", "replayer", p.name)
	case asked && p.contact.met:
		p.log.Info("replayer is back, a new session begins", "replayer", p.name)
	case asked:
		p.log.Info("replayer answers", "replayer", p.name, "datagram_bytes", p.size.full, "sealed", p.initiator.keys != nil)
	}
	p.initiator.asked = false
	p.contact = contact{up: true, met: true, heardAt: now}
}

// silent notes that a replayer in session does not respond any more.
func (p *peer) silent(now int64) {
	p.phase, p.contact.up = phaseSilent, false
	p.log.Warn("replayer does not answer any more, messages are kept as far as the buffer goes", "replayer", p.name)
	p.initiator.restart(now)
}

// checkRefused acts on a refusal, the only error of a socket that says something about the replayer: whatever else
// does not get out is lost on the way and asked for again.
func (p *peer) checkRefused(now int64) {
	if !p.out.tx.refused {
		return
	}
	p.out.tx.refused = false
	if !p.contact.refused {
		p.contact.refused = true
		if p.phase == phaseSeeking {
			p.log.Warn("no replayer there yet, messages are kept as far as the buffer goes", "replayer", p.name)
		}
	}
	if p.phase == phaseLive {
		p.silent(now)
	}
	p.contact.up = false
}

// checkUnheard tells the user once when no response comes.
func (p *peer) checkUnheard(now int64) {
	if p.contact.warned || p.contact.refused || p.phase != phaseSeeking || now-p.initiator.since < warnAfter {
		return
	}
	p.contact.warned, p.contact.up = true, false
	text := "no answer: is gor replay running there?"
	if p.initiator.keys != nil {
		text = "no answer: is gor replay running there with the same secret?"
	}
	p.log.Warn(text, "replayer", p.name)
}

// absentFor is how long the replayer has not been there, in ns.
func (p *peer) absentFor(now int64) int64 {
	if p.phase == phaseLive {
		return 0
	}
	return now - p.initiator.since
}
