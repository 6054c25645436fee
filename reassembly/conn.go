package reassembly

import (
	"gor/capture"

	"gor/reassembly/memory"
)

// A connState is how far the TCP side of a connection is known.
type connState uint8

const (
	unused  connState = iota // the record is free
	joining                  // data came, but no place to begin reading was found yet: next means nothing
	open                     // next is the sequence number of the next byte
	ignored                  // its reader wants no more bytes, as those of TLS; only its end is looked for
	closed                   // a FIN was reached or a RST believed: later bytes are nobody's
)

// The flags of a connection.
const (
	joined    = 1 << iota // its own SYN was not seen: where it begins is a guess
	announced             // a SYN that would begin another connection was seen; its first data decides
	far                   // more than 2^30 bytes behind first: first itself can no longer be compared with
)

// A conn is the record of one direction of a connection: 40 bytes, and a slot
// in the table. It holds no pointer and no buffer, so that a million of them
// cost the garbage collector nothing. The addresses are in each packet, and in
// the stream while there is one; here their hash stands for them.
type conn struct {
	id     uint64 // the keyed hash of the addresses, from table.hash
	next   seq    // the next byte to read, once state is open
	first  seq    // the first byte that was read
	stream uint32 // number of its stream; 0 while it needs none
	last   uint32 // when its last packet was seen, in ticks of the Assembler
	state  connState
	flags  uint8
	http   reading // what the reader of its bytes remembers
}

const connBytes = 40

func (c *conn) has(flag uint8) bool { return c.flags&flag != 0 }

// start is the first byte that is still compared with: sequence numbers can
// only be told apart within 2^31.
func (c *conn) start() seq {
	if c.has(far) {
		return c.next.plus(-(1 << 29))
	}
	return c.first
}

// begin makes at the first byte to read.
func (c *conn) begin(at seq) {
	c.state, c.next, c.first = open, at, at
	c.flags &^= far
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
	skips   []*[slabBlock]int64            // per block, the bytes each connection has to skip; nil until one has to
	skipped int                            // how many elements of skips are not nil
	origins []*[slabBlock]capture.Endpoint // per block, whom each connection's PROXY header names; nil until one has one
	named   int                            // how many elements of origins are not nil
	free    uint32                         // the first free record; free records are linked by conn.next
	top     uint32                         // the highest record that was ever used
	live    int                            // how many records are in use
	limit   int                            // how many records there may be
}

const (
	slabBlock   = 1 << 10
	manyBlocks  = 4
	skipBytes   = 8
	originBytes = 18
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

// origin is whom the PROXY header of connection i names, if it has one. It costs
// memory only where there are such connections.
func (s *slab) origin(i uint32) *capture.Endpoint {
	block := &s.origins[i/slabBlock]
	if *block == nil {
		*block = new([slabBlock]capture.Endpoint)
		s.named++
	}
	return &(*block)[i%slabBlock]
}

// prefetch has the processor load record i.
func (s *slab) prefetch(i uint32) { prefetch(s.at(i)) }

// get returns a free record, cleared, and its number.
func (s *slab) get() (uint32, *conn) {
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
		memory.AdviseHuge(conns)
	}
	for at := 0; at < len(conns); at += slabBlock {
		s.blocks = append(s.blocks, (*[slabBlock]conn)(conns[at:]))
		s.skips = append(s.skips, nil)
		s.origins = append(s.origins, nil)
	}
}

// put takes record i back.
func (s *slab) put(i uint32) {
	s.live--
	*s.at(i) = conn{next: seq(s.free)}
	s.free = i
}

func (s *slab) bytes() int64 {
	return int64(len(s.blocks))*slabBlock*connBytes + int64(s.skipped)*slabBlock*skipBytes + int64(s.named)*slabBlock*originBytes
}
