package udpwire

// A chunkPool hands out chunks and counts what is out. It keeps some of those given back: in steady state the same few
// go round and stay in the processor's cache. The zero value is ready. Not safe for concurrent use.
type chunkPool struct {
	large []*chunk // Chunks of chunkSize bytes that were given back, the last one on top.
	small []*chunk // The same of smallChunk bytes.
	out   int64    // Bytes handed out and not given back: what a Sender's buffer limits.
}

// Bounds of what a pool keeps: DefaultBuffer and 4 MiB, less after trim. A pool never has more than was out at a time.
const (
	keepLarge = 1024
	keepSmall = 1024
	keepIdle  = 16
)

// get returns an empty chunk with room for size bytes.
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

// put takes a chunk back. Nobody may use it or its datagrams any more.
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

// trim drops a few chunks. Called when nothing happens, it leaves an idle pool with little.
func (p *chunkPool) trim() {
	p.large = shorten(p.large)
	p.small = shorten(p.small)
}

// shorten drops a quarter of the chunks, but none of the last keepIdle.
func shorten(list []*chunk) []*chunk {
	if n := len(list) - max(keepIdle, len(list)*3/4); n > 0 {
		clear(list[len(list)-n:])
		list = list[:len(list)-n]
	}
	return list
}
