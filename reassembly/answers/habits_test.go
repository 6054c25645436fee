package answers

import (
	"encoding/binary"
	"testing"
)

// TestHabits: of more addresses than there is room for, those are forgotten of which nothing
// was heard for longest, and what is held stays below the bound.
func TestHabits(t *testing.T) {
	const bytes = 100 * habitBytes
	h := newHabits(bytes)
	at := func(i int) (o origin) {
		binary.BigEndian.PutUint32(o.client[:], uint32(i))
		return o
	}
	h.pipeline(at(0), epoch)
	for i := range 10_000 {
		h.wait(at(1 + i))
		h.wait(at(1 + i))
		if i%10 == 0 && !h.of(at(0)).pipelines(epoch+1) {
			t.Fatalf("forgotten behind %d others, though it was asked for", i)
		}
		if n := h.bytes(); n > bytes {
			t.Fatalf("%d bytes behind %d addresses", n, i)
		}
	}
	if v := h.of(at(10_000)); v.waiting != 2 || v.pipelines(epoch) {
		t.Errorf("%+v of who was there last", v)
	}
	if v := h.of(at(1)); v != (habit{}) {
		t.Errorf("%+v of who was there first", v)
	}
	for i := range 200 {
		h.wait(at(1 + i))
	}
	if v := h.of(at(0)); v != (habit{}) {
		t.Errorf("%+v of one that was not asked for", v)
	}
	if h.pipeline(at(0), epoch); !h.of(at(0)).pipelines(epoch+resents-1) || h.of(at(0)).pipelines(epoch+resents) {
		t.Error("it is remembered for another time than an hour")
	}
}
