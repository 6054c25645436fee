package answers

import "math/bits"

// A pool lends buffers, whose sizes are powers of two, and takes them back.
type pool struct {
	idle  [poolClasses][][]byte
	held  int64 // bytes lent and idle
	spare int64 // bytes idle
	limit int64 // of spare: what is given back beyond it is left to the collector
}

const (
	minBufferBits = 9 // 512 bytes
	poolClasses   = 32
)

// class returns the number of the smallest class that holds n bytes, and its size.
func class(n int) (int, int) {
	k := max(bits.Len(uint(max(n, 1)-1)), minBufferBits)
	return k - minBufferBits, 1 << k
}

// get returns an empty buffer for at least n bytes.
func (p *pool) get(n int) []byte {
	i, size := class(n)
	if k := len(p.idle[i]); k > 0 {
		b := p.idle[i][k-1]
		p.idle[i] = p.idle[i][:k-1]
		p.spare -= int64(size)
		return b
	}
	p.held += int64(size)
	return make([]byte, 0, size)
}

// put takes back a buffer that get returned; nil is none.
func (p *pool) put(b []byte) {
	if b == nil {
		return
	}
	i, size := class(cap(b))
	if p.spare+int64(size) > p.limit {
		p.held -= int64(size)
		return
	}
	p.spare += int64(size)
	p.idle[i] = append(p.idle[i], b[:0])
}

// drop leaves all idle buffers to the collector.
func (p *pool) drop() {
	p.held -= p.spare
	p.spare = 0
	for i := range p.idle {
		clear(p.idle[i])
		p.idle[i] = p.idle[i][:0]
	}
}

// add appends b to a buffer of the pool, or to none.
func (p *pool) add(to, b []byte) []byte {
	if need := len(to) + len(b); need > cap(to) {
		bigger := append(p.get(need), to...)
		p.put(to)
		to = bigger
	}
	return append(to, b...)
}
