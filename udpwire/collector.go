package udpwire

import (
	"bytes"
	"sort"
)

// A collector joins fragments to MESSAGE frames. Fragments are lent to it and copied. Whatever they claim to be, they cost
// hardly more than what came. The zero value is ready. Not safe for concurrent use.
type collector struct {
	partial map[uint64]*partial     // Unfinished frames by the ids of their messages.
	dropped uint64                  // None is begun with an id up to here.
	begun   list[partial, *partial] // The same in the order they were begun.
	spare   []*partial              // Finished ones, whose memory the next ones use.
	bytes   int64                   // Memory that unfinished frames hold.
}

// A partial is a frame of which pieces are missing.
type partial struct {
	links[partial]
	id   uint64   // of the message
	size uint32   // of the whole frame
	buf  []byte   // It grows as pieces come: a claimed size costs nothing.
	have []extent // What has arrived, ascending and with gaps between.

	arrived    int        // Bytes of all pieces that came.
	early      []fragment // Copies of those that lie so far ahead of what came that buf does not grow for them.
	earlyBytes int        // Memory that these hold.
}

// An extent is a range of bytes that has arrived.
type extent struct{ from, to uint32 }

const (
	partialOverhead = 256       // what a partial costs beside its buffer
	earlyOverhead   = 64        // what an early piece costs beside its bytes
	nearBytes       = 64 << 10  // buf grows so far without asking
	nearTimes       = 16        // and beyond by so much for each byte that came
	spareBytes      = 128 << 10 // larger buffers are not kept
	maxSpare        = 8
)

// add copies in a piece of id's frame. It returns the frame when that completed it; the caller passes it back to
// recycle. ok is false when the piece contradicts an earlier one.
func (c *collector) add(id uint64, f *fragment) (whole *partial, ok bool) {
	p := c.partial[id]
	if p == nil {
		p = c.begin(id, f.total)
	}
	if p.size != f.total {
		return nil, false
	}
	c.bytes -= p.memory()
	p.put(f)
	c.bytes += p.memory()
	if !p.note(f.offset, f.offset+uint32(len(f.piece))) {
		return nil, true
	}
	c.remove(p)
	p.join()
	return p, true
}

// memory is how many bytes a partial holds.
func (p *partial) memory() int64 { return int64(cap(p.buf) + p.earlyBytes + partialOverhead) }

// put copies in a piece: where it belongs, or aside if that lies far ahead of all that came. Who sends no more than the
// end of a frame is not to have all of it made and cleared.
func (p *partial) put(f *fragment) {
	end := int(f.offset) + len(f.piece)
	p.arrived += len(f.piece)
	if end > max(len(p.buf), nearBytes+nearTimes*p.arrived) {
		p.early = append(p.early, fragment{offset: f.offset, piece: bytes.Clone(f.piece)})
		p.earlyBytes += len(f.piece) + earlyOverhead
		return
	}
	if end > len(p.buf) {
		p.grow(end)
	}
	copy(p.buf[f.offset:], f.piece)
}

// join brings the early pieces to where they belong, when nothing is missing.
func (p *partial) join() {
	if len(p.early) == 0 {
		return
	}
	if len(p.buf) < int(p.size) {
		p.grow(int(p.size))
	}
	for _, f := range p.early {
		copy(p.buf[f.offset:], f.piece)
	}
	p.early, p.earlyBytes = nil, 0
}

// begin makes a partial for a frame of size bytes.
func (c *collector) begin(id uint64, size uint32) *partial {
	if c.partial == nil {
		c.partial = make(map[uint64]*partial)
	}
	var p *partial
	if n := len(c.spare); n > 0 {
		p, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		p = &partial{}
	}
	p.id, p.size = id, size
	c.partial[id] = p
	c.begun.push(p)
	c.bytes += p.memory()
	return p
}

// grow makes room for n bytes, which is at most the frame's size.
func (p *partial) grow(n int) {
	if n > cap(p.buf) {
		buf := make([]byte, n, min(max(n, 2*cap(p.buf), 8<<10), max(int(p.size), n)))
		copy(buf, p.buf)
		p.buf = buf
		return
	}
	p.buf = p.buf[:n]
}

// note marks a range as arrived and reports whether nothing is missing now.
func (p *partial) note(from, to uint32) bool {
	i := len(p.have)
	if i > 0 && p.have[i-1].to >= from { // else it is the usual one, that lies behind all others
		i = sort.Search(i, func(k int) bool { return p.have[k].to >= from }) // the first that overlaps, touches, or lies behind
	}
	j := i
	for j < len(p.have) && p.have[j].from <= to {
		from, to = min(from, p.have[j].from), max(to, p.have[j].to)
		j++
	}
	if i == j {
		p.have = append(p.have, extent{})
		copy(p.have[i+1:], p.have[i:])
		p.have[i] = extent{from, to}
	} else {
		p.have[i] = extent{from, to}
		p.have = append(p.have[:i+1], p.have[j:]...)
	}
	return len(p.have) == 1 && p.have[0] == extent{0, p.size}
}

// remove takes a partial out of the accounts. Its memory is the caller's.
func (c *collector) remove(p *partial) {
	delete(c.partial, p.id)
	c.begun.remove(p)
	c.bytes -= p.memory()
}

// recycle takes the memory of a removed partial back whose frame nobody needs any more.
func (c *collector) recycle(p *partial) {
	if cap(p.buf) <= spareBytes && len(c.spare) < maxSpare {
		*p = partial{buf: p.buf[:0], have: p.have[:0]}
		c.spare = append(c.spare, p)
	}
}

// dropUpTo forgets all ids up to id, of which no fragment is to come any more. It costs no more than there are ids since
// the last time, nor than there are unfinished frames.
func (c *collector) dropUpTo(id uint64) {
	if id > c.dropped && id-c.dropped > uint64(len(c.partial)) {
		for p := c.begun.first; p != nil; {
			next := p.next
			if p.id <= id {
				c.drop(p)
			}
			p = next
		}
		c.dropped = id
	}
	for ; c.dropped < id; c.dropped++ {
		if p := c.partial[c.dropped+1]; p != nil {
			c.drop(p)
		}
	}
}

// drop forgets an unfinished frame.
func (c *collector) drop(p *partial) {
	c.remove(p)
	c.recycle(p)
}

// evict forgets the message begun first and returns its id; 0: there is none.
func (c *collector) evict() (id uint64) {
	p := c.begun.first
	if p == nil {
		return 0
	}
	id = p.id
	c.drop(p)
	return id
}
