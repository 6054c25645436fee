package reassembly

import (
	"gor/capture"
	"gor/reassembly/http1"
)

// Whose a segment is: late copies of an older connection's segments have the same
// addresses, and so has a newer connection.

const (
	// maxBehind is how far behind the first byte a segment can be.
	maxBehind = 1 << 20
	// Where a connection was silent for longer, a segment with a request line
	// that cannot be its own is of another, whose SYN was not captured.
	foreignTicks       = 600 // of a connection whose SYN was seen
	foreignJoinedTicks = 30  // of one that was joined in the middle
)

// owns reports whether a segment is of this connection, as the server's kernel
// would see it. Where it begins another one with the same addresses, f is that
// one from now on. What is known of a connection is only given up for better:
// for a SYN whose data follows, or for a request line where nothing speaks for
// the connection any more.
func (f *flow) owns(s *capture.Segment, first seq) bool {
	c := f.c
	foreign := c.isForeign(s, first)
	switch {
	case c.has(announced) && len(s.Payload) > 0 && c.isAnnounced(f.a.conns.syns.find(c.id), first, foreign):
	case c.state == closed && !foreign: // a copy of what was read, or text behind the end (RFC 9293 §3.10.7.4)
		c.last = f.a.clock.moment
		if len(s.Payload) > 0 && first.minus(c.next) >= 0 {
			f.a.stats.Foreign++
		}
		return false
	case c.state == ignored || !foreign:
		return true
	case s.Flags.Has(capture.RST) || !http1.StartsRequest(s.Payload) || !c.givesWay(f.a.clock.moment):
		f.a.stats.Foreign++
		return false
	}
	return f.reopen(s, first)
}

// reopen makes f another connection, which begins with data at first.
func (f *flow) reopen(s *capture.Segment, first seq) bool {
	h := f.c.id
	f.a.forget(f, Aborted)
	i := f.a.open(h, first)
	if i == 0 {
		f.a.stats.Foreign++
		return false
	}
	f.a.ignoreCopy(s, h, i)
	f.i, f.c = i, f.a.conns.recs.at(i)
	return true
}

// isForeign reports whether a segment cannot be of this connection: neither the
// window nor what was read so far is anywhere near.
func (c *conn) isForeign(s *capture.Segment, first seq) bool {
	if c.state == joining {
		return false
	}
	if len(s.Payload) == 0 && s.Cut == 0 {
		return !inWindow(first.minus(c.next)) && c.start().minus(first) > maxBehind
	}
	return first.minus(c.next) > maxWindow || c.start().minus(first) > maxBehind
}

// isAnnounced reports whether data is of the connection that a SYN announced
// meanwhile, rather than of this one: it is nearer to that one's beginning, or
// lies before this one's.
func (c *conn) isAnnounced(syn *synEntry, first seq, foreign bool) bool {
	if syn == nil {
		c.flags &^= announced
		return false
	}
	ahead, behind := first.minus(syn.isn.plus(1)), first.minus(c.next)
	return ahead >= 0 && ahead < maxWindow && (foreign || ahead == 0 || behind > ahead || first.minus(c.start()) < 0)
}

// givesWay reports whether nothing speaks for the connection any more, so that
// a request line which cannot be its own is of another.
func (c *conn) givesWay(moment uint32) bool {
	silent := moment - c.last
	switch {
	case c.state == closed:
		return true
	case !c.has(joined):
		return silent >= foreignTicks
	}
	return !c.http.proven() || silent >= foreignJoinedTicks
}
