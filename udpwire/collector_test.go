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
		frame := make([]byte, messageFixed+rng.IntN(500))
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

// TestCollectorClaim: memory follows what has come, not what is claimed to come.
func TestCollectorClaim(t *testing.T) {
	var c collector
	c.add(1, &fragment{0, maxFrame, make([]byte, 100)})
	if c.bytes > 16<<10 {
		t.Errorf("%d bytes for a piece of 100", c.bytes)
	}
	if _, ok := c.add(1, &fragment{100, maxFrame - 1, make([]byte, 100)}); ok {
		t.Error("two sizes of one frame")
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
