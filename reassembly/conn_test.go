package reassembly

import (
	"math"
	"testing"
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
	c := conn{index: math.MaxUint32, birth: 7}
	if i := c.nextIndex(); i != math.MaxUint32 || c.birth != 8 {
		t.Errorf("index %d, birth %d", i, c.birth)
	}
	if i := c.nextIndex(); i != 0 || c.birth != 8 {
		t.Errorf("index %d, birth %d", i, c.birth)
	}
}
