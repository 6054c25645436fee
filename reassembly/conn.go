package reassembly

import "gor/capture"

// A phase is what the next byte of a connection is.
type phase uint8

const (
	hunting  phase = iota // part of something unknown: the next request begins with a segment
	between               // the first byte of a request, or an empty line before it
	inside                // part of the request in the connection's stream
	skipping              // one of conn.skip bytes of a request whose fate is decided
	dead                  // not HTTP/1: nothing is read until the connection is a new one
	closed                // there is none: FIN or RST was seen
)

// Flags of a connection.
const (
	fresh    = 1 << iota // no byte read yet: it may speak another protocol
	guessed              // the place where it was found may not have been a request's beginning
	upgraded             // the request before asked to speak another protocol
	anchored             // next means something
	joined               // its SYN was not seen
	retired              // it is in the list of closed connections
)

// A conn is what a connection costs while no request is half read: 128 bytes
// and a slot in the table, no pointer, no buffer. The first line of the cache
// holds what each packet needs.
type conn struct {
	client, server capture.Endpoint
	next           seq    // the next byte to read
	start          seq    // the first byte read, or one less than 2^30 before next
	stream         uint32 // where its half-read request and early data are; 0: it has none
	phase          phase
	flags          uint8
	last           int64 // time of the last packet

	id     uint64
	index  uint64 // of its next request
	skip   int64
	hash   uint64
	listed int64  // time when it was put where it is in its list
	newer  uint32 // its neighbours there
	older  uint32
	_      [16]byte // two lines of the cache in all
}

const connBytes = 128

func (c *conn) has(flag uint8) bool { return c.flags&flag != 0 }

// advance moves next behind n bytes that were read or given up.
func (c *conn) advance(n int) {
	c.next = c.next.plus(n)
	if uint32(c.next-c.start) > 1<<30 {
		c.start = c.next.plus(-(1 << 29)) // stay within what sequence numbers can compare
	}
}

// A slab holds the records in blocks, numbered from 1. Blocks never move and
// hold no pointers, so that growth copies nothing and the collector has
// nothing to look at.
type slab struct {
	blocks []*[slabBlock]conn
	free   uint32 // first of the free records, linked by conn.older
	top    uint32 // highest record that was ever used
	live   int
}

const slabBlock = 1 << 10

func (s *slab) at(i uint32) *conn {
	return &s.blocks[i/slabBlock][i%slabBlock]
}

// take returns a free record, cleared, and its number.
func (s *slab) take() (uint32, *conn) {
	s.live++
	if i := s.free; i != 0 {
		c := s.at(i)
		s.free = c.older
		*c = conn{}
		return i, c
	}
	s.top++
	if int(s.top/slabBlock) == len(s.blocks) {
		s.blocks = append(s.blocks, new([slabBlock]conn))
	}
	return s.top, s.at(s.top)
}

func (s *slab) release(i uint32) {
	s.live--
	c := s.at(i)
	*c = conn{older: s.free}
	s.free = i
}

func (s *slab) bytes() int64 { return int64(len(s.blocks)) * slabBlock * connBytes }

// A list orders connections by the time when they were listed, not by their
// last packet: packets move nothing, which would cost a miss of the cache for
// each neighbour. Whoever takes the oldest looks at conn.last and lists it
// again if it was in use meanwhile.
type list struct {
	newest, oldest uint32
}

func (l *list) push(recs *slab, i uint32, now int64) {
	c := recs.at(i)
	c.listed, c.newer, c.older = now, 0, l.newest
	if l.newest != 0 {
		recs.at(l.newest).newer = i
	} else {
		l.oldest = i
	}
	l.newest = i
}

func (l *list) remove(recs *slab, i uint32) {
	c := recs.at(i)
	if c.newer != 0 {
		recs.at(c.newer).older = c.older
	} else {
		l.newest = c.older
	}
	if c.older != 0 {
		recs.at(c.older).newer = c.newer
	} else {
		l.oldest = c.newer
	}
}
