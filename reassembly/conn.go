package reassembly

import "math"

// A phase is what the next byte of a connection is.
type phase uint8

const (
	unused   phase = iota // no byte: the record is free
	hunting               // part of something unknown: the next request begins with a segment
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
	far                  // more than 2^30 bytes behind first
)

// A conn is what a connection costs while no request is half read, with a slot
// in the table: 32 bytes and the slot, no pointer, no buffer, half a line of
// the cache. Its addresses are in each of its packets, and in its stream if it
// has one; here their hash stands for them.
type conn struct {
	id     uint64 // table.hash of the addresses
	next   seq    // the next byte to read
	first  seq    // the first byte read
	stream uint32 // where its half-read request and early data are; 0: it has none
	last   uint32 // moment of the last packet
	index  uint32 // of its next request
	birth  uint16 // with first it tells it from others with the same addresses
	phase  phase
	flags  uint8
}

const connBytes = 32

func (c *conn) has(flag uint8) bool { return c.flags&flag != 0 }

// start is the first byte that is still compared with: sequence numbers can
// only be told apart within 2^31.
func (c *conn) start() seq {
	if c.has(far) {
		return c.next.plus(-(1 << 29))
	}
	return c.first
}

// nextIndex numbers a request. When the numbers are used up the connection
// counts as another one.
func (c *conn) nextIndex() uint64 {
	if c.index == math.MaxUint32 {
		c.index = 0
		c.birth++
	}
	c.index++
	return uint64(c.index - 1)
}

// birth mixes what the time of a connection's beginning has of its own.
func birth(time int64) uint16 {
	return uint16(fold(uint64(time)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93) >> 16)
}

// advance moves next behind n bytes that were read or given up.
func (c *conn) advance(n int) {
	c.next = c.next.plus(n)
	if uint32(c.next-c.first) > 1<<30 {
		c.flags |= far
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
func (s *slab) prefetch(i uint32) { prefetch(s.at(i)) }

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
// has huge pages gives them to many blocks: page by page the memory of 800,000
// records and their slots costs a tenth of all that is done for them.
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
