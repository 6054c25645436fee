package udpwire

import "time"

// A contact is what a listener knows of whether a replayer is there, beside their state. It counts running time, so
// that nobody is called silent who could not be heard. The zero value knows of none.
type contact struct {
	ran        runningTime
	rests      bool  // As of the last tick nothing was under way.
	progressAt int64 // When something new was last confirmed, or a session named, in running time.
	absentAt   int64 // When the replayer was last live, or the start, in running time.

	met     bool // It has been live once.
	lived   bool // In the present session it has.
	known   bool // It has said that it has the present session.
	refused bool // Since it last was live, its machine says that nobody listens there.
	warned  bool // The user was told that no response came.
}

// How long a response may take, in running time.
const (
	warnAfter   = int64(3 * time.Second) // the first one, until the user is told
	silentAfter = int64(2 * time.Second) // one to what is sent in a session
)

// A tick is due after tickEvery at the latest, or restEvery where nothing is under way: who sleeps longer wakes a
// machine less often. One that comes so much later than that this process cannot have run counts as tickLate more. A
// stop that long and a rest, behind the second between two HEARTBEATs, are still less than silentAfter.
const (
	tickEvery = int64(100 * time.Millisecond)
	restEvery = int64(500 * time.Millisecond)
	tickLate  = int64(150 * time.Millisecond)
)

// rests reports whether a replayer is there and nothing is under way to it or waits for it.
func rests(p *peer) bool { return p.state == live && p.out.idle() && !p.out.held() }

// every is how long after the last tick the next one is due.
func (c *contact) every() int64 {
	if c.rests {
		return restEvery
	}
	return tickEvery
}

// quietFor is for how long the replayer has confirmed nothing new, in ns of running time.
func (c *contact) quietFor() int64 { return c.ran.total - c.progressAt }

// absentFor is for how long the replayer has not been live, in ns of running time.
func (p *peer) absentFor() int64 {
	if p.state == live {
		return 0
	}
	return p.contact.ran.total - p.contact.absentAt
}

// up reports whether the replayer is there and takes new messages.
func (p *peer) up() bool { return p.state == live && !p.out.reported.draining() }

// fate says what becomes of what was not sent yet to a replayer that is not there.
func fate(others bool) string {
	if others {
		return "what was not sent yet goes to others"
	}
	return "what was not sent yet is kept as far as the buffer goes"
}

// checkRefused acts on a refusal, the only error of a socket that says something about the replayer: whatever else
// does not get out is lost on the way and asked for again.
func (p *peer) checkRefused(now int64) {
	if !p.out.tx.refused {
		return
	}
	p.out.tx.refused = false
	if !p.contact.refused && !p.contact.met && !p.others() {
		p.log.Warn("no replayer there yet, messages are kept as far as the buffer goes", "replayer", p.name)
	}
	p.contact.refused = true
	p.happen(now, doubted)
}

// checkUnheard tells the user once when no response comes.
func (p *peer) checkUnheard() {
	c := &p.contact
	if c.warned || c.refused || c.met || p.absentFor() < warnAfter || p.others() {
		return
	}
	c.warned = true
	text := "no answer: is gor replay running there, and without a secret?"
	if p.initiator.keys != nil {
		text = "no answer: is gor replay running there with the same secret?"
	}
	p.log.Warn(text, "replayer", p.name)
}

// tell logs that the event e has led from another state to the present one, and what was lost with a session that
// ended. Nothing is said of what the user need not know.
func (p *peer) tell(from state, e event, lost tally) {
	c, log := &p.contact, p.log.With("replayer", p.name)
	if lost.messages > 0 && e == welcomedAnew {
		log.Warn("replayer does not know the session any more, what it had not confirmed is lost", "messages", lost.messages)
	}
	switch {
	case p.state == live && c.lived:
		log.Info("replayer answers again")
	case p.state == live && c.met:
		log.Info("replayer is back, a new session begins")
	case p.state == live:
		log.Info("replayer answers", "datagram_bytes", p.out.tx.size.full, "sealed", p.initiator.keys != nil)
	case p.state == silent && from == live:
		log.Warn("replayer does not answer any more, "+fate(p.others()), "sent_unconfirmed", p.out.begun.unconfirmed(&p.out.reported))
	case p.state == seeking && e == ended:
		log.Warn("replayer has left, "+fate(p.others()), "lost", lost.messages)
	case p.state == seeking && e == replaced:
		log.Warn("replayer is given up, others take its place, and what it had not confirmed is lost", "lost", lost.messages)
	}
}
