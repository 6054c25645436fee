package reassembly

import (
	"math"
	"slices"
	"testing"
	"time"
)

// TestStartFollows: however much was read, the start lies where sequence
// numbers can be compared with it.
func TestStartFollows(t *testing.T) {
	c := conn{first: 0xfffffff0, next: 0xfffffff0}
	for read := int64(0); read < 9<<30; read += maxWindow {
		behind := c.next.minus(c.start())
		if want := min(read, 1<<30); behind < int(min(want, 1<<29)) || behind > int(want) {
			t.Fatalf("after %d bytes the start is %d behind", read, behind)
		}
		c.advance(maxWindow)
	}
	if c.first != 0xfffffff0 {
		t.Error("the connection's number changed")
	}
}

func TestIndexRunsOver(t *testing.T) {
	c := reading{index: math.MaxUint32 - 1, birth: 7}
	for _, want := range []struct {
		index uint64
		birth uint16
	}{{math.MaxUint32 - 1, 7}, {0, 8}, {1, 8}} {
		if i := c.nextIndex(); i != want.index || c.birth != want.birth {
			t.Errorf("index %d, birth %d, want %d", i, c.birth, want)
		}
	}
}

// TestConnectionNumbers: the same input gives the same numbers, and addresses
// that are used again another one, be it from the same first byte on.
func TestConnectionNumbers(t *testing.T) {
	numbers := func() []uint64 {
		c := newCollector(Config{})
		for use := range 2 {
			k := newClient(1, 100)
			k.now += int64(use) * int64(time.Minute)
			c.push(k.syn())
			c.push(k.data(get(1)))
			c.push(k.data(get(2)))
			c.push(k.fin())
		}
		c.finish(t)
		return c.conns
	}
	n, again := numbers(), numbers()
	if len(n) != 4 || !slices.Equal(n, again) {
		t.Fatalf("%x, then %x", n, again)
	}
	if n[0] != n[1] || n[2] != n[3] || n[0] == n[2] {
		t.Errorf("%x", n)
	}
}
