package forward

import (
	"math/bits"
	"sync"
)

const (
	minItemBits = 8  // the smallest buffers have 256 bytes
	maxItemBits = 16 // what is longer than 64 KiB is not kept
)

// itemPools keep items for reuse by the size of their buffers, so that a small
// request never sits in a large buffer.
type itemPools [maxItemBits - minItemBits + 1]sync.Pool

// take returns an item for a request, with a copy of its bytes.
func (p *itemPools) take(r *Request) *item {
	it := p.get(r.Raw)
	it.peers = peers{client: r.Client, server: r.Server, user: r.user()}
	it.conn, it.index, it.loop, it.time = r.Conn, r.Index, r.Loop, r.Time
	it.compare, it.echo = false, false
	return it
}

// get returns an item with a copy of raw.
func (p *itemPools) get(raw []byte) *item {
	class := max(bits.Len(uint(max(len(raw), 1)-1))-minItemBits, 0)
	if class >= len(p) {
		return &item{raw: append([]byte(nil), raw...)}
	}
	it, _ := p[class].Get().(*item)
	if it == nil {
		it = &item{raw: make([]byte, 0, 1<<(class+minItemBits))}
	}
	it.raw = append(it.raw[:0], raw...)
	return it
}

// put takes back an item whose buffer nobody reads any more.
func (p *itemPools) put(it *item) {
	class := bits.Len(uint(cap(it.raw))) - 1 - minItemBits
	if class < 0 || class >= len(p) || cap(it.raw) != 1<<(class+minItemBits) {
		return
	}
	it.lane, it.user, it.buf, it.again = nil, nil, nil, false
	p[class].Put(it)
}
