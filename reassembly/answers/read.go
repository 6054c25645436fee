package answers

import (
	"cmp"

	"gor/reassembly/http1"
)

const (
	// window is how far ahead of the next byte a segment can be, and behind how far
	// back one that was sent again.
	window = 64 << 20
	behind = 1 << 20
	// maxHead bounds the head of an answer.
	maxHead = 64 << 10
	// maxUnasked is how much is kept of what may be the answer to a question to come.
	maxUnasked = 64 << 10
)

// A pairing puts what servers send in order, and finds in it the answer to each
// question (here), or that nobody can know which one it is (doubt.go).
type pairing struct {
	ledger
	clock  clock
	habits habits
	sparse bool // no segment of a server was seen that does not begin with a status line: the source has no others
}

// arrive takes what a server sent.
func (p *pairing) arrive(c *conn, in span) {
	ahead := minus(in.seq, c.at)
	switch c.phase {
	case over:
		if ahead > window || ahead < -behind { // of another connection with the same addresses
			p.arriveLost(c, in)
		}
		return
	case lost, unknown:
		p.arriveLost(c, in)
		return
	}
	if ahead > 0 && ahead <= window && c.phase == inBody && !c.reply.open && len(c.kept) == 0 && p.skip(c, ahead) {
		ahead = minus(in.seq, c.at) // nobody wants what is missing
	}
	switch {
	case ahead > window || ahead < -behind:
		if len(c.asked) == 0 && !c.reply.open && in.begins() { // likewise
			p.doubt(c)
			p.arriveLost(c, in)
		}
	case ahead+in.len() <= 0: // sent again
	case ahead <= 0 && len(c.kept) == 0 && c.isReading():
		in.after(-ahead)
		if rest := p.read(c, in); rest.len() > 0 {
			p.keep(c, rest)
		}
	case !p.keep(c, in):
		p.giveUp(c)
	}
}

// arriveLost takes what a server sent where nobody knows whether an answer begins
// with it: the head that came last, and what follows it, may be that of a question
// to come.
func (p *pairing) arriveLost(c *conn, in span) {
	n := len(c.kept)
	follows := n > 0 && c.kept[n-1].end() == in.seq
	if !follows && in.begins() || c.keptBytes > maxUnasked {
		p.drop(c, nil)
	}
	if follows || in.begins() {
		p.keep(c, in)
	}
}

// proceed does what can be done now.
func (p *pairing) proceed(c *conn) {
	for p.step(c) {
	}
}

// step does the next thing that can be done, and reports whether there was one.
func (p *pairing) step(c *conn) bool {
	switch {
	case c.phase == unknown && len(c.asked) > 0:
		p.resume(c)
		return true
	case c.end.seen && c.end.at == c.at && (c.isReading() || c.phase == before):
		p.finish(c)
		return false
	case len(c.kept) == 0 || !c.isReading():
		return false
	case c.missing() > 0:
		if !p.sparse || c.phase == before || len(c.reply.head) == 0 && c.phase == inHead {
			return false
		}
		p.giveUp(c) // the source does not have it
		return true
	}
	in := c.unkeep()
	if n := minus(c.at, in.seq); n < in.len() {
		in.after(n)
		if rest := p.read(c, in); rest.len() > 0 {
			p.keep(c, rest)
		}
	}
	p.pool.Put(in.buf)
	return true
}

// read reads what comes next, and returns what is to be kept of it, since its
// question was not asked yet.
func (p *pairing) read(c *conn, in span) span {
	for in.len() > 0 {
		switch c.phase {
		case before:
			if len(c.asked) == 0 {
				return in
			}
			p.expect(c, &in)
		case inHead:
			p.readHead(c, &in)
		case inBody:
			p.readBody(c, &in)
		default:
			return span{}
		}
	}
	return span{}
}

// expect begins to read the answer to the question that is the next in order, unless
// something speaks against it: the server has not seen the request yet, or the client
// has had more than the answers before.
func (p *pairing) expect(c *conn, in *span) {
	q := &c.asked[0]
	a := &c.client
	switch early, had := minus(in.ack, q.Seq) <= 0, minus(q.Ack, c.at); {
	case early && in.isTimeout() || c.guess && in.again:
		p.doubt(c)
		return
	case early || had > 0 || had < 0 && a.trial:
		p.refuse(c)
		return
	case had < 0:
		p.unmask(c)
	case !a.fresh && in.begins():
		p.pass(c)
	}
	if !p.believes(c) && !q.Unwanted {
		p.miss(q)
		q.Unwanted = true // it is read all the same
	}
	c.reply = reply{msg: http1.Response(q.method())}
	c.phase, c.guess, a.fresh = inHead, false, false
}

