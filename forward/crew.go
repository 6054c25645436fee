package forward

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// A request hangs when it has been in flight for minHang at least, and for
	// hangFactor times as long as the target's responses usually take: a slow
	// target is not a hanging one.
	minHang    = time.Second
	hangFactor = 4

	// maxHung bounds the requests that hang, in multiples of the concurrency.
	maxHung = 3

	// maxSilence is how long a target may say nothing, while all it may have is in
	// flight and hangs, before it fails.
	maxSilence = 5 * time.Second

	// usualShare is how much of the usual time each response counts for: 1/usualShare.
	usualShare = 32
)

// errHung is why a request is broken off before its time is up.
var errHung = errors.New("it hung for longest of more than the concurrency allows for, while others waited")

// A crew is the workers of a target, started as they are needed. The target's
// lock guards it.
type crew struct {
	cond     sync.Cond // idle workers wait here
	workers  map[*worker]struct{}
	idle     int     // workers that wait and that nobody has called
	waiter   *worker // waits for the bucket or the backoff, and calls the next; nil: nobody does
	answered int64   // when the target last gave a sign of life
	usual    int64   // how long responses take, a moving average; 0: there was none
	passed   int64   // requests sent before this saw a later one answered in time
	hungAt   int64   // requests sent before this hang
	hung     int     // how many they are
}

// dismiss calls every idle worker, so that each sees whether it may go.
func (c *crew) dismiss() {
	c.idle = 0
	c.cond.Broadcast()
}

// wake calls a worker if there is something for it to do; with the lock.
func (t *target) wake() {
	switch {
	case !t.queues.ready(), t.crew.waiter != nil, !t.life.running, t.life.stopped, t.gate.paused:
	case t.crew.idle > 0:
		t.crew.idle--
		t.crew.cond.Signal()
	case len(t.crew.workers) < t.crew.limit(t.cfg.Concurrency):
		w := newWorker(t)
		t.crew.workers[w] = struct{}{}
		go w.run()
	case !t.held.held:
		t.held.hold(heldByTarget, t.now())
	}
}

// callFor calls a worker for each lane that has come to its turn, but for as many as
// are seen to otherwise; with the lock.
func (c *crew) callFor(t *target, otherwise int) {
	for n := t.queues.offers() - otherwise; n > 0; n-- {
		t.wake()
	}
}

// callAll calls workers for all that may go out, which is more than before: while that
// was held up, calls came to nothing, and perhaps nobody comes who would call again.
// With the lock.
func (c *crew) callAll(t *target) {
	for range t.queues.turns(c.limit(t.cfg.Concurrency)) {
		t.wake()
	}
}

// await waits until a worker is called; with the lock.
func (c *crew) await() {
	c.idle++
	c.cond.Wait()
}

// limit is how many requests may be in flight: the concurrency, and those
// that hang up to a bound of their own.
func (c *crew) limit(concurrency int) int {
	return concurrency + min(c.hung, maxHung*concurrency)
}

// next takes the next request that may go out and waits for it if need be; nil:
// the worker is to end. Called and returns with the lock.
func (t *target) next(w *worker) *item {
	for !t.life.stopped && t.life.ctx.Err() == nil {
		now := t.now()
		t.expire(now)
		if len(t.crew.workers) > t.crew.limit(t.cfg.Concurrency) {
			return nil
		}
		if !t.queues.ready() || t.gate.paused {
			if t.life.closed && !t.gate.rests(&t.queues) {
				return nil
			}
			t.crew.await()
			continue
		}
		wait, by := t.backoff.wait(now), heldByTarget
		if wait == 0 && t.gate.bucket != nil {
			wait, by = t.gate.bucket.take(now), heldByLimit
		}
		if wait == 0 {
			return w.sendOff(now)
		}
		if t.crew.waiter != nil {
			t.crew.await()
			continue
		}
		t.held.hold(by, now)
		t.crew.waiter = w
		t.mu.Unlock()
		w.sleep(min(time.Duration(wait), maxNap))
		t.mu.Lock()
		if t.crew.waiter == w {
			t.crew.waiter = nil
		}
	}
	return nil
}

