// Package memory holds what waits of requests and answers: buffers that are lent and
// given back, so that the collector has nothing to do while packets come, and are
// counted, so that their owner can keep to its bound.
package memory

import (
	"math"
	"math/bits"
)

// A Pool lends buffers and takes them back. Sizes go in four steps per
// doubling, so that at most a fifth of a buffer is idle when its content's
// size is known, and a buffer that was given back fits the next one that is
// asked for. One goroutine uses it; its zero value keeps nothing idle.
type Pool struct {
	idle  [classes][][]byte
	held  int64
	spare int64
	limit int64
}

// NewPool returns a pool in which so many bytes may lie idle, 0 or more: what is given
// back beyond them is left to the collector.
func NewPool(idle int64) Pool { return Pool{limit: idle} }

// Held is how many bytes are lent or idle.
func (p *Pool) Held() int64 { return p.held }

// Idle is how many bytes are idle.
func (p *Pool) Idle() int64 { return p.spare }

const (
	minBufferBits = 8 // 256 bytes
	classes       = 4 * 32
	largeBuffer   = 4 << 20 // handing out memory for more page by page costs most of an upload
)

// Charge counts n bytes as held that lie beside the buffers, or, below 0, no more.
func (p *Pool) Charge(n int64) { p.held += n }

// Size is how many bytes a buffer for at least n has.
func Size(n int) int {
	_, size := class(n)
	return size
}

// class returns the number of the smallest class that holds n bytes, and its size.
func class(n int) (int, int) {
	if n <= 1<<minBufferBits {
		return 0, 1 << minBufferBits
	}
	k := bits.Len(uint(n-1)) - 1 // n is above 2^k
	step := 1 << (k - 2)
	q := (n - 1 - 1<<k) / step // 0 to 3
	return 4*(k-minBufferBits) + q + 1, 1<<k + (q+1)*step
}

// Get returns an empty buffer for at least n bytes.
func (p *Pool) Get(n int) []byte {
	c, size := class(n)
	if k := len(p.idle[c]); k > 0 {
		b := p.idle[c][k-1]
		p.idle[c] = p.idle[c][:k-1]
		p.spare -= int64(size)
		return b
	}
	p.held += int64(size)
	b := make([]byte, 0, size)
	if size >= largeBuffer {
		AdviseHuge(b[:size])
	}
	return b
}

// Put takes back a buffer that Get returned; nil is none.
func (p *Pool) Put(b []byte) {
	if b == nil {
		return
	}
	c, size := class(cap(b))
	if size != cap(b) {
		panic("memory: a buffer that the pool did not lend")
	}
	if p.spare+int64(size) > p.limit {
		p.held -= int64(size)
		return
	}
	p.spare += int64(size)
	p.idle[c] = append(p.idle[c], b[:0])
}

// Drop leaves all idle buffers to the collector.
func (p *Pool) Drop() {
	p.held -= p.spare
	p.spare = 0
	for c := range p.idle {
		clear(p.idle[c])
		p.idle[c] = p.idle[c][:0]
	}
}

// Grow returns b, or a larger copy of it, with room for n bytes more. It at
// least doubles, but not beyond limit where that is enough.
func (p *Pool) Grow(b []byte, n, limit int) []byte {
	need := len(b) + n
	if need <= cap(b) {
		return b
	}
	want := max(need, min(2*cap(b), limit))
	bigger := p.Get(want)
	for from := 0; from < len(b); from += copyStep {
		bigger = append(bigger, b[from:min(from+copyStep, len(b))]...)
	}
	p.Put(b)
	return bigger
}

// Append appends b to a buffer of the pool, or to nil, which is none.
func (p *Pool) Append(to, b []byte) []byte {
	return append(p.Grow(to, len(b), math.MaxInt), b...)
}

// copyStep bounds the time for which a copy keeps the collector from stopping
// this goroutine: one of a hundred megabytes costs it more than the copy itself.
const copyStep = 256 << 10
