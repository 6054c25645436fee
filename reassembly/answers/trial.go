package answers

// Where nobody knows what is open on a connection, since its beginning was not seen or
// something was lost, its client is put on trial: its answers are read as if it waited
// for each before it asks again, and told as missing, until there is reason to believe it.
//
// If it did not wait, but had something open all the time, each answer would be another
// request's, and hardly anything would show it. So what is believed is a habit, which was
// seen where everything was certain. And whatever does not fit ends the trial, and is
// held against all clients at that address.

const (
	// enough is how many times a client has to have waited for an answer, and never not,
	// until that is its habit.
	enough = 8
	// others is how many clients at its address must have it, where it was not seen of
	// the client itself.
	others = 3
	// passes is how many answers in a row have to fit on a trial where the client itself
	// has the habit, and strangers where only others have it. Who stops waiting just when
	// something is lost seldom does so for as long.
	passes    = 2
	strangers = 16
)

// believes reports whether the client of a connection had the answer to all it had asked
// before when it asked what is next, or where the answers begin is certain.
func (p *pairing) believes(c *conn) bool {
	a := &c.client
	if !a.trial {
		return true
	}
	if a.passed < passes || a.waited < enough && a.passed < strangers {
		return false
	}
	h := p.habits.of(c.pair.origin())
	return !h.pipelines(p.clock.now) && (a.waited >= enough || h.waiting >= others)
}

// pass is told that the client had had all answers before it asked, and no more.
func (p *pairing) pass(c *conn) {
	a := &c.client
	switch {
	case a.trial:
		a.passed = min(a.passed+1, strangers)
	case a.waited < enough:
		if a.waited++; a.waited == enough && !a.pipelines {
			p.habits.wait(c.pair.origin())
		}
	}
}

// unmask is told that the client has asked before it had an answer.
func (p *pairing) unmask(c *conn) {
	c.client.pipelines = true
	p.habits.pipeline(c.pair.origin(), p.clock.now)
}

// refuse is told of what no server says to a client that waits. Where it is certain what
// was asked, it is the server that is odd.
func (p *pairing) refuse(c *conn) {
	if c.client.trial {
		p.unmask(c)
	}
	p.doubt(c)
}

// mayTry reports whether the client of a connection can be put on trial when it asks: nothing
// is known to be open, or it has the habit, so that what is has been answered.
func (p *pairing) mayTry(c *conn) bool {
	return !c.client.pipelines && (p.isIdle(c) || c.client.waited >= enough)
}
