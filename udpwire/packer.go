package udpwire

// A packer cuts and packs messages into datagrams. It belongs to the goroutine that calls Send: nothing here is locked.
type packer struct {
	hand  func(*chunk) *chunk // Takes a filled chunk, returns an empty one with room for chunkSize bytes.
	size  func() int          // The current size of a full datagram, asked when a chunk is begun.
	tag   int                 // Bytes to leave behind each datagram for sealing.
	alone bool                // No request is followed by production's response, whatever it says.
	part  bool                // No chunk ends one message and begins another: what begins needs leave, what goes on does not.

	c     *chunk // What is being filled; nil at first.
	full  int    // The size of a full datagram in c.
	open  bool   // A datagram is being filled.
	start int    // Where it starts in c.buf.
	since int64  // The Time of the first message in c; 0: there is none.

	id    uint64            // Of the last message packed.
	lanes [laneCount]uint64 // The id of the last message of each lane; 0: it has had none.
	head  [maxHead]byte     // Scratch.
}

// laneCount is how many lanes there are: users share this many lanes by hash; within a lane the replayer keeps the order.
const laneCount = 1 << 14

// lane is the lane of a user or a connection.
func lane(of uint64) int {
	return int(of * 0x9E3779B97F4A7C15 >> (64 - 14)) // Fibonacci hashing: it may be anything
}

// splitShare is when a message is split: the end of a datagram is filled with the next message's beginning when more than this share of it would
// stay empty; a smaller rest is not worth the receiver's copying.
const splitShare = 8

// add packs m, whose Body is copied: it goes into the open datagram if it fits, else into the next, else it is split.
func (p *packer) add(m *Message) {
	if p.part && !p.empty() && !p.fits(maxHead+len(m.Body)) {
		p.flush()
	}
	p.id++
	l := &p.lanes[lane(m.orderedBy())]
	back := p.id - *l
	if *l == 0 || back > 1<<32-1 {
		back = 0
	}
	*l = p.id
	head := appendHead(p.head[:0], m, uint32(back))
	if p.alone {
		head[messageFlags] &^= flagAnswered
	}
	need := len(head) + len(m.Body)
	if room := p.room(); need > room {
		whole := p.full - dataOffset - p.tag
		if room < max(p.full/splitShare, fragmentHead+maxHead) {
			p.shut(true)
			room = p.room()
		}
		if need > room || need > whole {
			p.split(m, head)
			return
		}
	}
	p.begin(m)
	p.c.buf = append(p.c.buf, head...)
	p.c.buf = append(p.c.buf, m.Body...)
}

// begin notes that m begins in the open datagram.
func (p *packer) begin(m *Message) {
	if p.since == 0 {
		p.since = m.Time
	}
	b := &p.c.news[p.c.n]
	b.messages++
	b.bytes += uint32(len(m.Body))
	p.c.last = p.id
}

// split packs m, whose frame begins with head, as fragments.
func (p *packer) split(m *Message, head []byte) {
	total := len(head) + len(m.Body)
	p.begin(m)
	first := p.c
	for offset := 0; offset < total; {
		n := min(p.room()-fragmentHead, total-offset)
		p.c.buf = appendFragmentHead(p.c.buf, n, offset, total)
		if offset < len(head) {
			k := min(n, len(head)-offset)
			p.c.buf = append(p.c.buf, head[offset:offset+k]...)
			offset, n = offset+k, n-k
		}
		from := offset - len(head)
		p.c.buf = append(p.c.buf, m.Body[from:from+n]...)
		offset += n
		if offset < total {
			p.shut(true)
		}
	}
	if p.part && p.c != first {
		p.flush()
	}
}

// fits reports whether a message of need bytes surely fits into the chunk.
func (p *packer) fits(need int) bool {
	used, grams := len(p.c.buf), p.c.n
	if p.open {
		if need <= p.room() {
			return true
		}
		used, grams = p.start+p.full, grams+1
	}
	more := 1 + need/(p.full-dataOffset-p.tag-fragmentHead)
	return grams+more <= maxGrams && used+more*p.full <= cap(p.c.buf)
}

// room opens a datagram if none is open, in a new chunk if necessary, and returns how many bytes of frames fit.
func (p *packer) room() int {
	if !p.open {
		if p.c == nil || p.c.n == maxGrams || len(p.c.buf)+p.full > cap(p.c.buf) {
			p.c = p.hand(p.c)
			p.full = p.size()
			p.since = 0
			p.c.last = p.id
		}
		p.open, p.start = true, len(p.c.buf)
		p.c.buf = p.c.buf[:p.start+dataOffset] // the header is written when the number is known
		p.c.bases[p.c.n] = p.id
	}
	return p.full - p.tag - (len(p.c.buf) - p.start)
}

// shut ends the open datagram. more says that another follows: then it is padded to full size, because one call can
// only send datagrams of one size.
func (p *packer) shut(more bool) {
	c := p.c
	end := len(c.buf) + p.tag
	if more && c.n+1 < maxGrams && p.start+2*p.full <= cap(c.buf) {
		end = p.start + p.full
	}
	used := len(c.buf)
	c.buf = c.buf[:end]
	clear(c.buf[used:])
	c.ends[c.n] = uint32(end)
	c.n++
	p.open = false
}

// flush hands over what is packed.
func (p *packer) flush() {
	if p.open {
		p.shut(false)
	}
	if p.c != nil && p.c.n > 0 {
		p.c = p.hand(p.c)
		p.full = p.size()
		p.since = 0
	}
}

// empty reports whether nothing is packed.
func (p *packer) empty() bool { return !p.open && (p.c == nil || p.c.n == 0) }
