package udpwire

import (
	"slices"
	"sync/atomic"
	"time"
)

// A hold keeps the messages of a lane that has moved until the replayer that had it has handed on, or lost, what it was
// sent of it: else a later message could overtake an earlier one, since replayers know nothing of each other.
type hold struct {
	lane  int
	from  *link     // To the replayer that had the lane.
	id    uint64    // The last message that from was sent of it.
	until int64     // When waiting ends whatever comes, in ns.
	queue []Message // What came since, with Bodies of their own.
	bytes int64     // What queue holds of memory.
}

const (
	holdTime     = int64(2 * time.Second) // is how long a message waits at most
	holdOverhead = 256                    // bytes that one costs beside its body
)

// over reports whether nothing is waited for any more.
func (h *hold) over(now int64) bool { return h.from.settled.Load() >= h.id || now >= h.until }

// await waits, for a source that can, until the former replayer has settled the lane, or is waited for no more.
func (h *hold) await() { h.from.await(h.id, h.until) }

// holds are the lanes that wait. They belong to the goroutine that calls Send, but for bytes.
type holds struct {
	byLane map[int]*hold
	begun  []*hold      // The same in the order they were begun, so that a run is like another.
	bytes  atomic.Int64 // What all hold.
	limit  int64        // Beyond so many bytes the one begun first waits no more.
}

// any reports whether a lane waits.
func (h *holds) any() bool { return len(h.begun) > 0 }

// begin makes a lane wait, which does not yet, until from has settled message id.
func (h *holds) begin(lane int, from *link, id uint64, now int64) {
	if h.byLane == nil {
		h.byLane = make(map[int]*hold)
	}
	one := &hold{lane: lane, from: from, id: id, until: now + holdTime}
	h.byLane[lane] = one
	h.begun = append(h.begun, one)
}

// keep copies a message of a lane that waits.
func (h *holds) keep(one *hold, m *Message) {
	own := *m
	own.Body = slices.Clone(m.Body)
	one.queue = append(one.queue, own)
	size := int64(len(m.Body)) + holdOverhead
	one.bytes += size
	h.bytes.Add(size)
}

// full reports whether more is held than may be.
func (h *holds) full() bool { return h.bytes.Load() > h.limit }

// take takes out the lanes that wait no more.
func (h *holds) take(over func(*hold) bool) (all []*hold) {
	h.begun = slices.DeleteFunc(h.begun, func(one *hold) bool {
		if !over(one) {
			return false
		}
		all = append(all, one)
		delete(h.byLane, one.lane)
		h.bytes.Add(-one.bytes)
		return true
	})
	return all
}
