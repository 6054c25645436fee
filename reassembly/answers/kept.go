package answers

import "slices"

// A span is a range of what a server sent: bytes, and behind them some that were on
// the wire and not captured.
type span struct {
	seq   uint32
	ack   uint32 // what the server had acknowledged
	cut   int    // bytes that were not captured
	torn  bool   // it does not begin where its segment did
	again bool   // its bytes were sent before, when less need have been acknowledged
	time  int64  // when it was seen
	data  []byte // lent, or a copy in a buffer of the pool where it is kept
	buf   []byte // that buffer
}

func (s *span) len() int { return len(s.data) + s.cut }

func (s *span) end() uint32 { return s.seq + uint32(s.len()) }

// begins reports whether the segment begins with a status line, as heads do that are
// not pipelined, and some bodies.
func (s *span) begins() bool {
	const form = "HTTP/1."
	n := min(len(s.data), len(form))
	return !s.torn && n > 0 && string(s.data[:n]) == form[:n]
}

// isTimeout reports whether it is a 408, with which a server ends a connection that asks
// for nothing.
func (s *span) isTimeout() bool {
	const form = "HTTP/1.1 408"
	return len(s.data) >= len(form) && string(s.data[:7]) == form[:7] && string(s.data[8:len(form)]) == form[8:]
}

// isSifted reports whether the segment is one of those that the kernel lets through
// where heads alone are wanted: it looks at six bytes (capture's filter for answers).
func (s *span) isSifted() bool {
	const form = "HTTP/1"
	n := min(len(s.data), len(form))
	return s.begins() || !s.torn && n > 0 && string(s.data[:n]) == form[:n]
}

// after leaves out the first n bytes, of which there are as many.
func (s *span) after(n int) {
	if n == 0 {
		return
	}
	s.seq += uint32(n)
	s.torn = true
	k := min(n, len(s.data))
	s.data = s.data[k:]
	s.cut -= n - k
}

const (
	// maxKept is how many bytes of a connection are kept at most, and maxSpans in how
	// many pieces: what they wait for is not coming.
	maxKept  = 1 << 20
	maxSpans = 1 << 8
	// maxSpan is how long a piece becomes before another one begins.
	maxSpan = 1 << 16
)

// keep stores a copy of what is ahead of its turn. It reports whether there was room.
func (l *ledger) keep(c *conn, in span) bool {
	i := len(c.kept)
	for i > 0 && minus(c.kept[i-1].seq, in.seq) > 0 {
		i--
	}
	if i > 0 && minus(c.kept[i-1].end(), in.end()) >= 0 && c.kept[i-1].seq == in.seq {
		return true // the same segment again
	}
	if len(c.kept) >= maxSpans || c.keptBytes+len(in.data) > maxKept {
		return false
	}
	c.keptBytes += len(in.data)
	if i > 0 && c.kept[i-1].takes(&in) {
		s := &c.kept[i-1]
		s.buf = l.pool.Append(s.buf[:len(s.data)], in.data)
		s.data, s.cut = s.buf, in.cut
		return true
	}
	in.buf = append(l.pool.Get(len(in.data)), in.data...)
	in.data = in.buf
	before := cap(c.kept)
	c.kept = slices.Insert(c.kept, i, in)
	l.conns.spans += cap(c.kept) - before
	return true
}

// takes reports whether in may become a part of s, behind which it follows.
func (s *span) takes(in *span) bool {
	return s.cut == 0 && s.end() == in.seq && !in.begins() && len(s.data)+len(in.data) <= maxSpan
}

// unkeep takes the first of what is kept; its buffer is the caller's.
func (c *conn) unkeep() span {
	in := c.kept[0]
	c.keptBytes -= len(in.data)
	c.kept = slices.Delete(c.kept, 0, 1)
	return in
}

// drop forgets what is kept, but for what need not.
func (l *ledger) drop(c *conn, unless func(*span) bool) {
	n := 0
	for i := range c.kept {
		if s := c.kept[i]; unless != nil && unless(&s) {
			c.kept[n] = s
			n++
		} else {
			c.keptBytes -= len(s.data)
			l.pool.Put(s.buf)
		}
	}
	clear(c.kept[n:])
	c.kept = c.kept[:n]
}