// sendOff takes out the request that w starts now; with the lock.
func (w *worker) sendOff(now int64) *item {
	t := w.t
	t.held.release(now)
	t.backoff.sent(now)
	it := t.queues.pop(now)
	w.since, it.delay.late = now, t.held.late(it, now, t.gate.bucket != nil)
	w.token, w.ex.token = t.gate.bucket, t.gate.bucket
	t.counts.inFlight++
	if it.echo {
		t.echoes.inFlight++
	} else if !it.again {
		t.counts.wait.Add(time.Duration(now - it.at))
	}
	switch {
	case !t.queues.ready():
	case t.crew.idle == 0 && len(t.crew.workers) >= t.crew.limit(t.cfg.Concurrency):
		t.held.hold(heldByTarget, now)
	case t.gate.bucket != nil && t.gate.bucket.isShut(now):
		t.held.hold(heldByLimit, now)
	}
	if t.gate.bucket != nil || t.backoff.failing {
		t.wake()
	}
	return it
}

// leave ends a worker; with the lock.
func (w *worker) leave() {
	t := w.t
	delete(t.crew.workers, w)
	if !t.life.closed && !t.life.stopped {
		t.wake() // another one, if this one was one too many
		return
	}
	t.crew.dismiss() // the others may go, too
	if len(t.crew.workers) == 0 && (!t.gate.rests(&t.queues) || t.life.stopped || t.life.ctx.Err() != nil) {
		t.life.end()
	}
}

// responded says that a request has its response now, and how long that took.
func (t *target) responded(now int64, took time.Duration) {
	c := &t.crew
	if int64(took) <= c.hangAfter(t.cfg.Timeout) {
		c.passed = max(c.passed, now-int64(took))
	}
	if c.usual == 0 {
		c.usual = max(int64(took), 1)
		return
	}
	c.usual += (int64(took) - c.usual) / usualShare
}

// hangAfter is how long a request is in flight before it hangs. Before the first
// response nobody knows what is usual, and nothing hangs until its time is up.
func (c *crew) hangAfter(timeout time.Duration) int64 {
	if c.usual == 0 {
		return int64(timeout)
	}
	return max(int64(minHang), hangFactor*c.usual)
}

// watch counts what hangs, and lets others go out in its place, if the target responds
// in time to what it was sent later: if not, it has become slow. Beyond the bound, what
// hangs for longest is broken off if others wait.
func (t *target) watch(now int64) {
	c := &t.crew
	c.hungAt = now - c.hangAfter(t.cfg.Timeout)
	silent := c.answered <= c.hungAt
	if !t.backoff.failing && !silent {
		c.hungAt = min(c.hungAt, c.passed)
	}
	var hung []*worker
	last := c.answered // when the target was last sent something, or heard of
	for w := range c.workers {
		last = max(last, w.since)
		if w.since != 0 && w.since < c.hungAt {
			hung = append(hung, w)
		}
	}
	c.hung = len(hung)
	if !t.backoff.failing && silent {
		t.watchSilence(now, now-last)
	}
	if excess := c.hung - maxHung*t.cfg.Concurrency; excess > 0 && t.queues.ready() {
		slices.SortFunc(hung, func(a, b *worker) int { return cmp.Compare(a.since, b.since) })
		for _, w := range hung[:excess] {
			w.cancel(errHung)
		}
	}
	if c.hung > 0 {
		t.crew.callAll(t)
	}
}

// watchSilence sees to a target that says nothing at all: nothing more goes out in
// place of what hangs, and when all that may be in flight hangs for too long, the
// target fails; then probes do.
func (t *target) watchSilence(now, silence int64) {
	if t.crew.hung < t.cfg.Concurrency || silence < int64(maxSilence) {
		t.crew.hung = 0
		return
	}
	if t.backoff.trip(now) {
		t.log.Warn("target failing: it gets single requests until it answers", "err", "no response to anything", "in_flight", t.counts.inFlight)
	}
}
