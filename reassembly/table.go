package reassembly

import (
	"hash/maphash"
	"math/bits"

	"gor/capture"
)

// A table finds connections by their addresses. It is an open-addressing hash
// table cut into parts that grow one by one, so that no packet waits while
// hundreds of thousands of slots move. The slots hold no pointers; the hash is
// keyed, so that nobody can choose addresses that meet in one slot.
type table struct {
	parts [tableParts]tablePart
	key   [2]uint64
	bytes int64 // of all slots
}

type tablePart struct {
	slots   []slot // a power of two of them
	used    int
	inserts uint32
}

// A slot is 8 bytes: most misses and all moves need no look at the record.
type slot struct {
	hash uint32
	conn uint32 // 0: empty
}

const (
	tableParts   = 256
	minPartSlots = 8
	manySlots    = 1 << 9
	slotBytes    = 8
)

func newTable() *table {
	t := &table{}
	for i := range t.key {
		t.key[i] = maphash.String(maphash.MakeSeed(), "gor") | 1
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
	for i := uint32(h); ; i++ {
		if i = p.search(i, uint32(h)); i == none {
			return 0
		}
		conn := p.slots[i].conn
		if recs.at(conn).id == h {
			return conn
		}
	}
}

// candidate returns the connection that find is likely to return, and how many
// were inserted in its part of the table until then: if it is 0, that means
// none, until there are more.
func (t *table) candidate(h uint64) (conn, inserts uint32) {
	p := t.part(h)
	if i := p.search(uint32(h), uint32(h)); i != none {
		return p.slots[i].conn, p.inserts
	}
	return 0, p.inserts
}

// isNew tells whether it is still known of a candidate that was 0 that there
// is no such connection.
func (t *table) isNew(h uint64, inserts uint32) bool { return t.part(h).inserts == inserts }

// search returns the first slot from i on that has the hash, before one that
// is empty.
func (p *tablePart) search(i, hash uint32) uint32 {
	mask := uint32(len(p.slots) - 1)
	for i &= mask; i < uint32(len(p.slots)); i = (i + 1) & mask {
		s := p.slots[i]
		if s.conn == 0 {
			break
		}
		if s.hash == hash {
			return i
		}
	}
	return none
}

const none = ^uint32(0)

// prefetch has the processor load what find looks at first.
func (t *table) prefetch(h uint64) {
	if p := t.part(h); len(p.slots) > 0 {
		prefetch(&p.slots[uint32(h)&uint32(len(p.slots)-1)].hash)
	}
}

// insert adds a connection that is not in the table.
func (t *table) insert(h uint64, conn uint32) {
	p := t.part(h)
	if (p.used+1)*2 > len(p.slots) { // fuller ones make the processor guess wrong how far to look
		old := p.slots
		p.slots = make([]slot, max(minPartSlots, 2*len(old)))
		t.bytes += int64(len(p.slots)-len(old)) * slotBytes
		if len(p.slots) >= manySlots {
			adviseHuge(p.slots)
		}
		for _, s := range old {
			if s.conn != 0 {
				p.place(s)
			}
		}
	}
	p.place(slot{uint32(h), conn})
	p.used++
	p.inserts++
}

func (p *tablePart) place(s slot) {
	mask := uint32(len(p.slots) - 1)
	i := s.hash & mask
	for p.slots[i].conn != 0 {
		i = (i + 1) & mask
	}
	p.slots[i] = s
}

// remove takes a connection out and moves back what its slot kept away from
// where it belongs, so that no marks of the deceased are needed.
func (t *table) remove(h uint64, conn uint32) {
	p := t.part(h)
	mask := uint32(len(p.slots) - 1)
	i := uint32(h) & mask
	for p.slots[i].conn != conn {
		i = (i + 1) & mask
	}
	p.used--
	for j := (i + 1) & mask; p.slots[j].conn != 0; j = (j + 1) & mask {
		if home := p.slots[j].hash & mask; (j-home)&mask >= (j-i)&mask {
			p.slots[i] = p.slots[j]
			i = j
		}
	}
	p.slots[i] = slot{}
}
