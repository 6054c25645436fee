package reassembly

import "slices"

// read takes the next bytes of a connection; starts says that they begin a
// segment. b is lent for the call.
func (a *Assembler) read(i uint32, c *conn, b []byte, starts bool) {
	for len(b) > 0 {
		switch c.phase {
		case hunting:
			if !starts || !beginsRequest(b) {
				return
			}
			c.phase = between
			c.flags |= guessed
		case between:
			b = a.begin(i, c, b)
		case inside:
			b = a.proceed(c, a.stream(c), b)
		case skipping:
			n := min(*a.recs.skip(i), int64(len(b)))
			a.skipped(i, c, n)
			b = b[n:]
		default:
			return
		}
		starts = false
	}
}

// skip leaves out the next n bytes.
func (a *Assembler) skip(i uint32, c *conn, n int64) {
	c.phase = skipping
	*a.recs.skip(i) = n
}

// skipped counts off bytes of a body whose length is known.
func (a *Assembler) skipped(i uint32, c *conn, n int64) {
	left := a.recs.skip(i)
	if *left -= n; *left == 0 {
		c.phase = between
	}
}

// begin reads a request from its first byte on and returns what follows it.
// One that ends in b, as most do, is handed on where it lies, and nothing is
// kept of it.
func (a *Assembler) begin(i uint32, c *conn, b []byte) []byte {
	m := message{fresh: c.flags&(fresh|upgraded) != 0, firstTime: a.now}
	if !m.fresh {
		if b = b[emptyLines(b):]; len(b) == 0 {
			return nil
		}
		m.state = stateLine
	}
	out := m.head(b, a.cfg.Mark)
	n := len(b)
	if out == done {
		a.enter(c, &m)
		n, out = m.rest(b[m.header:])
		n += m.header
		if int64(n) > a.cfg.MaxRequest && !m.discard {
			a.decide(c, &m, TooLarge)
		}
	}
	switch out {
	case done:
		if !m.discard {
			a.complete(c, &m, b[:n])
		}
		return b[n:]
	case more:
		a.suspend(i, c, &m, b)
		return nil
	case skip:
		return a.jump(i, c, &m, b, m.skip)
	}
	a.refuse(c, &m, out)
	return nil
}

// jump skips n bytes, of which b is what there is yet, to a request.
func (a *Assembler) jump(i uint32, c *conn, m *message, b []byte, n int) []byte {
	if m.skip == emptyLines(b[:min(n, len(b))]) {
		c.flags &^= fresh | upgraded
	}
	if n <= len(b) {
		c.phase = between
		return b[n:]
	}
	a.skip(i, c, int64(n-len(b)))
	return nil
}

// suspend keeps an unfinished request until more of it comes.
func (a *Assembler) suspend(i uint32, c *conn, m *message, b []byte) {
	if m.discard && m.state == stateLength {
		a.skip(i, c, m.need)
		return
	}
	a.recognise(c, m)
	st := a.needStream(i, c)
	st.msg = *m
	c.phase = inside
	if !m.discard && a.reserve(c, st, len(b)) {
		st.buf = append(st.buf, b...)
	}
}

// proceed reads on in the request that c is inside of, and returns what
// follows it.
func (a *Assembler) proceed(c *conn, st *stream, b []byte) []byte {
	m := &st.msg
	if m.state < stateLength {
		if !a.reserve(c, st, len(b)) {
			return nil
		}
		before := len(st.buf)
		st.buf = append(st.buf, b...)
		switch out := m.head(st.buf, a.cfg.Mark); out {
		case more:
			a.recognise(c, m)
			if len(st.buf) > maxHeadBytes {
				a.decide(c, m, TooLarge) // servers answer 431 and close
				c.phase = dead
			}
			return nil
		case done:
			b = b[m.header-before:]
			st.buf = st.buf[:m.header]
			a.enter(c, m)
		case skip:
			a.freeBuffer(st)
			if m.skip < before {
				a.other(c, Unknown) // a PROXY header that turned out to be none
				return nil
			}
			return a.jump(st.conn, c, m, b, m.skip-before)
		default:
			a.refuse(c, m, out)
			return nil
		}
	}
	n, out := m.rest(b)
	if !m.discard && out <= done {
		if int64(len(st.buf)+n) > a.cfg.MaxRequest {
			a.decide(c, m, TooLarge)
		} else if a.reserve(c, st, n) {
			st.buf = append(st.buf, b[:n]...)
		}
	}
	switch {
	case out == done:
		c.phase = between
		if !m.discard {
			a.complete(c, m, st.buf)
		}
		a.freeBuffer(st)
	case out != more:
		a.refuse(c, m, out)
		return nil
	case m.discard:
		a.freeBuffer(st)
		if m.state == stateLength {
			a.skip(st.conn, c, m.need)
		}
	}
	return b[n:]
}

// reserve makes room for n bytes more of the request. Where it is known how
// many will come, and a sixteenth of them is there, room is made for all: the
// length that a client announces costs nothing until it sends. If there is no
// room below the budget, the request is given up.
func (a *Assembler) reserve(c *conn, st *stream, n int) bool {
	have := len(st.buf) + n
	if have <= cap(st.buf) {
		return true
	}
	want := max(have, 2*cap(st.buf))
	if m := &st.msg; m.state == stateLength {
		if total := int64(have) + m.need; int64(have) >= total/16 {
			want = int(total)
		}
	}
	_, size := class(want)
	if a.memory()+int64(size) > a.cfg.MaxMemory && !a.shed(int64(size), st) {
		a.giveUp(c, st, Shed)
		return false
	}
	st.buf = a.pool.grow(st.buf, want-len(st.buf), want)
	return true
}

