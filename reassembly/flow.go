package reassembly

import (
	"gor/capture"
)

// A flow is the connection at hand: its record, and what the packet at hand
// says of it, or its stream where there is no packet. Its methods are the TCP of
// this package: which bytes are the connection's, in which order, and where they
// end. What the bytes mean is the reader's business.
type flow struct {
	a              *Assembler
	i              uint32
	c              *conn
	client, server *capture.Endpoint
	ack            seq    // what the client has acknowledged
	leaving        bool   // the segment was seen on its way out of this machine
	rest           uint32 // ticks for which the client had sent nothing before the segment, until a byte of it is read
}

const (
	// maxWindow is how far ahead of the next byte a segment can be. Real receive
	// windows are far smaller than the 1 GiB that RFC 7323 allows; what is
	// further away belongs to another connection with the same addresses.
	maxWindow = 64 << 20
	// synWindow is how far from the next byte most data is: a SYN there is taken
	// for a forgery, for of 2048 connections that take over the addresses of one
	// whose end was not captured only one begins there.
	synWindow = 1 << 20
)

func inWindow(ahead int) bool { return ahead >= 0 && ahead <= maxWindow }

func isNear(ahead int) bool { return ahead >= -synWindow && ahead <= synWindow }

func near(s, t seq) bool { d := s.minus(t); return d < maxWindow && d > -maxWindow }

func (f *flow) now() int64 { return f.a.clock.now }

// isPlain reports whether nothing but reading is to be done with a segment that
// is next, as with most: it is data alone, and no other data waits.
func (f *flow) isPlain(s *capture.Segment) bool {
	c := f.c
	if c.state != open || c.has(announced) || s.Cut != 0 || s.Flags&(capture.FIN|capture.RST|capture.URG) != 0 {
		return false
	}
	if c.stream == 0 {
		return true
	}
	st := f.stream()
	return !st.isWaiting() && !st.urgent.set
}

// order puts a segment in its place: first is the sequence number of its
// payload.
func (f *flow) order(s *capture.Segment, first seq) {
	if !f.owns(s, first) {
		return
	}
	c := f.c
	c.last = f.a.clock.moment
	if c.state == ignored {
		if s.Flags&(capture.FIN|capture.RST) != 0 {
			f.close()
		}
		return
	}
	end := first
	if !s.Flags.Has(capture.RST) { // what a RST carries is a diagnosis (RFC 9293 §3.5.2)
		f.payload(s, first)
		end = first.plus(len(s.Payload) + s.Cut)
	}
	if s.Flags&(capture.FIN|capture.RST) != 0 && c.state != closed {
		f.finish(end, s.Flags.Has(capture.RST))
	}
	f.settle()
}

// payload takes a segment's bytes.
func (f *flow) payload(s *capture.Segment, first seq) {
	n := len(s.Payload)
	end := first.plus(n + s.Cut)
	if s.Flags.Has(capture.URG) && (f.c.state != open || end.minus(f.c.next) >= 0) { // no old copy
		f.announceUrgent(first, s.Urgent)
	}
	if st := f.stream(); st != nil && s.Flags.Has(capture.FIN) && f.c.state == open &&
		first.minus(f.c.next) <= 0 && end.minus(f.c.next) > 0 {
		st.end = ending{true, false, end, f.now()} // it is next: what waits behind it is not read (tcp_fin in Linux)
	}
	f.accept(span{seq: first, n: n, data: s.Payload, time: f.now(), ack: f.ack, starts: true})
	if s.Cut > 0 && inWindow(s.Cut) && f.c.state < ignored {
		f.accept(span{seq: first.plus(n), n: s.Cut, kind: cut, time: f.now(), ack: f.ack})
	}
}

// announceUrgent notes the byte that a client has declared urgent. It is taken
// out of the stream when it comes, be it in a later segment; of two that have
// not come the later one counts (tcp_check_urg in Linux). The pointer points
// behind the byte (RFC 9293 §3.8.5), but Linux takes 0 as 1.
func (f *flow) announceUrgent(first seq, pointer uint16) {
	at := first.plus(max(int(pointer), 1) - 1)
	if f.c.state == open && !inWindow(at.minus(f.c.next)) {
		return
	}
	st := f.needStream()
	if !st.urgent.set || at.minus(st.urgent.at) > 0 {
		st.urgent = mark{true, at}
	}
}

