package forward

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gor/forward/sessions"
)

// A target is one place where requests go: its buffer, its limit, its workers,
// its connections and its accounts, shared with no other target. Its files:
// target.go takes requests in, life.go starts and ends it, crew.go says which
// worker sends what when, fate.go what became of it.
type target struct {
	// ---- immutable, but for what route says of itself

	cfg   *Config
	name  string // in accounts and logs
	index int    // in Config.Targets
	log   *slog.Logger
	clock
	filter *Filter // its own, beside that of the Forwarder; nil: everything passes
	route  route
	items  itemPools // of any goroutine
	quota  atomic.Pointer[quota]
	book   *sessions.Book // of its own sessions; nil: it gets production's

	// ---- guarded by the lock

	mu sync.Mutex

	life     life
	crew     crew
	queues   queues
	patience patience
	held     heldClock
	gate     gate
	backoff  backoff
	counts   counts
	echoes   echoes
	swaps    swaps
	reports  reports
}

// reports are what is logged once.
type reports struct {
	reasons  map[error]bool // for "unsupported", that have been logged
	failures [failures]bool // kinds of failure that have been logged
	marked   bool           // it has been logged that replayed requests come in
	loop     loopWatch
}

// A clock counts nanoseconds since the Forwarder was made.
type clock struct{ start time.Time }

func (c clock) now() int64 { return int64(time.Since(c.start)) }

func newTarget(all *Config, spec TargetSpec, name string, start time.Time) (*target, error) {
	u, err := spec.parseURL()
	if err != nil {
		return nil, err
	}
	cfg, err := all.of(spec)
	if err != nil {
		return nil, err
	}
	tlsConf, err := cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	if spec.Rate < 0 || spec.Rate > MaxRate || spec.Percent < 0 || spec.Percent > 100 {
		return nil, fmt.Errorf("the limit is out of range: 1 to %d requests per second, or a share of up to 100%%", MaxRate)
	}
	t := &target{
		cfg: cfg, name: name, log: cfg.Logger.With("target", name), clock: clock{start},
		life: life{done: make(chan struct{})}, crew: crew{workers: make(map[*worker]struct{})},
		counts: counts{status: make(map[int]uint64)}, reports: reports{reasons: make(map[error]bool)},
	}
	if spec.Own != nil {
		t.filter = spec.Own.Filter
	}
	if cfg.Sessions.On {
		t.book = sessions.New(cfg.Sessions)
	}
	t.crew.cond.L, t.patience, t.queues = &t.mu, newPatience(t), newQueues(cfg, &t.held)
	t.route.setUp(cfg, u, spec.HTTP2, tlsConf)
	t.gate.setLimit(t, spec.limit())
	return t, nil
}

// submit offers one request; allowed is what the filter says.
func (t *target) submit(r *Request, allowed bool) {
	var it *item
	sampled := t.quota.Load().has(r)
	if allowed && sampled {
		it = t.items.take(r)
		it.compare = t.cfg.Compare.wants(r)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.received++
	if !r.Patient { // a recording's server gets no requests now
		t.reports.loop.captured(r.Server)
	}
	switch {
	case !allowed:
		t.counts.filtered++
	case !sampled:
		t.counts.sampledOut++
	case t.life.closed, t.life.stopped:
		t.counts.stopped++
	default:
		it.at = t.now()
		t.hold(it, r)
		t.wake()
		t.crew.callFor(t, 1)
	}
}

// hold lets it wait; with the lock. What is live makes room for itself, and so does
// what comes though there is no room for it by far.
func (t *target) hold(it *item, r *Request) {
	q, o := &t.queues, r.owner()
	if r.Patient && !q.bursts() {
		t.held.setOut(it, r, t.start)
		q.patient.push(it, o)
		t.patience.forsake(it.at)
		return
	}
	t.held.setOut(it, r, t.start)
	q.live.push(it, o)
	for old := q.live.overfull(); old != nil; old = q.live.overfull() {
		t.drop(old)
	}
}

// drop counts a request that had no room, waited too long or still waits when
// the target has stopped; with the lock.
func (t *target) drop(it *item) {
	if it.echo {
		t.echoes.dropped++
	} else if t.life.stopped {
		t.counts.stopped++
	} else if t.gate.paused || t.gate.bucket != nil && !t.backoff.failing {
		t.counts.limited++
	} else {
		t.counts.queueFull++
	}
	t.items.put(it)
}

// expire drops what has waited too long; with the lock.
func (t *target) expire(now int64) {
	for it := t.queues.live.expired(now - int64(t.cfg.MaxWait)); it != nil; it = t.queues.live.expired(now - int64(t.cfg.MaxWait)) {
		t.drop(it)
	}
	t.crew.callFor(t, 0) // for what they held up
}

// load is how full the buffer is, 0 to 1, by number or bytes, whichever is fuller; slow:
// what fills it is how slow the target is, not a limit of ours.
func (t *target) load() (full float64, slow bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	slow = t.gate.bucket == nil && !t.gate.paused
	return min(1, max(float64(t.queues.live.count)/float64(t.queues.live.maxCount), float64(t.queues.live.cost)/float64(t.queues.live.maxCost))), slow
}
