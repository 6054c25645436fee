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
	maxToCompare  = 512              // of them whose answers were recorded: these wait meanwhile, up to 64 KiB each
	maxAheadBytes = 16 << 20         // of them

	// maxBatch is how many requests change hands at a time: enough that reader and
	// player seldom meet, and so few that reading as many again, which takes a
	// processor from those who have to be on time, is over within a millisecond or two.
	maxBatch = 256
)

// An entry is a request that was read, and when it is due after the start of the run.
type entry struct {
	request forward.Request
	due     time.Duration
	timed   bool // if not, nothing is late if it starts later
}

// A readAhead holds what was read and has not been played yet, in batches of which the
// last may not be full. One goroutine puts, one takes.
type readAhead struct {
	mu      sync.Mutex
	changed sync.Cond // something was put or taken, or it ended

	batches  [][]entry
	spare    [][]entry     // of no use now
	count    int           // entries
	bytes    int           // of them
	compared int           // of them that are to be compared
	taken    time.Duration // when the last entry that was taken is due
	waiting  bool          // there is no room for the next entry
	closed   bool          // nothing more is put
	stopped  bool          // nothing more is taken
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
func (a *readAhead) put(e *entry) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.stopped && a.isFull(e) {
		if !a.waiting {
			a.waiting = true
			a.changed.Broadcast()
		}
		a.changed.Wait()
	}
	a.waiting = false
	if a.stopped {
		return false
	}
	last := len(a.batches) - 1
	if last < 0 || len(a.batches[last]) == maxBatch {
		a.batches = append(a.batches, a.empty())
		last++
	}
	a.batches[last] = append(a.batches[last], *e)
	a.count++
	a.bytes += len(e.request.Raw)
	if e.request.Compare {
		a.compared++
	}
	if a.count == 1 {
		a.changed.Broadcast()
	}
	return true
}

// empty is a batch without entries.
func (a *readAhead) empty() []entry {
	n := len(a.spare) - 1
	if n < 0 {
		return make([]entry, 0, maxBatch)
	}
	b := a.spare[n]
	a.spare[n], a.spare = nil, a.spare[:n]
	return b
}

func (a *readAhead) isFull(e *entry) bool {
	return a.count > 0 && (a.count >= maxAheadCount || a.compared >= maxToCompare || a.bytes >= maxAheadBytes || e.due-a.taken > maxAhead)
}

// close says that nothing more is put.
func (a *readAhead) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.changed.Broadcast()
}

// fill waits until as much is read ahead as may be, or all there is, or for so long.
func (a *readAhead) fill(longest time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	over := false
	timer := time.AfterFunc(longest, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		over = true
		a.changed.Broadcast()
	})
	defer timer.Stop()
	for !a.waiting && !a.closed && !a.stopped && !over {
		a.changed.Wait()
	}
}

// take returns the next entries, a batch at most, once there are any; none: that was
// all, or it was stopped. used is what take returned before, whose room is used again.
func (a *readAhead) take(used []entry) []entry {
	clear(used) // the bytes that were played are nobody's any more
	a.mu.Lock()
	defer a.mu.Unlock()
	if used != nil {
		a.spare = append(a.spare, used[:0])
	}
	for a.count == 0 && !a.closed && !a.stopped {
		a.changed.Wait()
	}
	if a.stopped || a.count == 0 {
		return nil
	}
	batch := a.batches[0]
	a.batches[0], a.batches = nil, a.batches[1:]
	a.count -= len(batch)
	for i := range batch {
		a.bytes -= len(batch[i].request.Raw)
		if batch[i].request.Compare {
			a.compared--
		}
	}
	a.taken = batch[len(batch)-1].due
	a.changed.Broadcast()
	return batch
}