func (a *Assembler) freeBuffer(st *stream) {
	a.pool.put(st.buf)
	st.buf = nil
}

// enter puts a request into the accounts when its head is in.
func (a *Assembler) enter(c *conn, m *message) {
	a.recognise(c, m)
	if m.state == stateLength && m.need > a.cfg.MaxRequest-int64(m.header) {
		a.decide(c, m, TooLarge)
	}
}

// recognise counts a request once its request line is in.
func (a *Assembler) recognise(c *conn, m *message) {
	if !m.begun && m.state > stateLine {
		a.begun(c, m)
	}
}

// begun counts a request and numbers it.
func (a *Assembler) begun(c *conn, m *message) {
	m.begun, m.index = true, c.nextIndex()
	a.stats.Captured++
	a.stats.Open++
}

// decide gives a request its fate; nothing is kept of it from now on.
func (a *Assembler) decide(c *conn, m *message, fate Fate) {
	if m.discard {
		return
	}
	if !m.begun {
		a.begun(c, m)
	}
	m.discard = true
	a.stats.Open--
	a.stats.Fates[fate]++
}

// complete hands a whole request on.
func (a *Assembler) complete(c *conn, m *message, raw []byte) {
	fate := Loop
	if !m.marked {
		r := &a.req
		r.Index, r.birth = m.index, uint64(c.birth)<<32|uint64(c.first)
		r.First, r.Last = m.firstTime, a.now
		r.Raw, r.method, r.target, r.proto = raw, m.method, m.target, m.proto
		r.HeaderLen, r.BodyBytes = m.header, m.body
		fate = a.emit(r)
		r.Raw = nil
	}
	a.decide(c, m, fate)
	c.flags &^= fresh | guessed | upgraded
	switch {
	case m.upgrade:
		c.flags |= upgraded
	case m.method == len("CONNECT") && string(raw[:m.method]) == "CONNECT":
		a.other(c, Tunnel)
	}
}

// refuse ends the reading of a stream at something that is not a request we
// can trust: what follows would be a guess. Where the place to read at was a
// guess itself, it may just have been a wrong one.
func (a *Assembler) refuse(c *conn, m *message, out outcome) {
	line := m.state <= stateLine // nothing was recognised as a request yet
	switch {
	case c.has(upgraded) && (out == junk || out == foreign && m.protocol == Unknown):
		a.other(c, Upgraded)
	case out == foreign:
		a.other(c, m.protocol)
	case out == junk && c.has(fresh):
		a.other(c, Unknown)
	case c.has(guessed) && line:
		c.phase = hunting
	case out == unsupported:
		a.decide(c, m, Unsupported)
		c.phase = dead
	default:
		a.decide(c, m, Malformed)
		c.phase = dead
		if out == broken && c.has(guessed) {
			c.phase = hunting
		}
	}
}

// miss goes on behind n bytes that will not come. The request they lie in gets
// the fate; where it ends beyond them is known, or is looked for.
func (a *Assembler) miss(i uint32, c *conn, n int, fate Fate) {
	a.stats.MissingBytes += uint64(n)
	c.advance(n)
	if c.phase == inside {
		st := a.stream(c)
		a.giveUp(c, st, fate)
		if m := &st.msg; c.phase == inside { // in chunks
			if m.chunk != chunkData || int64(n) > m.need {
				c.phase = hunting
			} else if m.need -= int64(n); m.need == 0 {
				m.chunk = chunkDataCR
			}
			return
		}
	}
	switch {
	case c.phase == skipping && int64(n) <= *a.recs.skip(i):
		a.skipped(i, c, int64(n))
	case c.phase <= skipping:
		c.phase = hunting
		c.flags &^= fresh | upgraded
	}
}

// giveUp drops the request that c is inside of, and keeps what is needed to
// find its end.
func (a *Assembler) giveUp(c *conn, st *stream, fate Fate) {
	a.drop(c, fate)
	switch m := &st.msg; {
	case m.state == stateLength && m.need > 0:
		a.skip(st.conn, c, m.need)
	case m.state == stateLength:
		c.phase = between
	case m.state < stateLength:
		c.phase = hunting
		c.flags &^= fresh | upgraded
	}
}

// drop gives the request that c is inside of its fate, if it has none.
func (a *Assembler) drop(c *conn, fate Fate) {
	if c.phase != inside {
		return
	}
	st := a.stream(c)
	if m := &st.msg; m.begun || len(st.buf) > 0 && isToken[st.buf[0]] {
		a.decide(c, m, fate)
	}
	a.freeBuffer(st)
}

// other marks a stream as not HTTP/1.
func (a *Assembler) other(c *conn, p Protocol) {
	c.phase = dead
	a.stats.Streams[p]++
	port := a.req.Server.Port
	if slices.Contains(a.warned[p], port) {
		return
	}
	a.warned[p] = append(a.warned[p], port)
	a.cfg.Logger.Warn(p.advice(port), "protocol", p.String(), "client", a.req.Client.String())
}
