package udpwire

// A chunk is memory with datagrams one behind the other: what one system call sends, and the unit in which memory is
// held until a replayer has confirmed it.
type chunk struct {
	buf   []byte           // the datagrams; never grows beyond its capacity
	n     int              // how many
	ends  [maxGrams]uint32 // where each ends in buf
	bases [maxGrams]uint64 // id of the message that begins or goes on at each one's start

	begun int    // messages that begin in it
	bytes uint64 // bodies of those
	last  uint64 // id of the last message that begins in it or before

	numbered bool   // headers and numbers are set, sealed when there is a secret
	wrote    int    // how many were handed to the kernel
	number   uint64 // of the first
	at       int64  // when numbered
	next     *chunk // in a list
}

// Limits of a chunk: Linux takes at most 64 segments per call (UDP_MAX_SEGMENTS) and one UDP length in all.
const (
	maxGrams   = 64
	chunkSize  = 65000
	smallChunk = 4096
)

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

// take moves d's datagrams behind c's own when they fit, so that single messages do not hold a chunk each.
func (c *chunk) take(d *chunk) bool {
	if c.numbered || c.n+d.n > maxGrams || len(c.buf)+len(d.buf) > cap(c.buf) {
		return false
	}
	offset := uint32(len(c.buf))
	c.buf = append(c.buf, d.buf...)
	for i := range d.n {
		c.ends[c.n] = offset + d.ends[i]
		c.bases[c.n] = d.bases[i]
		c.n++
	}
	c.begun += d.begun
	c.bytes += d.bytes
	c.last = d.last
	return true
}

func (c *chunk) reset() {
	*c = chunk{buf: c.buf[:0], last: 0}
}

// A chunkList is a queue of chunks.
type chunkList struct{ head, tail *chunk }

func (l *chunkList) push(c *chunk) {
	c.next = nil
	if l.tail == nil {
		l.head = c
	} else {
		l.tail.next = c
	}
	l.tail = c
}

func (l *chunkList) pop() *chunk {
	c := l.head
	if c != nil {
		l.head = c.next
		if l.head == nil {
			l.tail = nil
		}
		c.next = nil
	}
	return c
}

// A chunkPool hands out chunks and counts what is out. It keeps some of those given back: in steady state the same few
// go round and stay in the processor's cache.
type chunkPool struct {
	large, small []*chunk
	out          int64 // bytes handed out
}

// Bounds of what a pool keeps: DefaultBuffer and 4 MiB, less after trim. A pool never has more than was out at a time.
const (
	keepLarge = 1024
	keepSmall = 1024
	keepIdle  = 16
)

// trim drops a few chunks; called when nothing happens, it leaves an idle pool with little.
func (p *chunkPool) trim() {
	p.large = shorten(p.large)
	p.small = shorten(p.small)
}

func shorten(list []*chunk) []*chunk {
	if n := len(list) - max(keepIdle, len(list)*3/4); n > 0 {
		clear(list[len(list)-n:])
		list = list[:len(list)-n]
	}
	return list
}

func (p *chunkPool) get(size int) *chunk {
	list := &p.large
	if size <= smallChunk {
		list, size = &p.small, smallChunk
	} else {
		size = max(size, chunkSize)
	}
	var c *chunk
	if n := len(*list); n > 0 {
		c = (*list)[n-1]
		*list = (*list)[:n-1]
	} else {
		c = &chunk{buf: make([]byte, 0, size)}
	}
	p.out += int64(cap(c.buf))
	return c
}

func (p *chunkPool) put(c *chunk) {
	p.out -= int64(cap(c.buf))
	c.reset()
	switch {
	case cap(c.buf) == smallChunk && len(p.small) < keepSmall:
		p.small = append(p.small, c)
	case cap(c.buf) == chunkSize && len(p.large) < keepLarge:
		p.large = append(p.large, c)
	}
}
