package reassembly

import "slices"

// A sorter holds what came ahead of its turn: ranges of a stream in order,
// which do not overlap. The first copy of a byte wins.
type sorter struct {
	ranges []span // of these, those before head are gone
	head   int
	bytes  int // in all buffers, and what holds them
	starts int // ranges that begin a request
}

// A span is a range of a stream.
type span struct {
	seq    seq
	n      int
	kind   kind
	starts bool   // it begins where a segment did, with a request line
	data   []byte // n bytes in a pooled buffer; nil for other kinds
	time   int64  // of its first packet
}

// A kind says what a range of the sequence numbers holds.
type kind uint8

const (
	data   kind = iota
	urgent      // a byte that the server reads apart from the stream (RFC 9293 §3.8.5)
	cut         // bytes that were on the wire and not in the capture
)

const (
	spanBytes     = 72      // of a span in memory
	maxSpanBuffer = 1 << 16 // a span's buffer grows up to here, then another span begins
)

func (o *sorter) len() int { return len(o.ranges) - o.head }

// front is the first range; there has to be one.
func (o *sorter) front() *span { return &o.ranges[o.head] }

// insert adds a copy of those bytes of in that are not there yet.
func (o *sorter) insert(p *pool, in span) {
	i, end := o.head, len(o.ranges) // the first range that ends behind in.seq is in i..end
	for i < end {
		if mid := int(uint(i+end) / 2); o.ranges[mid].end().minus(in.seq) > 0 {
			end = mid
		} else {
			i = mid + 1
		}
	}
	for in.n > 0 {
		if i == len(o.ranges) {
			o.add(p, i, in)
			return
		}
		r := o.ranges[i]
		if ahead := r.seq.minus(in.seq); ahead > 0 {
			part := in.first(min(ahead, in.n))
			i = o.add(p, i, part) + 1
			in = in.after(part.n)
			if in.n == 0 {
				return
			}
		}
		in = in.after(min(in.n, r.end().minus(in.seq)))
		i++
	}
}

func (r *span) end() seq { return r.seq.plus(r.n) }

// first returns the first n bytes of the range.
func (r span) first(n int) span {
	if r.data != nil {
		r.data = r.data[:n]
	}
	r.n = n
	return r
}

// after returns the range without its first n bytes.
func (r span) after(n int) span {
	if n == 0 {
		return r
	}
	if r.data != nil {
		r.data = r.data[n:]
	}
	r.seq, r.n, r.starts = r.seq.plus(n), r.n-n, false
	return r
}

// add puts a copy of in before ranges[i], or behind the data of the range
// before, where that ends. It returns the number of the range it is in.
func (o *sorter) add(p *pool, i int, in span) int {
	if in.kind == data {
		if i > o.head && !in.starts {
			r := &o.ranges[i-1]
			if r.kind == data && r.end() == in.seq && r.n+in.n <= maxSpanBuffer {
				o.bytes -= cap(r.data)
				r.data = p.grow(r.data, in.n, maxSpanBuffer)
				r.data = append(r.data, in.data...)
				r.n += in.n
				o.bytes += cap(r.data)
				return i - 1
			}
		}
		buf := append(p.get(in.n), in.data...)
		in.data = buf
	}
	if in.starts {
		o.starts++
	}
	o.bytes += cap(in.data) + spanBytes
	p.held += spanBytes
	if o.head > 0 && len(o.ranges) == cap(o.ranges) {
		n := copy(o.ranges, o.ranges[o.head:])
		clear(o.ranges[n:])
		o.ranges, i, o.head = o.ranges[:n], i-o.head, 0
	}
	o.ranges = slices.Insert(o.ranges, i, in)
	return i
}

// pop removes the first range; its buffer is the caller's.
func (o *sorter) pop(p *pool) span {
	r := o.ranges[o.head]
	o.ranges[o.head] = span{}
	o.bytes -= cap(r.data) + spanBytes
	p.held -= spanBytes
	if r.starts {
		o.starts--
	}
	if o.head++; o.head == len(o.ranges) {
		o.ranges, o.head = o.ranges[:0], 0
	}
	return r
}

// reset gives all buffers back.
func (o *sorter) reset(p *pool) {
	for o.len() > 0 {
		p.put(o.pop(p).data)
	}
}
