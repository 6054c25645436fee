package udpwire

// A chunk is memory with datagrams one behind the other: what one system call sends, and the unit in which memory is
// held until a replayer has confirmed it. The packer fills it, the outbox numbers it, and the pool it came from gets it
// back when its last datagram is settled.
type chunk struct {
	links[chunk] // in the outbox's queue

	// The packer's.
	buf   []byte           // The datagrams. It never grows beyond its capacity.
	n     int              // How many datagrams there are.
	ends  [maxGrams]uint32 // Where each ends in buf.
	bases [maxGrams]uint64 // The id of the message that begins or goes on at each one's start.
	news  [maxGrams]news   // What begins in each.
	last  uint64           // The id of the last message that begins here or before.

	// The outbox's.
	numbered bool   // Headers and numbers are set, and all is sealed when there is a secret: nothing changes any more.
	wrote    int    // How many datagrams were handed to the kernel.
	number   uint64 // The number of the first.
	at       int64  // When they were numbered, in ns.
}

// A news is what begins in a datagram: how many messages, and how many bytes their bodies have.
type news struct{ messages, bytes uint32 }

// Limits of a chunk: Linux takes at most 64 segments per call (UDP_MAX_SEGMENTS in net/ipv4/udp.c) and one UDP length
// in all.
const (
	maxGrams   = 64
	chunkSize  = 65000
	smallChunk = 4096 // for a few datagrams that must not hold a whole chunk
)

// start is where datagram i begins in buf.
func (c *chunk) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return c.ends[i-1]
}

// run returns the datagrams from i on that one call can send: all of the first one's size, but the last may be
// shorter. It returns how many there are and the first one's size.
func (c *chunk) run(i int) (n, size int) {
	size = int(c.ends[i] - c.start(i))
	for n = 1; i+n < c.n; n++ {
		if s := int(c.ends[i+n] - c.start(i+n)); s != size {
			if s < size {
				n++
			}
			break
		}
	}
	return n, size
}

// merge copies d's datagrams behind c's own when they fit, so that single messages do not hold a chunk each. It reports
// whether they did; d is unchanged.
func (c *chunk) merge(d *chunk) bool {
	if c.numbered || c.n+d.n > maxGrams || len(c.buf)+len(d.buf) > cap(c.buf) {
		return false
	}
	offset := uint32(len(c.buf))
	c.buf = append(c.buf, d.buf...)
	for i := range d.n {
		c.ends[c.n] = offset + d.ends[i]
		c.bases[c.n], c.news[c.n] = d.bases[i], d.news[i]
		c.n++
	}
	c.last = d.last
	return true
}

// reset empties the chunk and keeps its memory.
func (c *chunk) reset() { *c = chunk{buf: c.buf[:0]} }
