package udpwire

import (
	"maps"
	"slices"
)

// An order hands messages on in the order of their lanes, each once, and knows exactly which never came. Ids count
// the session's messages from 1. The zero value is ready but for handle. Not safe for concurrent use.
type order struct {
	handle func(*Message) // It is lent each message in turn for the call.

	settled uint64 // Every id up to here was handed on or is lost.
	top     uint64 // The highest id seen.
	done    idSet  // The ids beyond settled of which that is so.

	waiting   map[uint64]*held  // Messages by the id that their lane waits for.
	arrived   list[held, *held] // The same in the order they arrived.
	heldBytes int64             // Memory that they hold.

	watch   uint64 // The last id of the open checkpoint.
	watched uint64 // Bytes handed on up to it.
	stats   orderStats
}

// orderStats are the accounts of a session's messages. bytes are those of the bodies received.
type orderStats struct{ received, bytes, lost uint64 }

// A held is a message that must wait for the one before it in its lane.
type held struct {
	links[held]
	id    uint64
	after uint64  // the id it waits for
	m     Message // with a Body of its own
}

// heldOverhead is what a waiting message costs beside its body, in bytes.
const heldOverhead = 256

// cost is how much memory it holds.
func (h *held) cost() int64 { return int64(len(h.m.Body)) + heldOverhead }

// isDone reports whether id was handed on or is lost.
func (o *order) isDone(id uint64) bool {
	return id <= o.settled || id-o.settled < idSpan && o.done.has(id)
}

// setDone notes that id was handed on or is lost. In order, nothing but settled moves.
func (o *order) setDone(id uint64) {
	o.top = max(o.top, id)
	if id != o.settled+1 {
		o.done.add(id)
		return
	}
	o.settled++
	o.advance()
}

// advance moves settled over what follows it and is done.
func (o *order) advance() {
	for o.done.has(o.settled + 1) {
		o.settled++
		o.done.remove(o.settled)
	}
}

// deliver hands on a message that arrived whole, or keeps it until the one before it in its lane is settled. id must
// not be done. own says that m's Body may be kept as it is; else it is copied. deliver reports whether m was kept.
func (o *order) deliver(id uint64, back uint32, m *Message, own bool) (kept bool) {
	if back == 0 || uint64(back) >= id || o.isDone(id-uint64(back)) {
		o.hand(id, m)
		return false
	}
	h := &held{id: id, after: id - uint64(back), m: *m}
	if other := o.waiting[h.after]; other != nil { // no honest listener sends the same twice, or two for one place
		if other.id != id {
			o.lose(id)
		}
		return false
	}
	if !own {
		h.m.Body = append([]byte(nil), m.Body...)
	}
	if o.waiting == nil {
		o.waiting = make(map[uint64]*held)
	}
	o.waiting[h.after] = h
	o.top = max(o.top, id)
	o.heldBytes += h.cost()
	o.arrived.push(h)
	return true
}

// hand hands m on, and after it those that waited for it.
func (o *order) hand(id uint64, m *Message) {
	o.count(id, len(m.Body))
	o.handle(m)
	o.setDone(id)
	o.release(id)
}

// count enters a message of size bytes as received.
func (o *order) count(id uint64, size int) {
	o.stats.received++
	o.stats.bytes += uint64(size)
	if id <= o.watch {
		o.watched += uint64(size)
	}
}

// lose notes that id will never arrive whole. It may have been handed on, when a dishonest listener sent it twice.
func (o *order) lose(id uint64) {
	if o.isDone(id) {
		return
	}
	o.stats.lost++
	o.setDone(id)
	o.release(id)
}

// release hands on what waited for id, and so on along the lane.
func (o *order) release(id uint64) {
	for len(o.waiting) > 0 {
		h := o.waiting[id]
		if h == nil {
			return
		}
		o.remove(h)
		if o.isDone(h.id) { // it waited in two places, or was lost meanwhile
			return
		}
		o.count(h.id, len(h.m.Body))
		o.handle(&h.m)
		o.setDone(h.id)
		id = h.id
	}
}

// remove takes a waiting message out, to hand it on or to drop it.
func (o *order) remove(h *held) {
	delete(o.waiting, h.after)
	o.arrived.remove(h)
	o.heldBytes -= h.cost()
}

// settle notes that nothing is to come any more of the messages up to id: those not handed on are lost. One that
// waits is released by the one before it, which has a lower id. A large gap, which anybody may make up without a secret,
// costs no more than there are messages that wait.
func (o *order) settle(id uint64) {
	if id > o.settled+64+4*uint64(len(o.waiting)) {
		for _, after := range slices.Sorted(maps.Keys(o.waiting)) {
			if after > id {
				break
			}
			o.skip(after - 1)
			o.lose(after)
		}
		o.skip(id)
	}
	for o.settled < id {
		o.lose(o.settled + 1)
	}
}

// skip settles the ids up to id, for none of which anything waits: those that are not done are lost.
func (o *order) skip(id uint64) {
	if id <= o.settled {
		return
	}
	o.stats.lost += id - o.settled - o.done.clear(o.settled+1, id+1)
	o.settled, o.top = id, max(o.top, id)
	o.advance()
}

// evict drops the message that has waited longest and reports whether there was one.
func (o *order) evict() bool {
	h := o.arrived.first
	if h == nil {
		return false
	}
	o.remove(h)
	o.lose(h.id)
	return true
}