// readHead reads in the head of the answer to the first question.
func (p *pairing) readHead(c *conn, in *span) {
	y := &c.reply
	if len(in.data) == 0 {
		p.missAll(c, 1)
		c.at = in.end()
		p.loseEnd(c, true)
		return
	}
	had, b := len(y.head), in.data
	if had == 0 {
		y.at = in.time
	} else {
		y.head = p.pool.Append(y.head, in.data)
		b = y.head
	}
	v := y.msg.Head(b, "")
	if had == 0 && v <= http1.Whole {
		y.head = p.pool.Append(nil, b[:cmp.Or(y.msg.HeadLen, len(b))])
	}
	switch {
	case v == http1.More && len(y.head) <= maxHead:
		c.move(in, len(in.data))
	case v == http1.Whole:
		c.move(in, y.msg.HeadLen-had)
		y.head = y.head[:y.msg.HeadLen]
		p.answer(c, in.time)
	default:
		p.refuse(c)
	}
}

// move goes on behind the first n bytes of what comes next.
func (c *conn) move(in *span, n int) {
	in.after(n)
	c.at += uint32(n)
}

// answer is told that the head is whole.
func (p *pairing) answer(c *conn, now int64) {
	y := &c.reply
	switch status := y.msg.Status; {
	case status < 200 && status != 101:
		p.stats.Interim++
		p.free(y)
		*y = reply{msg: http1.Response(c.asked[0].method())}
		return
	case status == 408:
		p.stats.Timeouts++
		p.doubt(c)
		return
	}
	y.q = c.asked[0]
	y.open = !y.q.Unwanted
	c.answered(1)
	c.phase = inBody
	switch _, v := y.msg.Body(nil); {
	case y.msg.Tunnel:
		p.deliver(c, 0, now)
		p.close(c)
	case v == http1.Whole:
		p.end(c, now)
	case p.hasEnough(y):
		p.deliver(c, y.announced(), 0)
	}
}

// readBody reads in a body.
func (p *pairing) readBody(c *conn, in *span) {
	y := &c.reply
	if len(in.data) == 0 {
		p.readCut(c, in)
		return
	}
	var content []byte
	var n int
	var v http1.Verdict
	if y.open {
		content, n, v = http1.Content(&y.msg, in.data)
		p.take(y, content)
	} else {
		n, v = y.msg.Body(in.data)
	}
	c.move(in, n)
	switch {
	case v == http1.Whole:
		p.end(c, in.time)
	case v > http1.Whole:
		p.refuse(c)
	case y.open && p.hasEnough(y):
		p.deliver(c, y.announced(), 0)
	}
}

// readCut goes on behind bytes of a body that were not captured.
func (p *pairing) readCut(c *conn, in *span) {
	for in.cut > 0 && c.phase == inBody {
		from := c.at
		if !p.skip(c, in.cut) {
			c.at = in.end()
			p.loseEnd(c, true)
			return
		}
		in.after(minus(c.at, from))
	}
}

// skip goes on behind n bytes of a body that will not come, or to its end if that is
// nearer. It reports false where they may hold the end.
func (p *pairing) skip(c *conn, n int) bool {
	y := &c.reply
	if left, known := y.msg.Left(); known {
		n = int(min(int64(n), left))
	}
	if !y.msg.Gap(int64(n)) {
		return false
	}
	c.at += uint32(n)
	y.torn = true
	p.deliver(c, y.announced(), 0)
	if _, v := y.msg.Body(nil); v == http1.Whole {
		p.end(c, 0)
	}
	return true
}

// end is told that an answer has ended.
func (p *pairing) end(c *conn, now int64) {
	p.deliver(c, c.reply.msg.BodyLen, now)
	p.free(&c.reply)
	c.phase = before
}

// finish is told that the server has ended the connection, or at least what it sends.
func (p *pairing) finish(c *conn) {
	if c.phase == inBody && !c.end.reset && c.reply.msg.End() == http1.Whole {
		p.deliver(c, c.reply.msg.BodyLen, p.clock.now)
	}
	p.close(c)
}

// close is told that nothing comes any more that is an answer.
func (p *pairing) close(c *conn) {
	p.deliver(c, -1, 0)
	p.missAll(c, len(c.asked))
	p.free(&c.reply)
	p.drop(c, nil)
	c.phase = over
}
