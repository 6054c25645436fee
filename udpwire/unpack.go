package udpwire

// An unpacker takes messages out of chunks that were packed and never numbered, so that another replayer can have them.
// Nothing in such a chunk is sealed yet. The chunks are the packer's own work, so that nothing in them is wrong.
type unpacker struct {
	tag   int                                      // What each datagram leaves for a seal at its end, in bytes.
	hand  func(id uint64, back uint32, m *Message) // It is lent each message in turn; its Body lies in the chunk, or in frame.
	frame []byte                                   // The MESSAGE frame whose fragments came last; kept for its memory.
	m     Message                                  // Scratch.
	piece fragment                                 // Scratch.
}

// chunk hands on the messages that end in c. Chunks are to be given in the order in which they were packed. Of a
// message whose beginning was in none of them nothing is handed on.
func (u *unpacker) chunk(c *chunk) {
	for i := range c.n {
		u.frames(c.bases[i], c.buf[c.start(i)+dataOffset:c.ends[i]-uint32(u.tag)])
	}
}

// frames hands on the messages that end in a datagram with frames b, the first of which belongs to message id.
func (u *unpacker) frames(id uint64, b []byte) {
	for len(b) > 0 && b[0] != framePad {
		n, back, ok := 0, uint32(0), false
		if b[0] == frameMessage {
			n, back, ok = parseMessage(b, &u.m)
		} else {
			n, back, ok = u.fragment(b)
		}
		if ok {
			u.hand(id, back, &u.m)
		}
		id++ // a fragment that is not its message's last is the last frame of its datagram
		b = b[n:]
	}
}

// fragment adds the piece at the start of b to its message and returns the frame's length. ok says that the message is
// whole.
func (u *unpacker) fragment(b []byte) (n int, back uint32, ok bool) {
	n, _ = parseFragment(b, &u.piece)
	if u.piece.offset == 0 {
		u.frame = u.frame[:0]
	}
	if int(u.piece.offset) != len(u.frame) { // its beginning was sent already
		return n, 0, false
	}
	if u.frame = append(u.frame, u.piece.piece...); !u.piece.last() {
		return n, 0, false
	}
	_, back, ok = parseMessage(u.frame, &u.m)
	u.frame = u.frame[:0]
	return n, back, ok
}

// continues reports whether c begins in the middle of a message, of which the beginning is in the chunk packed before.
func (c *chunk) continues() bool {
	var f fragment
	if c.n == 0 {
		return false
	}
	_, ok := parseFragment(c.buf[dataOffset:c.ends[0]], &f)
	return ok && f.offset > 0
}

// truncate cuts off what comes behind the message that goes on at c's start. tag is how many bytes each datagram leaves
// for a seal. It reports whether anything was cut off.
func (c *chunk) truncate(tag int) bool {
	var f fragment
	for i := range c.n {
		start := c.start(i) + dataOffset
		n, _ := parseFragment(c.buf[start:c.ends[i]], &f)
		if !f.last() {
			continue
		}
		end := start + uint32(n+tag)
		c.buf = c.buf[:end]
		clear(c.buf[start+uint32(n):])
		cut := c.last > c.bases[0]
		c.n, c.ends[i], c.last, c.news = i+1, end, c.bases[0], [maxGrams]news{}
		return cut
	}
	return false // it goes on beyond the chunk, and nothing else begins here
}
