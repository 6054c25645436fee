package udpwire

import (
	"bytes"
	"testing"
)

// chunkOf returns a chunk with datagrams of the given sizes, filled with their place.
func chunkOf(room int, sizes ...int) *chunk {
	c := &chunk{buf: make([]byte, 0, room)}
	for i, size := range sizes {
		c.buf = append(c.buf, bytes.Repeat([]byte{byte(i)}, size)...)
		c.ends[i], c.bases[i] = uint32(len(c.buf)), uint64(i+1)
		c.n++
	}
	c.last = uint64(len(sizes))
	return c
}

// TestChunkRun: one call sends datagrams of one size, of which the last may be shorter.
func TestChunkRun(t *testing.T) {
	for _, c := range []struct {
		name    string
		sizes   []int
		from    int
		n, size int
	}{
		{"one", []int{10}, 0, 1, 10},
		{"all the same", []int{10, 10, 10}, 0, 3, 10},
		{"the last is shorter", []int{10, 10, 4}, 0, 3, 10},
		{"a shorter one between", []int{10, 4, 10}, 0, 2, 10},
		{"a longer one follows", []int{10, 10, 12}, 0, 2, 10},
		{"from the middle", []int{10, 4, 10, 10}, 2, 2, 10},
	} {
		if n, size := chunkOf(100, c.sizes...).run(c.from); n != c.n || size != c.size {
			t.Errorf("%s: %d of %d bytes, want %d of %d", c.name, n, size, c.n, c.size)
		}
	}
}

func TestChunkMerge(t *testing.T) {
	full := make([]int, maxGrams-1)
	for i := range full {
		full[i] = 1
	}
	numbered := chunkOf(100, 10)
	numbered.numbered = true
	for _, c := range []struct {
		name string
		into *chunk
		ok   bool
	}{
		{"room for both", chunkOf(100, 10), true},
		{"an empty one", chunkOf(100), true},
		{"just room", chunkOf(30, 10), true},
		{"a byte too few", chunkOf(29, 10), false},
		{"datagrams enough", chunkOf(1000, full...), false},
		{"numbered: nothing may change", numbered, false},
	} {
		d := chunkOf(20, 15, 5)
		d.last, d.news[1] = 99, news{2, 7}
		n, before := c.into.n, len(c.into.buf)
		if ok := c.into.merge(d); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
		if !c.ok {
			if c.into.n != n || len(c.into.buf) != before {
				t.Errorf("%s: changed", c.name)
			}
			continue
		}
		if c.into.n != n+2 || !bytes.Equal(c.into.buf[c.into.start(n):], d.buf) || c.into.ends[n] != uint32(before+15) ||
			c.into.bases[n+1] != 2 || c.into.last != 99 || c.into.news[n+1] != (news{2, 7}) {
			t.Errorf("%s: %+v", c.name, c.into)
		}
	}
}

func TestChunkPool(t *testing.T) {
	var p chunkPool
	large, small := p.get(chunkSize), p.get(10)
	if p.out != chunkSize+smallChunk || cap(large.buf) != chunkSize || cap(small.buf) != smallChunk {
		t.Errorf("%d bytes out, chunks of %d and %d", p.out, cap(large.buf), cap(small.buf))
	}
	large.n, large.numbered = 3, true
	p.put(large)
	p.put(small)
	if again := p.get(chunkSize); again != large || again.n != 0 || again.numbered || p.out != chunkSize {
		t.Errorf("not given out again, empty: %+v", again)
	}
	var many []*chunk
	for range 100 {
		many = append(many, p.get(chunkSize))
	}
	for _, c := range many {
		p.put(c)
	}
	for range 100 {
		p.trim()
	}
	if len(p.large) != keepIdle {
		t.Errorf("%d chunks kept when idle", len(p.large))
	}
}
