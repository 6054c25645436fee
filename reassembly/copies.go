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

// A recentEntry is one segment.
type recentEntry struct {
	first, ack seq
	client     uint32 // a hash of its address and port; the lowest bit says that the segment left this machine
	conn       uint32 // bits of the connection's hash
	moment     uint32 // in ticks of the Assembler
}

const (
	recentEntries = 1 << 10
	recentTicks   = 10 // what is older is no original
)

func (r *recent) entry(first, ack seq) *recentEntry {
	return &r.entries[(uint32(first)*0x9e3779b1^uint32(ack)*0x85ebca77)>>(32-10)]
}

// newRecentEntry is that of a segment of the connection with a hash.
func newRecentEntry(s *capture.Segment, h uint64, moment uint32) recentEntry {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	client := uint32(fold(le64(s.Src.Addr[:8])^bits.RotateLeft64(k0, int(s.Src.Port&63))^uint64(s.Src.Port)<<32, le64(s.Src.Addr[8:])^k1)) &^ 1
	if s.Leaving {
		client |= 1
	}
	return recentEntry{seq(s.Seq), seq(s.Ack), client, uint32(h), moment}
}

// put remembers a segment, unless it is a copy itself.
func (r *recent) put(s *capture.Segment, h uint64, moment uint32) {
	e := r.entry(seq(s.Seq), seq(s.Ack))
	if e.first == seq(s.Seq) && e.ack == seq(s.Ack) && moment-e.moment <= recentTicks {
		return
	}
	*e = newRecentEntry(s, h, moment)
}

// isCopy reports whether a segment is one that was seen a moment ago with other
// addresses: with another server's (the destination was translated), or, having
// arrived then and leaving now, with any. Only those two can be told: 64 bits of
// numbers are no proof where a file's connections all begin with the same ones.
func (r *recent) isCopy(s *capture.Segment, h uint64, moment uint32) bool {
	e, now := r.entry(seq(s.Seq), seq(s.Ack)), newRecentEntry(s, h, moment)
	if e.first != now.first || e.ack != now.ack || e.conn == now.conn || moment-e.moment > recentTicks {
		return false
	}
	passed := e.client&1 == 0 && s.Leaving
	return passed || e.client>>1 == now.client>>1
}
