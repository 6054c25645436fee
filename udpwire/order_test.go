package udpwire

import (
	"slices"
	"testing"
)

// An arrival is a message that has arrived: its id, and how many before it the one before in its lane was.
type arrival struct {
	id   uint64
	back uint32
}

// TestOrder hands messages over in some order and says which are handed on, in which order, and how many are lost once
// all up to the last are settled.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		name     string
		arrivals []arrival
		settle   uint64
		want     []uint64
		lost     uint64
	}{
		{"in order", []arrival{{1, 0}, {2, 1}, {3, 1}}, 3, []uint64{1, 2, 3}, 0},
		{"a lane reversed", []arrival{{3, 1}, {2, 1}, {1, 0}}, 3, []uint64{1, 2, 3}, 0},
		{"lanes do not wait for each other", []arrival{{4, 2}, {3, 2}, {1, 0}, {2, 0}}, 4, []uint64{1, 3, 2, 4}, 0},
		{"one missing", []arrival{{1, 0}, {3, 1}}, 3, []uint64{1, 3}, 1},
		{"the first missing", []arrival{{2, 1}, {3, 1}}, 3, []uint64{2, 3}, 1},
		{"nothing arrived", nil, 5, nil, 5},
		{"far ahead", []arrival{{2000, 1999}, {1, 0}}, 2000, []uint64{1, 2000}, 1998},
		{"before the first of all", []arrival{{1, 7}}, 1, []uint64{1}, 0},
		{"two for one place", []arrival{{3, 2}, {4, 3}, {1, 0}, {2, 0}}, 4, []uint64{1, 3, 2}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []uint64
			o := order{handle: func(m *Message) { got = append(got, m.Index) }}
			for _, a := range c.arrivals {
				o.deliver(a.id, a.back, &Message{Index: a.id}, false)
			}
			o.settle(c.settle)
			if !slices.Equal(got, c.want) {
				t.Errorf("handed on %v, want %v", got, c.want)
			}
			if o.stats.received != uint64(len(c.want)) || o.stats.lost != c.lost || o.settled != c.settle {
				t.Errorf("%+v, settled up to %d", o.stats, o.settled)
			}
			if o.heldBytes != 0 || o.done.count != 0 || o.arrived.first != nil || len(o.waiting) != 0 {
				t.Errorf("%d bytes, %d bits and %d messages held in the end", o.heldBytes, o.done.count, len(o.waiting))
			}
		})
	}
}

// TestOrderSameMessageTwice: a message that waits may come again under another number from a dishonest listener. It
// counts once, and what comes later is not taken for it.
func TestOrderSameMessageTwice(t *testing.T) {
	for back, want := range map[uint32][]uint64{1: {4, 5, 6, 7, 1, 2, 3}, 2: {4, 5, 6, 7, 1, 3, 2}} {
		var got []uint64
		o := order{handle: func(m *Message) { got = append(got, m.Index) }}
		o.deliver(3, 1, &Message{Index: 3}, false)
		o.deliver(3, back, &Message{Index: 3}, false)
		for id := uint64(4); id < 8; id++ {
			o.deliver(id, 0, &Message{Index: id}, false)
		}
		o.deliver(1, 0, &Message{Index: 1}, false)
		o.deliver(2, 1, &Message{Index: 2}, false)
		if !slices.Equal(got, want) || o.stats != (orderStats{received: 7}) {
			t.Errorf("second time %d back: handed on %v, %+v", back, got, o.stats)
		}
		if o.settled != 7 || o.done.count != 0 || o.heldBytes != 0 || len(o.waiting) != 0 {
			t.Errorf("second time %d back: settled up to %d, %d bits, %d bytes held", back, o.settled, o.done.count, o.heldBytes)
		}
	}
}

// TestOrderLostTwice: what a dishonest listener sent whole and in pieces, or twice, cannot be lost after it was handed on.
func TestOrderLostTwice(t *testing.T) {
	o := order{handle: func(*Message) {}}
	o.deliver(2, 0, &Message{}, false)
	o.lose(2)
	o.deliver(1, 0, &Message{}, false)
	o.lose(1)
	o.deliver(4, 1, &Message{}, false)
	o.lose(4) // while it waits
	o.deliver(3, 0, &Message{}, false)
	if o.stats != (orderStats{received: 3, lost: 1}) || o.settled != 4 || o.done.count != 0 || o.heldBytes != 0 {
		t.Errorf("%+v, settled up to %d, %d bits, %d bytes", o.stats, o.settled, o.done.count, o.heldBytes)
	}
}

// TestOrderKeeps: a message that waits is copied unless its body is its own.
func TestOrderKeeps(t *testing.T) {
	for _, own := range []bool{false, true} {
		var got string
		o := order{handle: func(m *Message) { got += string(m.Body) }}
		lent := []byte("second")
		if !o.deliver(2, 1, &Message{Body: lent}, own) {
			t.Error("not kept")
		}
		if !own {
			copy(lent, "others")
		}
		if o.deliver(1, 0, &Message{Body: []byte("first ")}, false) {
			t.Error("the first is kept")
		}
		if got != "first second" {
			t.Errorf("own %t: %q", own, got)
		}
	}
}

func TestOrderEvict(t *testing.T) {
	var got []uint64
	o := order{handle: func(m *Message) { got = append(got, m.Index) }}
	if o.evict() {
		t.Error("evicted from an empty order")
	}
	o.deliver(4, 1, &Message{Index: 4, Body: make([]byte, 100)}, true)
	o.deliver(2, 1, &Message{Index: 2}, true)
	if want := int64(100 + 2*heldOverhead); o.heldBytes != want {
		t.Errorf("%d bytes held, want %d", o.heldBytes, want)
	}
	if !o.evict() || o.stats.lost != 1 || !o.isDone(4) || o.isDone(2) {
		t.Errorf("the wrong one was evicted: %+v", o.stats)
	}
	o.settle(4)
	if !slices.Equal(got, []uint64{2}) || o.stats.lost != 3 || o.heldBytes != 0 {
		t.Errorf("handed on %v, %+v", got, o.stats)
	}
}

// TestOrderCheckpoint: bytes are counted up to the checkpoint and apart from those behind it.
func TestOrderCheckpoint(t *testing.T) {
	o := order{handle: func(*Message) {}, watch: 2}
	for id, size := range []int{10, 20, 40} {
		o.deliver(uint64(id+1), 0, &Message{Body: make([]byte, size)}, false)
	}
	if o.watched != 30 || o.stats.bytes != 70 {
		t.Errorf("%d bytes watched of %d", o.watched, o.stats.bytes)
	}
}
