package forward

import (
	"context"
	"math"
	"time"
)

// tickEvery is how often a target looks after what no request triggers.
const tickEvery = 100 * time.Millisecond

// life is how far a target has come. It runs from run on, is closed when no
// more requests come, stopped when its context ends, and over when its last
// worker has ended after either.
type life struct {
	ctx     context.Context // of run
	running bool
	closed  bool
	stopped bool // nothing is sent any more
	over    bool
	done    chan struct{} // closed when over
}

// run is the target's life: it looks after the workers until the last has ended.
func (t *target) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.giveUp()
	defer t.route.closeIdle()
	t.begin(ctx)
	ticker, renewal := time.NewTicker(tickEvery), time.NewTicker(t.cfg.ConnectionAge)
	defer ticker.Stop()
	defer renewal.Stop()
	stop := ctx.Done()
	for !t.ended() {
		select {
		case <-ticker.C:
			t.tick()
		case <-renewal.C:
			t.route.renew(t.cfg)
		case <-stop:
			stop = nil
			t.stop()
		case <-t.life.done:
			return
		}
	}
}

// begin starts workers for what waits already.
func (t *target) begin(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.life.ctx, t.life.running = ctx, true
	t.crew.callAll(t)
}

// tick looks after what no request triggers.
func (t *target) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.expire(now)
	t.patience.forsake(now)
	t.queues.lapse(now)
	t.swaps.unpark(t, now)
	t.crew.callFor(t, 0)
	t.watch(now)
	t.review(now)
	if t.life.closed && t.queues.waiting() == 0 {
		t.crew.dismiss() // whoever waited for the end of a pause that has nothing left to send
	}
	t.reports.loop.warn(t)
}

// stop sends the workers home; what waits is not sent any more.
func (t *target) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.life.stopped = true
	t.crew.dismiss()
	t.patience.room.Broadcast()
}

// giveUp drops what still waits when nothing is sent any more, so that the
// final accounts balance without anything open.
func (t *target) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.life.stopped = true // also where the last worker saw the end of the context before run did
	for _, b := range []*buffer{t.queues.live, t.queues.patient} {
		for it := b.expired(math.MaxInt64); it != nil; it = b.expired(math.MaxInt64) {
			t.drop(it)
		}
	}
	t.patience.room.Broadcast()
}

// ended reports whether there is nothing left to do.
func (t *target) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return (t.life.closed && t.queues.waiting() == 0 || t.life.stopped) && len(t.crew.workers) == 0
}

// close says that no more requests come; it is idempotent.
func (t *target) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.life.closed {
		return
	}
	t.life.closed = true
	t.crew.dismiss()
	if t.life.running && len(t.crew.workers) == 0 && !t.gate.rests(&t.queues) {
		t.life.end()
	}
}

// end lets run return; with the lock.
func (l *life) end() {
	if !l.over {
		l.over = true
		close(l.done)
	}
}
