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
)

// A conn is what a connection costs while no request is half read, with a slot
// in the table: 64 bytes and the slot, no pointer, no buffer. It is one line of
// the cache and holds all that a request needs.
type conn struct {
	client, server capture.Endpoint
	next           seq    // the next byte to read
	start          seq    // the first byte read, or one less than 2^30 before next
	stream         uint32 // where its half-read request and early data are; 0: it has none
	phase          phase
	flags          uint8
	indexHigh      uint16 // with indexLow: of its next request
	indexLow       uint32
	birth          uint32 // tells it from others with the same addresses
	last           uint32 // moment of the last packet
}

const connBytes = 64

func (c *conn) has(flag uint8) bool { return c.flags&flag != 0 }

// is tells whether c is the connection between these; no free record is.
func (c *conn) is(client, server *capture.Endpoint) bool {
	return c.client == *client && c.server == *server
}

// nextIndex numbers a request.
func (c *conn) nextIndex() uint64 {
	index := uint64(c.indexHigh)<<32 | uint64(c.indexLow)
	if c.indexLow++; c.indexLow == 0 {
		c.indexHigh++
	}
	return index
}

// birth mixes what a connection's beginning has of its own.
func birth(time int64, first seq) uint32 {
	return uint32(fold(uint64(time)^0x9e3779b97f4a7c15, uint64(first)^0xd6e8feb86659fd93) >> 16)
}

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
	blocks  []*[slabBlock]conn
	skips   []*[slabBlock]int64 // of each block, once one of its connections skips
	skipped int                 // blocks of which there are skips
	free    uint32              // first of the free records, linked by conn.next
	top     uint32              // highest record that was ever used
	live    int
	limit   int // of records
}

const (
	slabBlock  = 1 << 10
	manyBlocks = 4
)

func (s *slab) at(i uint32) *conn {
	return &s.blocks[i/slabBlock][i%slabBlock]
}

// isFree tells whether no connection has this record: none has port 0.
func (c *conn) isFree() bool { return c.server.Port == 0 }

// skip is how many bytes connection i has to skip, while it does. It is rarely
// needed, and costs memory only then.
func (s *slab) skip(i uint32) *int64 {
	block := &s.skips[i/slabBlock]
	if *block == nil {
		*block = new([slabBlock]int64)
		s.skipped++
	}
	return &(*block)[i%slabBlock]
}

// prefetch has the processor load record i.
func (s *slab) prefetch(i uint32) { prefetch((*uint32)(&s.at(i).next)) }

// take returns a free record, cleared, and its number.
func (s *slab) take() (uint32, *conn) {
	s.live++
	if i := s.free; i != 0 {
		c := s.at(i)
		s.free = uint32(c.next)
		c.next = 0
		return i, c
	}
	s.top++
	if int(s.top/slabBlock) == len(s.blocks) {
		s.grow()
	}
	return s.top, s.at(s.top)
}

// grow adds an eighth to the blocks, but none beyond the limit. A kernel that
// has huge pages gives them to many blocks: to be given the memory of 800,000
// records page by page takes longer than to parse a request's head for each.
func (s *slab) grow() {
	n := max(1, min(len(s.blocks)/8, s.limit/slabBlock-len(s.blocks)))
	conns := make([]conn, n*slabBlock)
	if len(s.blocks) >= manyBlocks {
		adviseHuge(conns)
	}
	for at := 0; at < len(conns); at += slabBlock {
		s.blocks = append(s.blocks, (*[slabBlock]conn)(conns[at:]))
		s.skips = append(s.skips, nil)
	}
}

func (s *slab) release(i uint32) {
	s.live--
	*s.at(i) = conn{next: seq(s.free)}
	s.free = i
}

func (s *slab) bytes() int64 {
	return int64(len(s.blocks))*slabBlock*connBytes + int64(s.skipped)*slabBlock*skipBytes
}

const skipBytes = 8
