package playback

import (
	"context"
	"sync"
	"time"

	"gor/forward"
)

// What may be read ahead, so that the reader is never the reason for being late, and
// memory stays the same for recordings of any size. One request is always let in.
const (
	maxAhead      = 10 * time.Second // of the schedule
	maxAheadCount = 8192             // requests
	maxAheadBytes = 16 << 20         // of them
)

// An entry is a request that was read, and when it is due after the start of the run.
type entry struct {
	request forward.Request
	due     time.Duration
	timed   bool // if not, nothing is late if it starts later
}

// A readAhead holds what was read and has not been played yet. One goroutine puts, one
// takes; the taker gets all there is at once, so that the two seldom meet.
type readAhead struct {
	mu      sync.Mutex
	changed sync.Cond // something was put or taken, or it ended

	entries []entry
	bytes   int
	taken   time.Duration // when the last entry that was taken is due
	closed  bool          // nothing more is put
	stopped bool          // nothing more is taken
}

func newReadAhead() *readAhead {
	a := &readAhead{}
	a.changed.L = &a.mu
	return a
}

// stopWith has a readAhead end with ctx; the function it returns undoes that.
func (a *readAhead) stopWith(ctx context.Context) (undo func() bool) {
	return context.AfterFunc(ctx, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.stopped = true
		a.changed.Broadcast()
	})
}

// put adds an entry, once there is room; false: nobody takes any more.
func (a *readAhead) put(e entry) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.stopped && a.isFull(&e) {
		a.changed.Wait()
	}
	if a.stopped {
		return false
	}
	a.entries = append(a.entries, e)
	a.bytes += len(e.request.Raw)
	if len(a.entries) == 1 {
		a.changed.Broadcast()
	}
	return true
}

func (a *readAhead) isFull(e *entry) bool {
	return len(a.entries) > 0 && (len(a.entries) >= maxAheadCount || a.bytes >= maxAheadBytes || e.due-a.taken > maxAhead)
}

// close says that nothing more is put.
func (a *readAhead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.changed.Broadcast()
}

// take returns what there is, once there is anything; nothing: that was all, or it
// was stopped. used is what take returned before, whose room is used again.
func (a *readAhead) take(used []entry) []entry {
	clear(used) // the bytes that were played are nobody's any more
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.entries) == 0 && !a.closed && !a.stopped {
		a.changed.Wait()
	}
	if a.stopped || len(a.entries) == 0 {
		return nil
	}
	batch := a.entries
	a.entries, a.bytes, a.taken = used[:0], 0, batch[len(batch)-1].due
	a.changed.Broadcast()
	return batch
}
