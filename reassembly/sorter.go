package reassembly

import (
	"slices"

	"gor/reassembly/memory"
)

// A sorter holds what came ahead of its turn: ranges of a stream in order,
// which do not overlap.
type sorter struct {
	ranges []span // those before head are gone
	head   int
	bytes  int // what all buffers and ranges take
	starts int // how many ranges begin a request
}

// A span is a range of a stream.
type span struct {
	seq    seq
	ack    seq // what the client had acknowledged when it sent the range's first byte
	n      int
	kind   kind
	starts bool   // it begins where a segment did, with a request line
	apart  bool   // a FIN lies between it and the range before
	from   seq    // where its segment began, of which the front may be gone
	data   []byte // n bytes, in the sorter in a buffer of the pool; nil for other kinds
	time   int64  // when its first packet was seen
}

// A kind says what a range of the sequence numbers holds.
type kind uint8

const (
	data kind = iota
	cut       // bytes that were on the wire and not in the capture
)

const (
	spanBytes     = 72      // of a span in memory
	maxSpanBuffer = 1 << 16 // a span's buffer grows up to here, then another span begins
)

func (o *sorter) len() int { return len(o.ranges) - o.head }

// front is the first range; there has to be one.
func (o *sorter) front() *span { return &o.ranges[o.head] }

// insert adds a copy of in. Where it overlaps what is there, the bytes of the
// segment that began earlier count, and a segment that covers another whole takes
// its place: so does Linux (tcp_data_queue_ofo), and what it keeps the server reads.
func (o *sorter) insert(p *memory.Pool, in span) {
	in.from = in.seq
	i := o.search(in.seq)
	for in.n > 0 {
		if i == len(o.ranges) || o.ranges[i].seq.minus(in.end()) >= 0 {
			o.add(p, i, in)
			return
		}
		r := &o.ranges[i]
		switch ahead := r.seq.minus(in.seq); {
		case in.yields(r) && ahead > 0:
			i = o.add(p, i, in.first(ahead)) + 1
			in = in.after(ahead)
		case in.yields(r):
			in = in.after(min(in.n, r.end().minus(in.seq)))
			i++
		case in.covers(r):
			o.remove(p, i, in)
		default:
			o.trim(r, in.end().minus(r.seq))
		}
	}
}

// search returns the number of the first range that ends behind at.
func (o *sorter) search(at seq) int {
	i, end := o.head, len(o.ranges)
	for i < end {
		if mid := int(uint(i+end) / 2); o.ranges[mid].end().minus(at) > 0 {
			end = mid
		} else {
			i = mid + 1
		}
	}
	return i
}

// yields reports whether the bytes that r and s have in common are r's.
func (s *span) yields(r *span) bool {
	d := s.from.minus(r.from)
	return d > 0 || d == 0 && s.end().minus(r.end()) <= 0
}

// covers reports whether r, which does not end before s begins, has to go for s.
func (s *span) covers(r *span) bool { return !s.yields(r) && s.end().minus(r.end()) >= 0 }

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
func (o *sorter) add(p *memory.Pool, i int, in span) int {
	if in.kind == data {
		if i > o.head && !in.starts && !in.apart && in.from == in.seq { // two whole segments
			r := &o.ranges[i-1]
			if r.kind == data && r.from == r.seq && r.end() == in.seq && r.n+in.n <= maxSpanBuffer {
				o.bytes -= cap(r.data)
				r.data = p.Grow(r.data, in.n, maxSpanBuffer)
				r.data = append(r.data, in.data...)
				r.n += in.n
				o.bytes += cap(r.data)
				return i - 1
			}
		}
		buf := append(p.Get(in.n), in.data...)
		in.data = buf
	}
	if in.starts {
		o.starts++
	}
	o.bytes += cap(in.data) + spanBytes
	p.Charge(spanBytes)
	if o.head > 0 && len(o.ranges) == cap(o.ranges) {
		n := copy(o.ranges, o.ranges[o.head:])
		clear(o.ranges[n:])
		o.ranges, i, o.head = o.ranges[:n], i-o.head, 0
	}
	o.ranges = slices.Insert(o.ranges, i, in)
	return i
}

// remove gives up range i, and those behind it that in covers as well: all in one,
// since each time the ranges behind them move.
func (o *sorter) remove(p *memory.Pool, i int, in span) {
	end := i
	for end < len(o.ranges) && in.covers(&o.ranges[end]) {
		r := &o.ranges[end]
		o.forget(p, r)
		p.Put(r.data)
		end++
	}
	o.ranges = slices.Delete(o.ranges, i, end)
}

// trim gives up the first n bytes of a range. Its buffer stays whole: the pool
// knows it by its size.
func (o *sorter) trim(r *span, n int) {
	if r.data != nil {
		r.data = append(r.data[:0], r.data[n:]...)
	}
	if r.starts {
		o.starts--
	}
	r.seq, r.n, r.starts = r.seq.plus(n), r.n-n, false
}

// forget takes a range out of the sums.
func (o *sorter) forget(p *memory.Pool, r *span) {
	o.bytes -= cap(r.data) + spanBytes
	p.Charge(-spanBytes)
	if r.starts {
		o.starts--
	}
}

// pop removes the first range; its buffer is the caller's.
func (o *sorter) pop(p *memory.Pool) span {
	r := o.ranges[o.head]
	o.ranges[o.head] = span{}
	o.forget(p, &r)
	if o.head++; o.head == len(o.ranges) {
		o.ranges, o.head = o.ranges[:0], 0
	}
	return r
}

// reset gives all buffers back.
func (o *sorter) reset(p *memory.Pool) {
	for o.len() > 0 {
		p.Put(o.pop(p).data)
	}
}
