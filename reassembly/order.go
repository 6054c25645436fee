package reassembly

import "gor/capture"

const (
	// maxWindow is how far ahead of the next byte a segment can be. Real receive
	// windows are far smaller than the 1 GiB that RFC 7323 allows; what is
	// further away belongs to another connection with the same addresses.
	maxWindow = 64 << 20
	// maxEarly is how many bytes may wait behind missing ones: more than the
	// receive window of a server (Linux: tcp_rmem, 6 MiB). A client that sent
	// more has been told that the missing bytes arrived.
	maxEarly      = 8 << 20
	maxEarlySpans = 4096
	// A client that began so many requests behind missing bytes, over a time in
	// which it would have sent them again (the smallest retransmission time is
	// 200 ms), has had answers since: the server was not missing them.
	laterRequests = 16
	laterTime     = 250e6
	// maxHunt is how much is kept of a stream that was joined in the middle
	// until a segment begins with a request.
	maxHunt = 64 << 10
)

func inWindow(ahead int) bool { return ahead >= 0 && ahead <= maxWindow }

// order puts a segment in its place: first is the sequence number of its
// payload.
func (a *Assembler) order(i uint32, c *conn, s *capture.Segment, first seq) {
	if c.phase == closed || c.has(anchored) && c.phase != dead && a.isForeign(c, s, first) {
		if c.phase == closed && inWindow(first.minus(c.start())) && c.next.minus(first) >= 0 ||
			s.Flags.Has(capture.RST) || !beginsRequest(s.Payload) {
			return // a copy of what was read, or of another connection
		}
		h := c.id
		a.forget(i, Aborted)
		i = a.open(h, s, first)
		c = a.recs.at(i)
		c.last = a.moment
	}
	if c.phase == dead {
		if s.Flags&(capture.FIN|capture.RST) != 0 {
			a.retire(i, c)
		}
		return
	}
	end := first
	if !s.Flags.Has(capture.RST) { // what a RST carries is a diagnosis (RFC 9293 §3.5.2)
		a.takePayload(i, c, s, first)
		end = first.plus(len(s.Payload) + s.Cut)
	}
	if s.Flags&(capture.FIN|capture.RST) != 0 && c.phase != closed {
		a.takeEnd(i, c, end, s.Flags.Has(capture.RST))
	}
	a.settle(i, c)
}

// isForeign tells whether a segment cannot be of this connection: neither the
// window nor what was read so far is anywhere near.
func (a *Assembler) isForeign(c *conn, s *capture.Segment, first seq) bool {
	if len(s.Payload) == 0 {
		return !inWindow(first.minus(c.next)) && c.start().minus(first) > 1<<20
	}
	return first.minus(c.next) > maxWindow || c.start().minus(first) > 1<<20
}

// takePayload takes a segment's bytes apart by what they are.
func (a *Assembler) takePayload(i uint32, c *conn, s *capture.Segment, first seq) {
	b, n := s.Payload, len(s.Payload)
	in := span{seq: first, n: n, data: b, time: a.now}
	if s.Flags.Has(capture.URG) {
		// The urgent byte is the one before where the pointer points (RFC 9293
		// §3.8.5); Linux takes a pointer of 0 as 1 (tcp_check_urg).
		if at := max(int(s.Urgent), 1) - 1; at < n {
			a.take(i, c, in.first(at))
			a.take(i, c, span{seq: first.plus(at), n: 1, kind: urgent, time: a.now})
			in = in.after(at + 1)
		}
	}
	in.starts = in.seq == first
	a.take(i, c, in)
	if s.Cut > 0 && inWindow(s.Cut) {
		a.take(i, c, span{seq: first.plus(n), n: s.Cut, kind: cut, time: a.now})
	}
}

// take reads a range, if it is its turn, or keeps a copy.
func (a *Assembler) take(i uint32, c *conn, in span) {
	if in.n == 0 {
		return
	}
	if !c.has(anchored) {
		if in.kind != data || !in.starts || !a.foundStart(i, c, in) {
			a.hunt(i, c, in)
			return
		}
	}
	if behind := c.next.minus(in.seq); behind > 0 {
		if behind >= in.n {
			return // all of it was read before
		}
		in = in.after(behind)
	}
	for in.n > 0 && c.phase <= skipping {
		st := a.stream(c)
		if in.seq != c.next {
			in.starts = in.starts && in.kind == data && beginsRequest(in.data)
			a.keep(i, c, in)
			return
		}
		now := in
		if st != nil {
			st.progress = a.now
			if st.early.len() > 0 {
				now = in.first(min(in.n, st.early.front().seq.minus(in.seq)))
			}
		}
		a.consume(i, c, now)
		a.drain(i, c)
		if behind := c.next.minus(in.seq); behind < in.n {
			in = in.after(behind)
		} else {
			return
		}
	}
}

// foundStart looks for the place to join a connection at. Only its first
// segment may name another protocol, and only by what bodies do not begin with:
// a wrong name would cost every request that follows.
func (a *Assembler) foundStart(i uint32, c *conn, in span) bool {
	if c.has(fresh) {
		if p, ok := classifyJoined(in.data); ok {
			a.other(c, p)
			return true
		}
		c.flags &^= fresh
	}
	if !beginsRequest(in.data) {
		return false
	}
	a.anchor(i, c, in.seq)
	return true
}

