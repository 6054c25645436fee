package reassembly

import (
	"math/bits"

	"gor/capture"
)

// recent has the latest segments with data, to know copies of them by other
// addresses. Where a machine translates addresses (NAT), a connection is seen
// before and behind that, each time with other ones; its sequence numbers stay,
// and so do those that it acknowledges. The original is the one that was seen
// first, since a packet arrives before it leaves; the other one's connection is
// ignored as long as it lasts.
//
// A segment is looked for only where it would open a connection, and by then its
// original came a moment ago: a few suffice.
type recent struct {
	entries [recentEntries]recentEntry
}

// A recentEntry is one segment, in 16 bytes: each has to be fetched from memory.
type recentEntry struct {
	first, ack seq
	who        uint64
}

// The parts of who.
const (
	whoConn    = 1<<24 - 1 // bits of the connection's hash
	whoClient  = 1<<23 - 1 // a hash of the client's address and port, above those
	whoLeaving = 1 << 47   // the segment left this machine
	clientBit  = 24        // where whoClient begins
	momentBit  = 48        // above it is the lower half of the moment, in ticks of the Assembler
)

const (
	recentEntries = 1 << 10
	recentTicks   = 10 // what is older is no original
)

func (r *recent) entry(first, ack seq) *recentEntry {
	return &r.entries[(uint32(first)*0x9e3779b1^uint32(ack)*0x85ebca77)>>(32-10)]
}

// prefetch has the processor load what put or isCopy looks at for a segment.
func (r *recent) prefetch(s *capture.Segment) { prefetch(r.entry(seq(s.Seq), seq(s.Ack))) }

// newRecentEntry is that of a segment of the connection with a hash.
func newRecentEntry(s *capture.Segment, h uint64, moment uint32) recentEntry {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	client := fold(le64(s.Src.Addr[:8])^bits.RotateLeft64(k0, int(s.Src.Port&63))^uint64(s.Src.Port)<<32, le64(s.Src.Addr[8:])^k1)
	who := h&whoConn | client&whoClient<<clientBit | uint64(moment)<<momentBit
	if s.Leaving {
		who |= whoLeaving
	}
	return recentEntry{seq(s.Seq), seq(s.Ack), who}
}

// isOf reports whether e is of a segment with these numbers that was seen at the
// moment, in ticks, or shortly before.
func (e *recentEntry) isOf(first, ack seq, moment uint32) bool {
	return e.first == first && e.ack == ack && uint16(moment)-uint16(e.who>>momentBit) <= recentTicks
}

// put remembers a segment, unless it is a copy itself.
func (r *recent) put(s *capture.Segment, h uint64, moment uint32) {
	if e := r.entry(seq(s.Seq), seq(s.Ack)); !e.isOf(seq(s.Seq), seq(s.Ack), moment) {
		*e = newRecentEntry(s, h, moment)
	}
}

// isCopy reports whether a segment is one that was seen a moment ago with other
// addresses: with another server's (the destination was translated), or, having
// arrived then and leaving now, with any. Only those two can be told: 64 bits of
// numbers are no proof where a file's connections all begin with the same ones.
func (r *recent) isCopy(s *capture.Segment, h uint64, moment uint32) bool {
	e := r.entry(seq(s.Seq), seq(s.Ack))
	if !e.isOf(seq(s.Seq), seq(s.Ack), moment) {
		return false
	}
	other := e.who ^ newRecentEntry(s, h, moment).who
	if other&whoConn == 0 {
		return false
	}
	passed := e.who&whoLeaving == 0 && s.Leaving
	return passed || other>>clientBit&whoClient == 0
}