// accept reads a range, if it is its turn, or keeps a copy.
func (f *flow) accept(in span) {
	c := f.c
	if in.n == 0 {
		return
	}
	if c.state == joining && !f.join(in) {
		return
	}
	if c.state != open {
		return
	}
	if behind := c.next.minus(in.seq); behind > 0 {
		if behind >= in.n {
			return // all of it was read before
		}
		in = in.after(behind)
	}
	if in.seq != c.next {
		f.keep(in)
		return
	}
	if st := f.stream(); st != nil {
		st.progress, st.answered = f.now(), false // what is missing from now on is something else
	}
	f.consume(in) // what is next wins over copies that wait (tcp_data_queue in Linux)
	f.drain()
}

// join looks for the place to begin at in a connection whose beginning was not
// seen. It keeps what comes before that: the segment with the place may be late.
func (f *flow) join(in span) bool {
	if st := f.stream(); st != nil && st.end.seen && in.seq.minus(st.end.at) >= 0 {
		f.a.stats.Foreign++ // text behind the end
		return false
	}
	if in.kind == data && in.starts && f.a.reader.joins(f, in.data) {
		f.startAt(in.seq)
		return true
	}
	if f.c.state == ignored {
		return false
	}
	st := f.needStream()
	if st.outOfOrder.bytes > maxHunt || st.outOfOrder.len() > 0 && !near(st.outOfOrder.front().seq, in.seq) {
		st.outOfOrder.reset(&f.a.budget.pool)
	}
	in.starts = false
	st.outOfOrder.insert(&f.a.budget.pool, in)
	f.a.streams.wait(st)
	return false
}

// maxHunt is how much is kept of a stream that was joined in the middle until a
// segment begins with a request.
const maxHunt = 64 << 10

// startAt makes at the next byte to read; what was kept from before it goes.
func (f *flow) startAt(at seq) {
	f.c.begin(at)
	if st := f.stream(); st != nil {
		for st.outOfOrder.len() > 0 && st.outOfOrder.front().seq.minus(at) < 0 {
			f.a.budget.pool.Put(st.outOfOrder.pop(&f.a.budget.pool).data)
		}
	}
}

// beginAt begins a connection whose SYN came after some of its data. It
// reports whether that data can be the connection's.
func (f *flow) beginAt(first seq) bool {
	if st := f.stream(); st != nil && st.outOfOrder.len() > 0 && !inWindow(st.outOfOrder.front().seq.minus(first)) {
		return false
	}
	f.startAt(first)
	f.c.flags &^= joined
	f.c.http.begin()
	f.drain()
	f.settle()
	return true
}

// consume reads the range that is next, but for the urgent byte in it.
func (f *flow) consume(in span) {
	if st := f.stream(); st != nil && st.urgent.set {
		if at := st.urgent.at.minus(in.seq); at >= 0 && at < in.n && in.kind == data {
			st.urgent.set = false
			f.read(in.first(at))
			f.c.advance(1)
			in = in.after(at + 1)
		}
	}
	if in.kind == cut {
		f.miss(in.n, Truncated)
	} else {
		f.read(in)
	}
	if st := f.stream(); st != nil && st.end.seen {
		// A RST ahead of the next byte was not believed (RFC 5961 §3.2); and a FIN
		// that lies inside of what was read is dropped as a copy (tcp_ofo_queue).
		if past := f.c.next.minus(st.end.at); past > 0 || past == 0 && st.end.reset {
			st.end = ending{}
		}
	}
}

// read hands bytes that are next to the reader.
func (f *flow) read(in span) {
	if in.n == 0 {
		return
	}
	f.c.advance(in.n)
	f.a.reader.read(f, in.data, in.starts)
}

// miss goes on behind n bytes that will not come.
func (f *flow) miss(n int, why Fate) {
	f.a.stats.MissingBytes += uint64(n)
	f.c.advance(n)
	f.a.reader.explain.hole = n
	f.a.reader.miss(f, n, why)
}

