package udpwire

// A collector joins fragments to MESSAGE frames. Fragments are lent to it and copied. The zero value is ready. Not safe
// for concurrent use.
type collector struct {
	partial map[uint64]*partial     // Unfinished frames by the ids of their messages.
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
}

// An extent is a range of bytes that has arrived.
type extent struct{ from, to uint32 }

const (
	partialOverhead = 256       // what a partial costs beside its buffer
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
	end := int(f.offset) + len(f.piece)
	if end > len(p.buf) {
		c.bytes -= int64(cap(p.buf))
		p.grow(end)
		c.bytes += int64(cap(p.buf))
	}
	copy(p.buf[f.offset:], f.piece)
	if !p.note(f.offset, uint32(end)) {
		return nil, true
	}
	c.remove(p)
	return p, true
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
	c.bytes += int64(cap(p.buf)) + partialOverhead
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
	for i > 0 && p.have[i-1].to >= from { // overlaps or touches, or lies behind
		i--
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
	c.bytes -= int64(cap(p.buf)) + partialOverhead
}

// recycle takes the memory of a removed partial back whose frame nobody needs any more.
func (c *collector) recycle(p *partial) {
	if cap(p.buf) <= spareBytes && len(c.spare) < maxSpare {
		p.buf, p.have = p.buf[:0], p.have[:0]
		c.spare = append(c.spare, p)
	}
}

// dropUpTo forgets all ids up to id.
func (c *collector) dropUpTo(id uint64) {
	for p := c.begun.first; p != nil; {
		next := p.next
		if p.id <= id {
			c.remove(p)
			c.recycle(p)
		}
		p = next
	}
}

// evict forgets the message begun first and returns its id; 0: there is none.
func (c *collector) evict() (id uint64) {
	p := c.begun.first
	if p == nil {
		return 0
	}
	c.remove(p)
	c.recycle(p)
	return p.id
}
