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

// Room is how many more patient requests, and how many bytes of them, the slowest of
// the targets that can be reached takes now, beyond those submitted. Whoever gives
// others leave to send so many has to count what they have not sent yet. A request
// may have more bytes than are left, but not when none are.
func (f *Forwarder) Room() (requests int, bytes int64) {
	any := false
	for _, t := range f.targets {
		n, b, ok := t.patience.take()
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
		if _, _, ok := t.patience.take(); ok {
			return true
		}
	}
	return false
}

// Holds reports whether patient requests wait or are in flight, at any target.
func (f *Forwarder) Holds() bool {
	for _, t := range f.targets {
		if t.patience.holds() {
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
		ok, err := t.patience.await(ctx, r)
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

// A patience is how a target deals with sources that can wait. The target's lock
// guards it.
type patience struct {
	t       *target
	room    sync.Cond // of the target's lock: half of the place is free, or nobody is to wait
	waiters int       // for room
}

func newPatience(t *target) patience { return patience{t: t, room: sync.Cond{L: &t.mu}} }

// take is how much the target takes now; ok: it can be reached.
func (p *patience) take() (requests int, bytes int64, ok bool) {
	t := p.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.backoff.away(t.now()) {
		return 0, 0, false
	}
	requests, bytes = t.queues.left()
	return requests, bytes, true
}

// holds reports whether there is anything of a source that can wait.
func (p *patience) holds() bool {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	return p.t.queues.patient.cost > 0
}

// await waits until there is room, or there is no sense in waiting; ok: the target
// can be reached. r learns for how long that was.
func (p *patience) await(ctx context.Context, r *Request) (ok bool, err error) {
	t := p.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if n, _ := t.queues.left(); n > 0 {
		return !t.backoff.away(t.now()), nil
	}
	stop := context.AfterFunc(ctx, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		p.room.Broadcast()
	})
	defer stop()
	p.waiters++
	began := t.now()
	defer func() {
		p.waiters--
		r.Held += time.Duration(t.now() - began)
	}()
	for n := 0; n == 0 && !t.life.stopped; n, _ = t.queues.left() {
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

// offer calls who waits for room when half of it is free: to call them for each
// request would cost more than the request. With the lock, as all that follow.
func (p *patience) offer() {
	if p.waiters > 0 && p.t.queues.halfFree() {
		p.room.Broadcast()
	}
}

// retain puts a patient request back that found the target out of reach, for as
// long as that may yet be reached: its source waits. Nothing of it was sent.
func (p *patience) retain(now int64, it *item, res *result) bool {
	t := p.t
	if it.buf != t.queues.patient || it.echo || res.begun || res.kind.isAlive() || t.backoff.away(now) {
		return false
	}
	it.buf.putBack(it, now)
	return true
}

// forsake lets the requests fail that wait for a target that is out of reach for too
// long, unless it is to be probed now: then one of them may.
func (p *patience) forsake(now int64) {
	t := p.t
	waiting, b := t.queues.patient, &t.backoff
	if waiting.count == 0 || !b.away(now) || b.wait(now) == 0 {
		return
	}
	if !b.trouble.forsaken {
		b.trouble.forsaken = true
		t.log.Warn("target out of reach: nothing waits for it any more, it is probed", "for", time.Duration(now-b.absence.since).Round(time.Millisecond))
	}
	for it := waiting.expired(math.MaxInt64); it != nil; it = waiting.expired(math.MaxInt64) {
		if it.echo {
			t.echoes.failed++
		} else {
			t.counts.failed[b.absence.why]++
		}
		tellForsaken(t, it, b.absence.why, now)
		t.items.put(it)
	}
	p.room.Broadcast()
}
