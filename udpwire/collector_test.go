package udpwire

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestCollector: whatever pieces a frame is cut into, in whatever order they come and however often, it is whole when the
// last one is there and not before.
func TestCollector(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var c collector
	for id := uint64(1); id <= 200; id++ {
		frame := make([]byte, messageLeast+rng.IntN(500))
		for i := range frame {
			frame[i] = byte(rng.Uint32())
		}
		missing := len(frame)
		have := make([]bool, len(frame))
		for missing > 0 {
			from := rng.IntN(len(frame))
			to := min(from+1+rng.IntN(100), len(frame))
			for i := from; i < to; i++ {
				if !have[i] {
					have[i] = true
					missing--
				}
			}
			whole, ok := c.add(id, &fragment{uint32(from), uint32(len(frame)), frame[from:to]})
			if !ok || (whole != nil) != (missing == 0) {
				t.Fatalf("frame %d: %t, whole %t, %d bytes missing", id, ok, whole != nil, missing)
			}
			if whole != nil {
				if !bytes.Equal(whole.buf, frame) {
					t.Fatalf("frame %d is not what was cut", id)
				}
				c.recycle(whole)
			}
		}
	}
	if c.bytes != 0 || len(c.partial) != 0 || c.begun.first != nil {
		t.Errorf("%d bytes and %d frames held in the end", c.bytes, len(c.partial))
	}
}

// TestCollectorClaim: memory follows what has come, not what is claimed to come, wherever that lies.
func TestCollectorClaim(t *testing.T) {
	for _, offset := range []uint32{0, 1 << 10, nearBytes, nearBytes * 8, maxFrame - 100} {
		var c collector
		c.add(1, &fragment{offset, maxFrame, make([]byte, 100)})
		if c.bytes > 3*nearBytes {
			t.Errorf("%d bytes for a piece of 100 at %d", c.bytes, offset)
		}
		if _, ok := c.add(1, &fragment{100, maxFrame - 1, make([]byte, 100)}); ok {
			t.Error("two sizes of one frame")
		}
		if c.evict(); c.bytes != 0 {
			t.Errorf("%d bytes held", c.bytes)
		}
	}
}

// TestCollectorFar: a frame whose end comes first is whole in the end as well, and its memory is counted at any time.
func TestCollectorFar(t *testing.T) {
	frame := make([]byte, 4<<20+77)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range frame {
		frame[i] = byte(rng.Uint32())
	}
	const size = 1000
	last := (len(frame) - 1) / size
	upwards, downwards, any := make([]int, last+1), make([]int, last+1), rng.Perm(last+1)
	for i := range last + 1 {
		upwards[i], downwards[i] = i, last-i
	}
	var c collector
	for name, pieces := range map[string][]int{"upwards": upwards, "downwards": downwards, "any": any} {
		for k, i := range pieces {
			from, to := i*size, min((i+1)*size, len(frame))
			whole, ok := c.add(7, &fragment{uint32(from), uint32(len(frame)), frame[from:to]})
			if !ok || (whole != nil) != (k == last) {
				t.Fatalf("%s: piece %d of %d: %t, whole %t", name, k, last+1, ok, whole != nil)
			}
			if p := c.partial[7]; p != nil {
				held := cap(p.buf)
				for _, f := range p.early {
					held += len(f.piece)
				}
				if c.bytes < int64(held) || held > 2*nearBytes+2*nearTimes*(k+1)*size || name == "upwards" && p.early != nil {
					t.Fatalf("%s: %d bytes counted of %d after %d pieces", name, c.bytes, held, k+1)
				}
			} else if !bytes.Equal(whole.buf, frame) || c.bytes != 0 {
				t.Errorf("%s: not what was cut, or %d bytes held", name, c.bytes)
			} else {
				c.recycle(whole)
			}
		}
	}
}

func TestCollectorEvict(t *testing.T) {
	var c collector
	if c.evict() != 0 {
		t.Error("evicted from an empty collector")
	}
	for _, id := range []uint64{5, 3, 8, 4} {
		c.add(id, &fragment{0, 1000, make([]byte, 100)})
	}
	c.dropUpTo(3)
	for _, want := range []uint64{5, 8, 4, 0} {
		if id := c.evict(); id != want {
			t.Errorf("evicted %d, want %d", id, want)
		}
	}
	if c.bytes != 0 || len(c.partial) != 0 {
		t.Errorf("%d bytes held", c.bytes)
	}
}
