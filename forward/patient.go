package forward

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"
)

// ErrAway is why a request is not taken: there is no target that it could wait for.
var ErrAway = errors.New("no target can be reached")

// Patient requests have a place of their own beside the buffer, which is this part
// of it: with the defaults more than half a second's worth at 20,000 per second, which
// is more than the way to a listener and back takes.
const (
	patientShare      = 8 // of Config.Buffer
	patientShareBytes = 4 // of Config.BufferBytes
)

// A patience is a target's place for patient requests. The target's lock guards it.
type patience struct {
	buf     *buffer
	room    sync.Cond // of the target's lock: half of the place is free, or nobody is to wait
	waiters int       // for room
}

func newPatience(cfg *Config) patience {
	return patience{buf: newBuffer(max(cfg.Buffer/patientShare, 1), max(cfg.BufferBytes/patientShareBytes, 1))}
}

// left is how much more there is room for. A last request may be larger.
func (p *patience) left() (requests int, bytes int64) {
	requests, bytes = p.buf.maxCount-p.buf.count, p.buf.maxCost-p.buf.cost
	if requests <= 0 || bytes <= 0 {
		return 0, 0
	}
	return requests, bytes
}

// offer calls who waits for room when half of it is free: to call them for each
// request would cost more than the request.
func (p *patience) offer() {
	if p.waiters > 0 && p.buf.count <= p.buf.maxCount/2 && p.buf.cost <= p.buf.maxCost/2 {
		p.room.Broadcast()
	}
}

// Room is how many more patient requests, and how many bytes of them, the slowest of
// the targets that can be reached takes now, beyond those submitted. Whoever gives
// others leave to send so many has to count what they have not sent yet. A request
// may have more bytes than are left, but not when none are.
func (f *Forwarder) Room() (requests int, bytes int64) {
	any := false
	for _, t := range f.targets {
		n, b, ok := t.room()
		if ok && !any {
			requests, bytes, any = n, b, true
		} else if ok {
			requests, bytes = min(requests, n), min(bytes, b)
		}
	}
	return requests, bytes
}

// Reachable reports whether there is a target that patient requests could wait for:
// one that was not out of reach for five seconds.
func (f *Forwarder) Reachable() bool {
	for _, t := range f.targets {
		if _, _, ok := t.room(); ok {
			return true
		}
	}
	return false
}

// SubmitWait is Submit for a source that can wait: it makes r patient, and waits
// until each target that can be reached has room for it. When there is no such
// target, it returns ErrAway and has taken nothing; so it does with ctx's cause when
// that ends.
func (f *Forwarder) SubmitWait(ctx context.Context, r *Request) error {
	there := false
	for _, t := range f.targets {
		ok, err := t.awaitRoom(ctx)
		if err != nil {
			return err
		}
		there = there || ok
	}
	if !there {
		return ErrAway
	}
	r.Patient = true
	f.Submit(r)
	return nil
}

// room is how much more the target takes of what can wait; ok: it can be reached.
func (t *target) room() (requests int, bytes int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.backoff.away(t.now()) {
		return 0, 0, false
	}
	requests, bytes = t.patience.left()
	return requests, bytes, true
}

// awaitRoom waits until there is room for a patient request, or there is no sense
// in waiting; ok: the target can be reached.
func (t *target) awaitRoom(ctx context.Context) (ok bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	p := &t.patience
	if n, _ := p.left(); n > 0 {
		return !t.backoff.away(t.now()), nil
	}
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.room.Broadcast()
	})
	defer stop()
	p.waiters++
	defer func() { p.waiters-- }()
	for n := 0; n == 0 && !t.life.stopped; n, _ = p.left() {
		if t.backoff.away(t.now()) {
			return false, nil
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		p.room.Wait()
	}
	return true, nil
}

// ready reports whether something may go out.
func (t *target) ready() bool {
	return t.buf.ready.first() != nil || t.patience.buf.ready.first() != nil
}

// pop takes the next request that may go out. What is live goes first: a source
// that can wait gets what the others leave of workers and limit.
func (t *target) pop() *item {
	if it := t.buf.pop(); it != nil {
		return it
	}
	return t.patience.buf.pop()
}

// waiting is how many requests wait.
func (t *target) waiting() int { return t.buf.count + t.patience.buf.count }

// retain puts a patient request back that found the target out of reach, for as
// long as that may yet be reached: its source waits. Nothing of it was sent.
func (t *target) retain(now int64, it *item, res *result) bool {
	if it.buf != t.patience.buf || res.begun || res.kind.isAlive() || t.backoff.away(now) {
		return false
	}
	it.buf.putBack(it)
	return true
}

// forsake lets the patient requests fail that wait for a target that is out of
// reach for too long, but for one if the target is to be probed now; with the lock.
func (t *target) forsake(now int64) {
	b := t.patience.buf
	if b.count == 0 || !t.backoff.away(now) || t.backoff.wait(now) == 0 {
		return
	}
	if !t.backoff.trouble.forsaken {
		t.backoff.trouble.forsaken = true
		t.log.Warn("target out of reach: nothing waits for it any more, it is probed", "for", time.Duration(now-t.backoff.absence.since).Round(time.Millisecond))
	}
	for it := b.expired(math.MaxInt64); it != nil; it = b.expired(math.MaxInt64) {
		t.counts.failed[t.backoff.absence.why]++
		t.items.put(it)
	}
	t.patience.room.Broadcast()
}