// drain reads what was kept and is next now, each range with the
// acknowledgement that it came with.
func (f *flow) drain() {
	defer func(ack seq) { f.ack = ack }(f.ack)
	f.rest = 0
	for f.c.state == open {
		st := f.stream()
		if st == nil || st.outOfOrder.len() == 0 {
			return
		}
		behind := f.c.next.minus(st.outOfOrder.front().seq)
		if behind < 0 || st.end.seen && !st.end.reset && st.end.at == f.c.next {
			return
		}
		in := st.outOfOrder.pop(&f.a.budget.pool)
		if behind < in.n {
			f.ack = in.ack
			f.consume(in.after(behind))
		}
		f.a.budget.pool.Put(in.data)
	}
}

// finish handles a FIN or RST behind the sequence number end.
func (f *flow) finish(end seq, reset bool) {
	c := f.c
	if c.state == joining {
		if st := f.stream(); st != nil && st.outOfOrder.len() > 0 {
			st.end = ending{true, reset, end, f.now()} // the first segment may still come
		} else {
			f.close()
		}
		return
	}
	ahead := end.minus(c.next)
	if ahead < 0 || ahead > maxWindow {
		return // a copy, or nothing the server would believe
	}
	if ahead == 0 {
		f.close()
		return
	}
	st := f.needStream()
	nearer := end.minus(st.end.at) < 0 && st.end.reset == reset // what is reached first counts
	if !st.end.seen || st.end.reset && !reset || nearer {
		st.end = ending{true, reset, end, f.now()}
		f.a.streams.wait(st)
	}
	before := st.ack
	if st.outOfOrder.len() > 0 {
		before = st.outOfOrder.front().ack
	}
	if ahead <= nearWindow && (reset || f.ack.minus(before) > 0) {
		st.answered = true
	}
}

// close ends the connection; it is remembered for a while, so that copies of
// its packets are known.
func (f *flow) close() {
	f.a.reader.confirm(f)
	f.a.reader.end(f, Aborted)
	f.releaseStream()
	if c := f.c; c.state != closed {
		c.state, c.last = closed, f.a.clock.moment
		f.a.conns.closed.push(closing{f.i, c.last})
	}
}

// settle closes a connection whose last byte was read, and gives back a stream
// that is not needed any more.
func (f *flow) settle() {
	st := f.stream()
	if st == nil {
		return
	}
	if st.urgent.set && f.c.state == open && st.urgent.at.minus(f.c.next) < 0 {
		st.urgent.set = false // it was lost: 4 GiB later its number is another byte's
	}
	ended := st.end.seen && (f.c.state == ignored || f.c.state == open && st.end.at.minus(f.c.next) <= 0)
	switch {
	case ended:
		f.close()
	case f.c.state == ignored:
		f.releaseStream()
	case st.isWaiting() || st.half.holds():
		f.a.streams.touch(st, f.now())
	case st.urgent.set || f.c.http.isInside():
		f.a.streams.rest(st)
		f.a.streams.touch(st, f.now())
	default:
		f.releaseStream()
	}
}

// stream returns what the connection has beyond its record, or nil.
func (f *flow) stream() *stream {
	if f.c.stream == 0 {
		return nil
	}
	return f.a.streams.all[f.c.stream-1]
}

// needStream returns the connection's stream, a new one if it has none.
func (f *flow) needStream() *stream {
	if f.c.stream == 0 {
		st := f.a.streams.get(f.i, f.now())
		st.client, st.server, st.ack, st.leaving = *f.client, *f.server, f.ack, f.leaving
		f.c.stream = st.at
	}
	return f.stream()
}

// releaseStream gives back all that the connection has beyond its record.
func (f *flow) releaseStream() {
	st := f.stream()
	if st == nil {
		return
	}
	p := &f.a.budget.pool
	p.Put(st.half.buf)
	p.Put(st.half.guess.raw)
	st.outOfOrder.reset(p)
	f.a.streams.put(st)
	f.c.stream = 0
}