// anchor makes at the next byte to read; what was kept from before it goes.
func (a *Assembler) anchor(i uint32, c *conn, at seq) {
	c.flags |= anchored
	c.next, c.first = at, at
	st := a.stream(c)
	if st == nil {
		return
	}
	for st.early.len() > 0 && st.early.front().seq.minus(at) < 0 {
		a.pool.put(st.early.pop(&a.pool).data)
	}
}

// hunt keeps what comes before the place to join the connection at is found:
// the segment with that place may be late.
func (a *Assembler) hunt(i uint32, c *conn, in span) {
	st := a.needStream(i, c)
	if st.early.bytes > maxHunt || st.early.len() > 0 && !near(st.early.front().seq, in.seq) {
		st.early.reset(&a.pool)
	}
	in.starts = false
	st.early.insert(&a.pool, in)
	a.streams.wait(st)
}

func near(s, t seq) bool { d := s.minus(t); return d < maxWindow && d > -maxWindow }

// consume reads the range that is next.
func (a *Assembler) consume(i uint32, c *conn, in span) {
	if in.kind == cut {
		a.miss(i, c, in.n, Truncated)
		return
	}
	c.advance(in.n)
	if in.kind == data {
		a.read(i, c, in.data, in.starts)
	}
}

// keep stores a range that is ahead of its turn.
func (a *Assembler) keep(i uint32, c *conn, in span) {
	st := a.needStream(i, c)
	st.early.insert(&a.pool, in)
	a.streams.wait(st)
	for st.early.len() > 0 && c.stream == st.at && a.isHopeless(st) {
		a.fillHole(i, c, st)
	}
}

// isHopeless tells that what is missing will not come, long before it is late.
func (a *Assembler) isHopeless(st *stream) bool {
	o := &st.early
	return o.bytes > maxEarly || o.len() > maxEarlySpans ||
		o.starts >= laterRequests && a.now-max(o.front().time, st.progress) >= laterTime
}

// drain reads what was kept and is next now.
func (a *Assembler) drain(i uint32, c *conn) {
	for {
		st := a.stream(c)
		if st == nil || st.early.len() == 0 || st.early.front().seq != c.next {
			return
		}
		in := st.early.pop(&a.pool)
		a.consume(i, c, in)
		a.pool.put(in.data)
	}
}

// fillHole gives up the bytes that are missing before the first range that was
// kept, or before the end of the stream.
func (a *Assembler) fillHole(i uint32, c *conn, st *stream) {
	client, server := a.req.Client, a.req.Server
	a.req.Client, a.req.Server = st.client, st.server
	switch {
	case !c.has(anchored) && st.ended:
		a.retire(i, c)
	case !c.has(anchored):
		st.early.reset(&a.pool)
	case st.early.len() > 0:
		a.miss(i, c, st.early.front().seq.minus(c.next), Gap)
		a.drain(i, c)
	default:
		a.miss(i, c, st.end.minus(c.next), Gap)
	}
	a.settle(i, c)
	a.req.Client, a.req.Server = client, server // another packet may be at hand
}

// takeEnd handles a FIN or RST at the sequence number end.
func (a *Assembler) takeEnd(i uint32, c *conn, end seq, reset bool) {
	if !c.has(anchored) {
		if st := a.stream(c); st != nil && st.early.len() > 0 {
			st.ended, st.end, st.endTime = true, end, a.now // the first segment may still come
		} else {
			a.retire(i, c)
		}
		return
	}
	ahead := end.minus(c.next)
	if ahead < 0 || ahead > maxWindow {
		return // a copy, or nothing the server would believe (RFC 5961 §3.2)
	}
	if ahead == 0 {
		a.retire(i, c)
		return
	}
	st := a.needStream(i, c)
	if !st.ended || end.minus(st.end) < 0 {
		st.ended, st.end, st.endTime = true, end, a.now
		a.streams.wait(st)
	}
}

// settle ends a connection whose last byte was read, and gives back a stream
// that is not needed any more.
func (a *Assembler) settle(i uint32, c *conn) {
	st := a.stream(c)
	if st == nil {
		return
	}
	if st.ended && c.has(anchored) && st.end.minus(c.next) <= 0 {
		a.retire(i, c)
		return
	}
	if c.phase == dead {
		ended := st.ended
		a.releaseStream(c)
		if ended {
			a.retire(i, c)
		}
		return
	}
	if !a.isWaiting(st) {
		a.streams.rest(st)
		if c.phase != inside {
			a.releaseStream(c)
			return
		}
	}
	a.streams.touch(st, a.now)
}

func (a *Assembler) isWaiting(st *stream) bool { return st.early.len() > 0 || st.ended }

// stream returns what c has beyond its record, or nil.
func (a *Assembler) stream(c *conn) *stream {
	if c.stream == 0 {
		return nil
	}
	return a.streams.all[c.stream-1]
}

func (a *Assembler) needStream(i uint32, c *conn) *stream {
	if c.stream == 0 {
		for a.streams.live >= a.maxStreams && !a.shedding {
			a.shedding = true
			a.shedStream(a.streams.oldest)
			a.shedding = false
		}
		st := a.streams.take(i, a.now)
		st.client, st.server = a.req.Client, a.req.Server
		c.stream = st.at
	}
	return a.stream(c)
}

// releaseStream gives back all that c has beyond its record.
func (a *Assembler) releaseStream(c *conn) {
	st := a.stream(c)
	if st == nil {
		return
	}
	a.pool.put(st.buf)
	st.buf = nil
	st.early.reset(&a.pool)
	a.streams.release(st)
	c.stream = 0
}
