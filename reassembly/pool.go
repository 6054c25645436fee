package reassembly

import "math/bits"

// A pool lends buffers and takes them back. Sizes go in four steps per
// doubling, so that at most a fifth of a buffer is idle when its content's
// size is known, and a buffer that was given back fits the next one that is
// asked for. Its bytes, lent or idle, are in the Assembler's budget.
type pool struct {
	idle  [poolClasses][][]byte
	held  int64 // bytes lent and idle
	spare int64 // bytes idle
	limit int64 // of spare: what is given back beyond it is left to the collector
}

const (
	minBufferBits = 8 // 256 bytes
	poolClasses   = 4 * 32
	largeBuffer   = 4 << 20 // handing out memory for more page by page costs most of an upload
)

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

// get returns an empty buffer for at least n bytes.
func (p *pool) get(n int) []byte {
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
		adviseHuge(b[:size])
	}
	return b
}

// put takes back a buffer that get returned; nil is none.
func (p *pool) put(b []byte) {
	if b == nil {
		return
	}
	c, size := class(cap(b))
	if size != cap(b) {
		panic("reassembly: a buffer that the pool did not lend")
	}
	if p.spare+int64(size) > p.limit {
		p.held -= int64(size)
		return
	}
	p.spare += int64(size)
	p.idle[c] = append(p.idle[c], b[:0])
}

// drop leaves all idle buffers to the collector.
func (p *pool) drop() {
	p.held -= p.spare
	p.spare = 0
	for c := range p.idle {
		clear(p.idle[c])
		p.idle[c] = p.idle[c][:0]
	}
}

// grow returns b, or a larger copy of it, with room for n bytes more. It at
// least doubles, but not beyond limit where that is enough.
func (p *pool) grow(b []byte, n, limit int) []byte {
	need := len(b) + n
	if need <= cap(b) {
		return b
	}
	want := max(need, min(2*cap(b), limit))
	bigger := p.get(want)
	for from := 0; from < len(b); from += copyStep {
		bigger = append(bigger, b[from:min(from+copyStep, len(b))]...)
	}
	p.put(b)
	return bigger
}

// copyStep bounds the time for which a copy keeps the collector from stopping
// this goroutine: one of a hundred megabytes costs it more than the copy itself.
const copyStep = 256 << 10
