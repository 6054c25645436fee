package reassembly

import (
	"hash/maphash"
	"math"
	"math/bits"

	"gor/capture"
	"gor/reassembly/memory"
)

// A table finds connections by the hash of their addresses. It is an
// open-addressing hash table cut into parts that grow one by one, so that no
// packet waits while hundreds of thousands of slots move. The slots of a part
// are in descending order of the hash, each at its home or as soon behind it as
// there is room: a search ends at the first that is not above what it looks
// for, and a part grows by being read from front to back. The slots hold no
// pointers; the hash is keyed, so that nobody can choose addresses that meet in
// one slot.
type table struct {
	parts [tableParts]tablePart
	key   [2]uint64
	bytes int64 // of all slots
}

type tablePart struct {
	slots   []slot // homes, and slack for what does not fit into the last of them; the last slot is empty
	used    int
	inserts uint32
}

// A slot is 32 bits of the hash above the number of the connection, or 0: most
// misses and all moves need no look at the record.
type slot uint64

const (
	tableParts = 256
	minHomes   = 8
	slackSlots = 16
	manySlots  = 1 << 9
	slotBytes  = 8
)

func newTable() *table {
	t := &table{}
	for i := range t.key {
		t.key[i] = maphash.String(maphash.MakeSeed(), "gor") | 1
	}
	for i := range t.parts {
		t.grow(&t.parts[i])
	}
	return t
}

// hash mixes the addresses with the key. It is taken for the addresses
// themselves: that two of a million connections have the same is as likely as
// one to 37 million. It is not 0.
func (t *table) hash(client, server *capture.Endpoint) uint64 {
	h := fold(le64(client.Addr[:8])^t.key[0], le64(client.Addr[8:])^t.key[1])
	h = fold(h^le64(server.Addr[:8]), le64(server.Addr[8:])^t.key[1])
	return max(1, fold(h^t.key[0], uint64(client.Port)<<16^uint64(server.Port)^t.key[1]))
}

// fold multiplies to 128 bits and folds them to 64.
func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func le64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

func (t *table) part(h uint64) *tablePart { return &t.parts[h>>56] }

// find returns the connection whose addresses have this hash, or 0.
func (t *table) find(recs *slab, h uint64) uint32 {
	p := t.part(h)
	for i := p.search(uint32(h)); p.slots[i].hash() == uint32(h); i++ {
		if conn := p.slots[i].conn(); conn == 0 || recs.at(conn).id == h {
			return conn
		}
	}
	return 0
}

// candidate returns the connection that find is likely to return, and how many
// were inserted in its part of the table until then: if it is 0, that means
// none, until there are more.
func (t *table) candidate(h uint64) (conn, inserts uint32) {
	p := t.part(h)
	if s := p.slots[p.search(uint32(h))]; s.hash() == uint32(h) {
		return s.conn(), p.inserts
	}
	return 0, p.inserts
}

// isNew reports whether it is still known of a candidate that was 0 that there
// is no such connection.
func (t *table) isNew(h uint64, inserts uint32) bool { return t.part(h).inserts == inserts }

// prefetch has the processor load what find looks at first.
func (t *table) prefetch(h uint64) {
	p := t.part(h)
	prefetch(&p.slots[p.home(uint32(h))])
}

// insert adds a connection that is not in the table.
func (t *table) insert(h uint64, conn uint32) {
	p := t.part(h)
	// Fuller parts would make the processor guess wrong how far to look.
	for 2*(p.used+1) > p.homes() || !p.place(newSlot(uint32(h), conn)) {
		t.grow(p)
	}
	p.used++
	p.inserts++
}

// remove takes a connection out and moves back what its slot kept away from
// its home, so that no marks of the deceased are needed.
func (t *table) remove(h uint64, conn uint32) {
	p := t.part(h)
	i := p.search(uint32(h))
	for p.slots[i].conn() != conn {
		i++
	}
	for ; p.slots[i+1] != 0 && p.home(p.slots[i+1].hash()) <= i; i++ {
		p.slots[i] = p.slots[i+1]
	}
	p.slots[i] = 0
	p.used--
}

// grow doubles the homes of a part. Behind the last of them there is at least
// as much room as there was: what was near the end is now twice as far from it.
func (t *table) grow(p *tablePart) {
	old := p.slots
	p.slots = make([]slot, max(minHomes, 2*p.homes())+slackSlots)
	t.bytes += int64(len(p.slots)-len(old)) * slotBytes
	if len(p.slots) >= manySlots {
		memory.AdviseHuge(p.slots)
	}
	next := 0
	for _, s := range old {
		if s != 0 {
			next = max(next, p.home(s.hash()))
			p.slots[next] = s
			next++
		}
	}
}

func newSlot(hash, conn uint32) slot { return slot(hash)<<32 | slot(conn) }

func (s slot) hash() uint32 { return uint32(s >> 32) }
func (s slot) conn() uint32 { return uint32(s) }

func (p *tablePart) homes() int { return len(p.slots) - slackSlots }

// home is where the slot with a hash is if there is room.
func (p *tablePart) home(hash uint32) int {
	return int(uint64(^hash) * uint64(p.homes()) >> 32)
}

// search returns where the slots begin whose hash is not above this one.
func (p *tablePart) search(hash uint32) int {
	i := p.home(hash)
	for above := newSlot(hash, math.MaxUint32); p.slots[i] > above; {
		i++
	}
	return i
}

// place puts s where it belongs and moves what is there by one. If there is no
// room, it does nothing and returns false.
func (p *tablePart) place(s slot) bool {
	i := p.search(s.hash())
	end := i
	for p.slots[end] != 0 {
		end++
	}
	if end == len(p.slots)-1 {
		return false
	}
	for ; end > i; end-- {
		p.slots[end] = p.slots[end-1]
	}
	p.slots[i] = s
	return true
}
