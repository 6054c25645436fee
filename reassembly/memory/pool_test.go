package memory

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Whatever is asked for fits, wastes a fifth at most, and is of a size that is asked
// for again; what is given back is lent again.
func TestSizes(t *testing.T) {
	var p Pool
	for n := range 1 << 20 {
		size := Size(n)
		if size < n || size > 256 && float64(size-n) > .25*float64(n)+1 || Size(size) != size {
			t.Fatalf("%d bytes in %d, which needs %d", n, size, Size(size))
		}
	}
	for _, n := range []int{0, 1, 256, 257, 1 << 20, 5 << 20} {
		if b := p.Get(n); len(b) != 0 || cap(b) != Size(n) || p.Held() != int64(cap(b)) {
			t.Errorf("%d bytes: %d of %d, %d held", n, len(b), cap(b), p.Held())
		} else if p.Put(b); p.Held() != 0 || p.Idle() != 0 {
			t.Errorf("%d bytes: %d held, %d idle, where nothing is kept", n, p.Held(), p.Idle())
		}
	}
}

// A pool that keeps something idle lends it again, and never keeps more than it may.
func TestIdle(t *testing.T) {
	p := NewPool(1000)
	a, b := p.Get(600), p.Get(600)
	first := &a[:1][0]
	p.Put(a)
	p.Put(b) // 640 bytes, too: beyond the bound
	if p.Held() != 640 || p.Idle() != 640 {
		t.Errorf("%d held, %d idle", p.Held(), p.Idle())
	}
	if a = p.Get(610); &a[:1][0] != first || p.Idle() != 0 {
		t.Error("what lay idle is not lent again")
	}
	p.Put(a)
	p.Drop()
	p.Put(nil)
	if p.Held() != 0 || p.Idle() != 0 {
		t.Errorf("%d held, %d idle", p.Held(), p.Idle())
	}
	p.Charge(7)
	if p.Held() != 7 {
		t.Errorf("%d held", p.Held())
	}
}

// A buffer from elsewhere would never be asked for again.
func TestForeign(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("taken")
		}
	}()
	p := NewPool(1 << 20)
	p.Put(make([]byte, 0, 300))
}

// What is appended stays, wherever it moves to, and all is given back.
func TestAppend(t *testing.T) {
	p, r := NewPool(1<<20), rand.New(rand.NewPCG(1, 2))
	var held [4][]byte
	var want [4][]byte
	for range 5000 {
		i := r.IntN(len(held))
		if r.IntN(10) == 0 {
			p.Put(held[i])
			held[i], want[i] = nil, nil
			continue
		}
		more := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(3000))
		held[i], want[i] = p.Append(held[i], more), append(want[i], more...)
		if !bytes.Equal(held[i], want[i]) {
			t.Fatal("the bytes changed")
		}
	}
	for _, b := range held {
		p.Put(b)
	}
	if p.Held() != p.Idle() || p.Idle() > 1<<20 {
		t.Errorf("%d held, %d idle", p.Held(), p.Idle())
	}
}

// A buffer grows to what it needs, at least doubles, and stops at a limit that is enough.
func TestGrow(t *testing.T) {
	var p Pool
	b := p.Get(300)[:300]
	if got := p.Grow(b, 20, 1<<20); cap(got) != 320 {
		t.Errorf("%d bytes, where there is room", cap(got))
	}
	if b = p.Grow(b, 21, 1<<20); cap(b) != Size(640) || len(b) != 300 {
		t.Errorf("%d of %d bytes", len(b), cap(b))
	}
	b = b[:cap(b)]
	if b = p.Grow(b, 1, 700); cap(b) != Size(700) {
		t.Errorf("%d bytes, the limit is 700", cap(b))
	}
	if b = p.Grow(b, 5000, 700); cap(b) < 700+5000-60 {
		t.Errorf("%d bytes, which is too few", cap(b))
	}
}
