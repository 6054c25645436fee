package capture

import (
	"bytes"
	"container/list"
	"math/bits"
)

const (
	defaultFragmentBytes = 4 << 20
	fragmentTimeout      = 30_000_000_000 // nanoseconds of packet time; RFC 791 begins with 15 s, RFC 8200 says 60 s
	maxDatagram          = 65535
	fragmentUnit         = 8 // offsets count in units of 8 bytes
)

// A fragment is a part of an IP datagram, as its packet has it.
type fragment struct {
	id       uint32
	protocol uint8
	addrs    []byte // source and destination, of 4 or 16 bytes each
	data     []byte
	cut      int // bytes of data that were not captured
	offset   int // of data in the datagram
	more     bool
}

// A datagramKey says which fragments belong together: those of one sender,
// seen at one place. Identifications come round within seconds on a busy host
// (RFC 4963), so that parts of two datagrams can meet here; what is put
// together is believed only if its TCP checksum is right.
type datagramKey struct {
	src, dst Endpoint // without ports
	id       uint32
	place    place
	protocol uint8
}

// A datagram is an IP packet whose fragments come in, in any order.
type datagram struct {
	key    datagramKey
	first  int64 // when its first fragment was seen
	data   []byte
	have   [(maxDatagram/fragmentUnit + 64) / 64]uint64 // a bit per unit that is there
	units  int                                          // set bits in have
	total  int                                          // length, known once the last fragment is in; else -1
	dead   bool                                         // contradicts itself: to be ignored until it expires
	memory int                                          // as counted in fragments.memory
}

// fragments are the datagrams that wait for more. Their memory is bounded; the
// oldest goes first.
type fragments struct {
	budget, memory int
	waiting        map[datagramKey]*list.Element // of order
	order          list.List                     // of *datagram, the oldest in front
	whole          []byte                        // the datagram completed last, lent until the next one
}

func (f *fragments) init(budget int) {
	if budget <= 0 {
		budget = defaultFragmentBytes
	}
	f.budget, f.waiting = budget, map[datagramKey]*list.Element{}
}

// fragment takes one in and goes on decoding when it completes its datagram.
// Fragments of TCP, and of what may hold TCP in a tunnel, are kept.
func (d *Decoder) fragment(piece *fragment) bool {
	if piece.protocol != protocolTCP && !d.tunnels {
		return refuse(&d.stats.NotTCP)
	}
	d.keep = true
	f := &d.fragments
	d.stats.FragmentsExpired += f.expire(d.time - fragmentTimeout)
	if !piece.valid() {
		return refuse(&d.stats.FragmentsInvalid)
	}
	key := datagramKey{id: piece.id, protocol: piece.protocol, place: d.place}
	key.src.setEither(piece.addrs[:len(piece.addrs)/2])
	key.dst.setEither(piece.addrs[len(piece.addrs)/2:])
	g := f.of(&key, d.time)
	fate := g.take(piece)
	f.memory += g.size() - g.memory
	g.memory = g.size()
	switch fate {
	case fragmentRepeated:
		return refuse(&d.stats.FragmentsRepeated)
	case fragmentInvalid:
		return refuse(&d.stats.FragmentsInvalid)
	}
	d.stats.Fragments++
	if !g.complete() {
		d.stats.FragmentsShed += f.shed()
		return false
	}
	d.stats.Reassembled++
	f.forget(g)
	f.whole = g.data[:g.total]
	// The source's word was about this fragment alone. Whoever cuts a datagram
	// completes its sum before, since no card could.
	if d.checksum != ChecksumRecorded {
		d.checksum = ChecksumComplete
	}
	if key.protocol == protocolTCP {
		return d.tcp(f.whole, 0, piece.addrs)
	}
	return tunnels{d}.inner(key.protocol, f.whole, 0)
}

// valid reports whether a fragment is whole and has its place in a datagram.
func (p *fragment) valid() bool {
	return p.cut == 0 && len(p.data) > 0 && p.offset+len(p.data) <= maxDatagram &&
		(!p.more || len(p.data)%fragmentUnit == 0)
}

type fragmentFate uint8

const (
	fragmentTaken fragmentFate = iota
	fragmentRepeated
	fragmentInvalid
)

// take adds a fragment. One that was there already, byte for byte, is ignored;
// any other overlap makes the whole datagram invalid, as in Linux for both
// versions of IP (inet_frag_queue_insert in net/ipv4/inet_fragment.c, RFC 5722).
func (g *datagram) take(piece *fragment) fragmentFate {
	if g.dead {
		return fragmentInvalid
	}
	offset, end := piece.offset, piece.offset+len(piece.data)
	if !piece.more {
		if g.total >= 0 && g.total != end || end < len(g.data) {
			return g.kill()
		}
	} else if g.total >= 0 && end > g.total {
		return g.kill()
	}
	from, to := offset/fragmentUnit, (end+fragmentUnit-1)/fragmentUnit
	if seen := g.count(from, to); seen > 0 {
		if seen < to-from || end > len(g.data) || !bytes.Equal(g.data[offset:end], piece.data) {
			return g.kill()
		}
		if !piece.more {
			g.total = end
		}
		return fragmentRepeated
	}
	if end > len(g.data) {
		g.data = append(g.data, make([]byte, end-len(g.data))...)
	}
	copy(g.data[offset:], piece.data)
	for u := from; u < to; u++ {
		g.have[u/64] |= 1 << (u % 64)
	}
	g.units += to - from
	if !piece.more {
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
	const fixed = 1024 + 384 // have, and the rest with the map's and the list's share
	return fixed + cap(g.data)
}

// of returns the datagram that a fragment seen now belongs to.
func (f *fragments) of(key *datagramKey, now int64) *datagram {
	if e := f.waiting[*key]; e != nil {
		return e.Value.(*datagram)
	}
	g := &datagram{key: *key, first: now, total: -1}
	g.memory = g.size()
	f.memory += g.memory
	f.waiting[*key] = f.order.PushBack(g)
	return g
}

// expire gives up what began before a time, and returns how many that were.
func (f *fragments) expire(before int64) (n uint64) {
	for e := f.order.Front(); e != nil && e.Value.(*datagram).first < before; e = f.order.Front() {
		f.forget(e.Value.(*datagram))
		n++
	}
	return n
}

// shed gives up the oldest until the memory allowed suffices, and returns how
// many that were.
func (f *fragments) shed() (n uint64) {
	for f.memory > f.budget && f.order.Len() > 0 {
		f.forget(f.order.Front().Value.(*datagram))
		n++
	}
	return n
}

// forget removes a datagram.
func (f *fragments) forget(g *datagram) {
	f.order.Remove(f.waiting[g.key])
	delete(f.waiting, g.key)
	f.memory -= g.memory
}
