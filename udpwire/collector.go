package udpwire

// A collector joins fragments to MESSAGE frames. The zero value is ready.
type collector struct {
	partial map[uint64]*partial
	order   []uint64   // ids in the order they were begun; those finished since are skipped
	spare   []*partial // finished ones, whose memory the next ones use
	bytes   int64      // held by partial
}

// A partial is a frame of which pieces are missing.
type partial struct {
	buf  []byte // grows as pieces come: a claimed total costs nothing
	have []extent
	size uint32 // of the whole frame
}

// An extent is a range of bytes that has arrived.
type extent struct{ from, to uint32 }

const (
	partialOverhead = 256
	spareBytes      = 128 << 10 // larger buffers are not kept
	maxSpare        = 8
)

// add takes in a piece of id's frame. It returns the frame when that completed it; the caller passes it back to done.
func (c *collector) add(id uint64, f *fragment) (whole *partial, ok bool) {
	p := c.partial[id]
	if p == nil {
		p = c.begin(id)
		p.size = f.total
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
	delete(c.partial, id)
	c.bytes -= int64(cap(p.buf)) + partialOverhead
	return p, true
}

func (c *collector) begin(id uint64) *partial {
	if c.partial == nil {
		c.partial = make(map[uint64]*partial)
	}
	p := &partial{}
	if n := len(c.spare); n > 0 {
		p, c.spare = c.spare[n-1], c.spare[:n-1]
	}
	c.partial[id] = p
	if len(c.order) >= 64 && len(c.order) > 2*len(c.partial) {
		kept := c.order[:0]
		for _, id := range c.order {
			if c.partial[id] != nil {
				kept = append(kept, id)
			}
		}
		c.order = kept
	}
	c.order = append(c.order, id)
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

// done takes a partial back whose frame is no longer needed.
func (c *collector) done(p *partial) {
	if cap(p.buf) <= spareBytes && len(c.spare) < maxSpare {
		p.buf, p.have = p.buf[:0], p.have[:0]
		c.spare = append(c.spare, p)
	}
}

// drop forgets id.
func (c *collector) drop(id uint64) {
	if p := c.partial[id]; p != nil {
		delete(c.partial, id)
		c.bytes -= int64(cap(p.buf)) + partialOverhead
		c.done(p)
	}
}

// dropUpTo forgets all ids up to id.
func (c *collector) dropUpTo(id uint64) {
	for k := range c.partial {
		if k <= id {
			c.drop(k)
		}
	}
}

// evict forgets the message begun first and returns its id; 0: there is none.
func (c *collector) evict() uint64 {
	for len(c.order) > 0 {
		id := c.order[0]
		c.order = c.order[1:]
		if c.partial[id] != nil {
			c.drop(id)
			return id
		}
	}
	return 0
}
