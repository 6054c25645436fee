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
func (h *habits) believes(c *conn, now int64) bool {
	a := &c.client
	if !a.trial {
		return true
	}
	if a.passed < passes || a.waited < enough && a.passed < strangers {
		return false
	}
	there := h.of(c.pair.origin())
	return !there.pipelines(now) && (a.waited >= enough || there.waiting >= others)
}

// pass is told that the client had had all answers before it asked, and no more.
func (h *habits) pass(c *conn) {
	a := &c.client
	switch {
	case a.trial:
		a.passed = min(a.passed+1, strangers)
	case a.waited < enough:
		if a.waited++; a.waited == enough && !a.pipelines {
			h.wait(c.pair.origin())
		}
	}
}

// unmask is told that the client has asked before it had an answer.
func (h *habits) unmask(c *conn, now int64) {
	c.client.pipelines = true
	h.pipeline(c.pair.origin(), now)
}

// refuse is told of what no server says to a client that waits. Where it is certain what
// was asked, it is the server that is odd.
func (p *pairing) refuse(c *conn) {
	if c.client.trial {
		p.habits.unmask(c, p.clock.now)
	}
	p.doubt(c)
}

// mayTry reports whether the client of a connection can be put on trial when it asks: nothing
// is known to be open, or it has the habit, and what seems to be open was answered without
// being seen, as later words of the server were.
func (c *conn) mayTry(sparse bool) bool {
	n := len(c.asked)
	return !c.client.pipelines && (c.isIdle(sparse) || c.client.waited >= enough && (n == 0 || c.heard > c.asked[n-1].Time))
}
