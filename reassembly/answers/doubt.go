package answers

// Where it is known which answer belongs to which request, and where not.

// emptyLines is how many bytes may lie between two requests of which none is
// missing: empty lines, which servers skip. The shortest request is longer.
const emptyLines = 8

// maxAsked is how many requests of a connection are waited with for their answers.
const maxAsked = 1 << 8

// admit decides where the answer to a question may begin.
func (p *pairing) admit(c *conn, q *Question) {
	a := &c.client
	if a.known && a.conn != q.Conn {
		p.renew(c)
	}
	gap := minus(q.Seq, a.end)
	if a.known && gap >= 0 && gap <= window && minus(q.Ack, a.ack) <= 0 {
		p.unmask(c)
	}
	if len(c.asked) >= maxAsked {
		p.giveUp(c) // what is missing would have come
		p.proceed(c)
	}
	follows := a.known && !a.broken && gap >= 0 && gap <= emptyLines && len(c.asked) < maxAsked
	switch late := c.acks.before(q.Seq, q.First); {
	case c.phase == over:
		p.miss(q)
	case !late && (!follows || a.trial) && (q.Opens || p.isAlone(c, q)):
		p.begin(c, q.Ack, false)
		p.ask(c, q)
	case !late && follows:
		p.ask(c, q)
	case !late && p.mayTry(c):
		p.missAll(c, len(c.asked))
		p.begin(c, q.Ack, true)
		p.ask(c, q)
	default:
		if a.broken = true; len(c.asked) == 0 && !c.reply.open {
			p.doubt(c)
		}
		p.miss(q)
	}
	a.known, a.conn, a.end, a.ack = true, q.Conn, q.End, q.Ack
}

func (p *pairing) ask(c *conn, q *Question) {
	had := cap(c.asked)
	c.asked = append(c.asked, *q)
	p.conns.queued += cap(c.asked) - had
}

// isAlone reports whether a request may be taken to have no unanswered one before it:
// both sides had been silent. Of a connection of which nothing was known the first request
// could be lost, with this one at its heels, where there are clients that do so.
func (p *pairing) isAlone(c *conn, q *Question) bool {
	return q.Rest >= quiet && q.First-p.clock.began >= quiet && q.First-p.clock.evicted >= quiet &&
		p.isIdle(c) && c.silentBefore(q.First) && (c.client.known || !p.habits.of(c.pair.origin()).pipelines(q.First))
}

// isIdle reports whether nothing is known to be open on a connection.
func (p *pairing) isIdle(c *conn) bool {
	reading := c.phase == inHead || c.phase == inBody && !p.sparse
	return len(c.asked) == 0 && !reading
}

// begin is told that the answer to the next question begins at a sequence number, for
// certain or on trial.
func (p *pairing) begin(c *conn, at uint32, trial bool) {
	p.deliver(c, -1, 0)
	p.free(&c.reply)
	c.phase, c.cut, c.guess, c.at = before, false, trial, at
	a := &c.client
	a.broken, a.trial, a.passed, a.fresh = false, trial, 0, true
	p.drop(c, func(s *span) bool { d := minus(s.seq, at); return d >= 0 && d <= window })
}

// renew is told that another connection has the addresses now.
func (p *pairing) renew(c *conn) {
	p.deliver(c, -1, 0)
	p.missAll(c, len(c.asked))
	p.free(&c.reply)
	c.client = client{}
	c.phase = lost
}

// doubt is told that nobody knows any more which answer belongs to which request.
func (p *pairing) doubt(c *conn) {
	if c.phase != lost && p.believes(c) {
		p.stats.Doubts++
	}
	p.deliver(c, -1, 0)
	p.missAll(c, len(c.asked))
	p.free(&c.reply)
	p.drop(c, nil)
	c.phase, c.client.broken = lost, true
}

// loseEnd is told that nobody can know where the answer ends that is being read.
func (p *pairing) loseEnd(c *conn, cut bool) {
	p.deliver(c, -1, 0)
	p.free(&c.reply)
	p.drop(c, (*span).begins)
	c.phase, c.cut = unknown, cut
}

// resume goes on behind an answer whose end was not seen, with a client that was never
// seen not to wait. Where the source has heads alone, and all that was asked is known,
// that is enough; where something was lost, it is put on trial.
func (p *pairing) resume(c *conn) {
	q := &c.asked[0]
	if minus(q.Ack, c.at) < 0 {
		p.unmask(c)
	}
	switch {
	case c.client.pipelines:
		p.doubt(c)
	case p.sparse || c.cut:
		c.phase, c.cut, c.guess, c.at = before, false, true, q.Ack
	default:
		p.begin(c, q.Ack, true)
	}
}

// giveUp goes on behind the bytes that are missing before the first that is kept.
func (p *pairing) giveUp(c *conn) {
	n := c.missing()
	switch {
	case n == 0:
	case c.phase == inBody:
		if !p.skip(c, n) {
			p.loseEnd(c, false)
		}
	case c.phase == inHead && len(c.reply.head) > 0:
		p.missAll(c, 1)
		p.loseEnd(c, false)
	default:
		p.missAll(c, 1)
		if len(c.asked) == 0 || c.client.pipelines {
			p.doubt(c)
		} else {
			p.begin(c, c.asked[0].Ack, true)
		}
	}
}
