package forward

import (
	"sync"
	"time"
)

const (
	// hangAfter is how long a target may send no response, while all it may have
	// is in flight, before it is held to be failing.
	hangAfter = 1500 * time.Millisecond

	// maxHung bounds the workers that wait for responses that may never come, in
	// multiples of the concurrency.
	maxHung = 3
)

// A crew is the workers of a target, started as they are needed. The target's
// lock guards it.
type crew struct {
	cond     sync.Cond // idle workers wait here
	workers  map[*worker]struct{}
	idle     int   // workers that wait and that nobody has called
	waiting  bool  // a worker waits for the bucket or the backoff; it calls the next
	answered int64 // when the last response of the target was read
	hungAt   int64 // requests sent before this, when it hung, do not count as in flight
	hung     int   // how many they are
}

// dismiss calls every idle worker, so that each sees whether it may go.
func (c *crew) dismiss() {
	c.idle = 0
	c.cond.Broadcast()
}

// wake calls a worker if there is something for it to do; with the lock.
func (t *target) wake() {
	switch {
	case t.buf.ready.first() == nil, t.crew.waiting, !t.life.running, t.life.stopped:
	case t.crew.idle > 0:
		t.crew.idle--
		t.crew.cond.Signal()
	case len(t.crew.workers) < t.maxWorkers():
		w := newWorker(t)
		t.crew.workers[w] = struct{}{}
		go w.run()
	}
}

// maxWorkers is how many may be in flight, not counting those that hang.
func (t *target) maxWorkers() int {
	return t.cfg.Concurrency + min(t.crew.hung, maxHung*t.cfg.Concurrency)
}

// next takes the next request that may go out and waits for it if need be; nil:
// the worker is to end. Called and returns with the lock.
func (t *target) next(w *worker) *item {
	for !t.life.stopped && t.life.ctx.Err() == nil {
		now := t.now()
		t.expire(now)
		if t.buf.ready.first() == nil {
			if t.life.closed || len(t.crew.workers) > t.maxWorkers() {
				return nil
			}
			t.crew.idle++
			t.crew.cond.Wait()
			continue
		}
		wait := t.backoff.wait(now)
		if wait == 0 && t.bucket != nil {
			wait = t.bucket.take(now)
		}
		if wait == 0 {
			t.backoff.sent(now)
			w.since = now
			t.counts.inFlight++
			it := t.buf.pop()
			if t.bucket != nil || t.backoff.failing {
				t.wake()
			}
			return it
		}
		if t.crew.waiting {
			t.crew.idle++
			t.crew.cond.Wait()
			continue
		}
		t.crew.waiting = true
		t.mu.Unlock()
		w.sleep(time.Duration(wait))
		t.mu.Lock()
		t.crew.waiting = false
	}
	return nil
}

// leave ends a worker; with the lock.
func (t *target) leave(w *worker) {
	delete(t.crew.workers, w)
	if !t.life.closed && !t.life.stopped {
		return
	}
	t.crew.dismiss() // the others may go, too
	if len(t.crew.workers) == 0 {
		t.end()
	}
}

// detectHang notices that everything in flight hangs: then it no longer counts
// as in flight, and new requests go out as probes.
func (t *target) detectHang(now int64) {
	if t.counts.inFlight < t.maxWorkers() {
		return
	}
	last := t.crew.answered
	for w := range t.crew.workers {
		last = max(last, w.since)
	}
	if !t.backoff.failing && now-last >= int64(hangAfter) {
		t.backoff.trip(now)
		t.log.Warn("target failing", "err", "no response to anything", "in_flight", t.counts.inFlight)
	}
	if t.backoff.failing {
		t.crew.hungAt, t.crew.hung = now, t.counts.inFlight
		t.wake()
	}
}
