package udpwire

import (
	"math/rand/v2"
	"testing"
)

func TestCredit(t *testing.T) {
	c := credit{window: 1000}
	if c.underWay() != minWindow {
		t.Errorf("%d bytes for a window of 1000", c.underWay())
	}
	c.window = 4 << 20
	c.learn(1<<20, 10*ms, 10*ms)
	if want := int64(5 << 20); c.underWay() != want {
		t.Errorf("%d bytes, want %d", c.underWay(), want)
	}
	c.learn(1<<20, 10*ms, 1000*ms) // spent in queues
	if want := int64(4<<20 + 1<<20 - 1<<16); c.underWay() != want {
		t.Errorf("%d bytes, want %d", c.underWay(), want)
	}
	if c.overrun(); c.underWay() != 4<<20 {
		t.Errorf("%d bytes after an overrun", c.underWay())
	}
}

// TestCreditStays: what was granted is not taken back by a REPORT that was overtaken, and another chunk may begin while
// something of both is left.
func TestCreditStays(t *testing.T) {
	var c credit
	if c.allows(&begun{}) {
		t.Error("something may begin before anything was granted")
	}
	c.grant(&report{creditMessages: 10, creditBytes: 1000})
	c.grant(&report{creditMessages: 5, creditBytes: 500})
	for _, tt := range []struct {
		messages, bytes uint64
		want            bool
	}{{0, 0, true}, {9, 999, true}, {10, 0, false}, {0, 1000, false}, {11, 2000, false}} {
		if b := (begun{before: 100, last: 100 + tt.messages, bytes: tt.bytes}); c.allows(&b) != tt.want {
			t.Errorf("after %d messages of %d bytes another chunk may begin: %t", tt.messages, tt.bytes, !tt.want)
		}
	}
}

// TestPartedChunks: where what begins needs leave, no chunk that goes on with a message begins another one.
func TestPartedChunks(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	begun, going := uint64(0), 0
	p := packer{size: func() int { return 1200 }, tag: tagSize, part: true, hand: func(c *chunk) *chunk {
		if c != nil {
			if c.bases[0] <= begun {
				if going++; c.last != begun {
					t.Fatalf("a chunk goes on with message %d and begins up to %d", c.bases[0], c.last)
				}
			}
			begun = max(begun, c.last)
		}
		return &chunk{buf: make([]byte, 0, chunkSize)}
	}}
	for range 3000 {
		size := rng.IntN(3000)
		switch rng.IntN(10) {
		case 0:
			size = rng.IntN(chunkSize)
		case 1:
			size = rng.IntN(4 * chunkSize)
		}
		p.add(&Message{Body: make([]byte, size)})
	}
	p.flush()
	if begun != 3000 || going < 100 {
		t.Errorf("%d messages, %d chunks that go on with one", begun, going)
	}
}

// TestPartedChunksAreFull: messages of a sixth of a chunk do not leave half of each empty.
func TestPartedChunksAreFull(t *testing.T) {
	chunks := 0
	p := packer{size: func() int { return 1200 }, part: true, hand: func(c *chunk) *chunk {
		chunks++
		return &chunk{buf: make([]byte, 0, chunkSize)}
	}}
	for range 600 {
		p.add(&Message{Body: make([]byte, 10_000)})
	}
	if p.flush(); chunks > 600/5+2 {
		t.Errorf("%d chunks", chunks)
	}
}
