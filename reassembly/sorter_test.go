package reassembly

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"gor/reassembly/memory"
)

// ofoQueue is Linux's queue of segments that came ahead of their turn
// (tcp_data_queue_ofo and tcp_ofo_queue), segment by segment as the kernel keeps
// them: whole, overlapping, ordered by where they begin.
type ofoQueue []span

func (q *ofoQueue) insert(in span) {
	at := 0
	for k := 0; k < len(*q); {
		r := (*q)[k]
		switch {
		case in.seq.minus(r.seq) < 0:
			at = k
			k = len(*q)
			continue
		case in.seq.minus(r.end()) < 0 && in.end().minus(r.end()) <= 0:
			return // all of it is there
		case in.seq == r.seq && in.seq.minus(r.end()) < 0: // it covers r
			*q = slices.Delete(*q, k, k+1)
			at = k
			k = len(*q)
			continue
		}
		k++
		at = k
	}
	*q = slices.Insert(*q, at, in)
	for at+1 < len(*q) { // those that it covers go
		r := (*q)[at+1]
		if in.end().minus(r.seq) <= 0 || in.end().minus(r.end()) < 0 {
			break
		}
		*q = slices.Delete(*q, at+1, at+2)
	}
}

// touches reports whether a segment begins where in ends, or ends where it begins:
// then the kernel joins the two if its memory happens to lie so, and what overlaps
// later meets one segment or two.
func (q ofoQueue) touches(in span) bool {
	return slices.ContainsFunc(q, func(r span) bool { return r.end() == in.seq || in.end() == r.seq })
}

// bytes is what the server reads of them, '.' where nothing is.
func (q ofoQueue) bytes(first seq, n int) []byte {
	b := bytes.Repeat([]byte{'.'}, n)
	read := first
	for _, r := range q {
		if skip := max(0, read.minus(r.seq)); skip < r.n {
			copy(b[r.seq.plus(skip).minus(first):], r.data[skip:])
			read = r.end()
		}
	}
	return b
}

// TestSorterKeepsWhatLinuxKeeps: of overlapping segments with other bytes the
// same bytes are left that the kernel would read.
func TestSorterKeepsWhatLinuxKeeps(t *testing.T) {
	const size = 60
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 9))
		first := seq(r.Uint32())
		var o sorter
		var model ofoQueue
		p := memory.NewPool(1 << 20)
		for range 1 + r.IntN(12) {
			at := r.IntN(size)
			n := 1 + r.IntN(size-at)
			in := span{seq: first.plus(at), n: n, data: bytes.Repeat([]byte{byte('a' + r.IntN(26))}, n), starts: r.IntN(5) == 0}
			if model.touches(in) {
				continue
			}
			o.insert(&p, in)
			model.insert(in)
			checkSorter(t, &o, &p)
		}
		got := bytes.Repeat([]byte{'.'}, size)
		for i := o.head; i < len(o.ranges); i++ {
			copy(got[o.ranges[i].seq.minus(first):], o.ranges[i].data)
		}
		if want := model.bytes(first, size); !bytes.Equal(got, want) {
			t.Fatalf("seed %d:\n%s, Linux\n%s", seed, got, want)
		}
		o.reset(&p)
		if p.Held() != p.Idle() || o.bytes != 0 || o.starts != 0 {
			t.Fatalf("seed %d: %d bytes held, %d idle, %d and %d starts left", seed, p.Held(), p.Idle(), o.bytes, o.starts)
		}
	}
}

// checkSorter holds a sorter against what it promises of itself.
func checkSorter(t *testing.T, o *sorter, p *memory.Pool) {
	t.Helper()
	bytes, starts, spans := 0, 0, int64(0)
	for i := o.head; i < len(o.ranges); i++ {
		r := &o.ranges[i]
		if i > o.head && r.seq.minus(o.ranges[i-1].end()) < 0 {
			t.Fatal("ranges overlap")
		}
		if len(r.data) != r.n || r.n == 0 {
			t.Fatalf("a range of %d bytes has %d", r.n, len(r.data))
		}
		bytes += cap(r.data) + spanBytes
		spans += spanBytes
		if r.starts {
			starts++
		}
	}
	if bytes != o.bytes || starts != o.starts {
		t.Fatalf("%d bytes counted as %d, %d starts as %d", bytes, o.bytes, starts, o.starts)
	}
}
