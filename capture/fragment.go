package capture

import (
	"bytes"
	"math/bits"
)

const (
	defaultFragmentBytes = 4 << 20
	fragmentTimeout      = 30_000_000_000 // nanoseconds of packet time; RFC 791 begins with 15 s, RFC 8200 says 60 s
	maxDatagram          = 65535
	fragmentUnit         = 8 // offsets count in units of 8 bytes
)

// A fragmentKey says which fragments belong together.
type fragmentKey struct {
	src, dst Endpoint // without ports
	id       uint32
	protocol uint8
}

// A datagram is an IP packet whose fragments come in, in any order.
type datagram struct {
	key    fragmentKey
	first  int64 // when its first fragment was seen
	data   []byte
	have   [(maxDatagram/fragmentUnit + 64) / 64]uint64 // a bit per unit that is there
	units  int                                          // set bits in have
	total  int                                          // length, known once the last fragment is in; else -1
	prev   *datagram                                    // seen before this one
	next   *datagram                                    // seen after it
	dead   bool                                         // contradicts itself: to be ignored until it expires
	memory int
}

// fragments are the datagrams that wait for more, oldest first. Their memory is
// bounded; the oldest goes first.
type fragments struct {
	budget, memory int
	waiting        map[fragmentKey]*datagram
	oldest, newest *datagram
	whole          []byte // the datagram completed last, lent until the next one
}

func (f *fragments) init(budget int) {
	if budget <= 0 {
		budget = defaultFragmentBytes
	}
	f.budget, f.waiting = budget, map[fragmentKey]*datagram{}
}

// fragment takes one in and goes on decoding when it completes its datagram.
// Fragments of TCP, and of what may hold TCP in a tunnel, are kept.
func (d *Decoder) fragment(key *fragmentKey, b []byte, cut, offset int, more, v6 bool) bool {
	if key.protocol != protocolTCP && !d.tunnels {
		return refuse(&d.stats.NotTCP)
	}
	d.keep = true
	f := &d.fragments
	for f.oldest != nil && d.last-f.oldest.first > fragmentTimeout {
		f.forget(f.oldest.key)
		d.stats.FragmentsExpired++
	}
	end := offset + len(b)
	if cut > 0 || end > maxDatagram || len(b) == 0 || more && len(b)%fragmentUnit != 0 {
		return refuse(&d.stats.FragmentsInvalid)
	}
	g := f.waiting[*key]
	if g == nil {
		g = &datagram{key: *key, first: d.last, total: -1}
		f.add(g)
	}
	switch g.take(b, offset, more, v6) {
	case fragmentRepeated:
		return refuse(&d.stats.FragmentsRepeated)
	case fragmentInvalid:
		return refuse(&d.stats.FragmentsInvalid)
	}
	d.stats.Fragments++
	f.memory += g.size() - g.memory
	g.memory = g.size()
	if !g.complete() {
		for f.memory > f.budget && f.oldest != nil {
			f.forget(f.oldest.key)
			d.stats.FragmentsShed++
		}
		return false
	}
	d.stats.Reassembled++
	f.forget(*key)
	f.whole = g.data[:g.total]
	if key.protocol == protocolTCP {
		return d.tcpBetween(f.whole, key)
	}
	return d.inner(key.protocol, f.whole, 0)
}

// tcpBetween decodes a segment whose addresses are in key.
func (d *Decoder) tcpBetween(b []byte, key *fragmentKey) bool {
	var addrs [32]byte
	copy(addrs[:], key.src.Addr[:])
	copy(addrs[16:], key.dst.Addr[:])
	if !d.tcp(b, 0, addrs[:]) {
		return false
	}
	d.seg.Src.Addr, d.seg.Dst.Addr = key.src.Addr, key.dst.Addr // as they are, IPv4 included
	return true
}

type fragmentFate uint8

const (
	fragmentTaken fragmentFate = iota
	fragmentRepeated
	fragmentInvalid
)

// take adds a fragment. The first copy of a byte wins in IPv4, as in the
// stacks of Linux and BSD; in IPv6 an overlap that is no plain repetition
// makes the whole datagram invalid (RFC 5722).
func (g *datagram) take(b []byte, offset int, more, v6 bool) fragmentFate {
	if g.dead {
		return fragmentInvalid
	}
	end := offset + len(b)
	if !more {
		if g.total >= 0 && g.total != end || end < len(g.data) {
			return g.kill()
		}
	} else if g.total >= 0 && end > g.total {
		return g.kill()
	}
	from, to := offset/fragmentUnit, (end+fragmentUnit-1)/fragmentUnit
	seen := g.count(from, to)
	if seen == to-from && end <= len(g.data) && bytes.Equal(g.data[offset:end], b) {
		if !more {
			g.total = end
		}
		return fragmentRepeated
	}
	if seen > 0 && v6 {
		return g.kill()
	}
	if end > len(g.data) {
		g.data = append(g.data, make([]byte, end-len(g.data))...)
	}
	for u := from; u < to; u++ {
		if g.have[u/64]>>(u%64)&1 != 0 {
			continue
		}
		g.have[u/64] |= 1 << (u % 64)
		g.units++
		at := u * fragmentUnit
		copy(g.data[at:min(at+fragmentUnit, end)], b[at-offset:])
	}
	if !more {
		g.total = end
	}
	return fragmentTaken
}

func (g *datagram) kill() fragmentFate {
	g.dead, g.data = true, nil
	return fragmentInvalid
}

// count tells how many units of [from, to) are there.
func (g *datagram) count(from, to int) int {
	n := 0
	for u := from; u < to; {
		word, bit := u/64, u%64
		span := min(64-bit, to-u)
		mask := ^uint64(0) >> (64 - span) << bit
		n += bits.OnesCount64(g.have[word] & mask)
		u += span
	}
	return n
}

func (g *datagram) complete() bool {
	return g.total >= 0 && g.units == (g.total+fragmentUnit-1)/fragmentUnit
}

// size is the memory that g takes.
func (g *datagram) size() int {
	const fixed = 1024 + 256 // have, and the rest with the map's share
	return fixed + cap(g.data)
}

func (f *fragments) add(g *datagram) {
	f.waiting[g.key] = g
	g.memory = g.size()
	f.memory += g.memory
	if g.prev = f.newest; g.prev != nil {
		g.prev.next = g
	} else {
		f.oldest = g
	}
	f.newest = g
}

// forget removes a datagram.
func (f *fragments) forget(key fragmentKey) {
	g := f.waiting[key]
	delete(f.waiting, key)
	f.memory -= g.memory
	if g.prev != nil {
		g.prev.next = g.next
	} else {
		f.oldest = g.next
	}
	if g.next != nil {
		g.next.prev = g.prev
	} else {
		f.newest = g.prev
	}
}
