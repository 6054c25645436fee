package forward

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tickEvery = 100 * time.Millisecond

	// hangAfter is how long a target may answer nothing, while all it may have
	// is in flight, before it is held to be failing.
	hangAfter = 1500 * time.Millisecond

	// maxHung bounds the workers that wait for answers that may never come, in
	// multiples of the concurrency.
	maxHung = 3
)

// A target is one place where requests go: its buffer, its limit, its workers,
// its connections and its accounts, shared with no other target.
type target struct {
	// immutable
	cfg     *Config
	spec    TargetSpec
	name    string // in accounts and logs
	https   bool
	host    string // as dialled, and the Host sent unless OriginalHost
	start   time.Time
	log     *slog.Logger
	shape   shaper
	dialer  *dialer
	sample  uint64 // connections whose hash is at most this take part
	items   itemPools
	clients atomic.Pointer[clients]

	mu       sync.Mutex
	cond     sync.Cond // idle workers wait here
	ctx      context.Context
	running  bool
	closed   bool // no more requests come
	stopped  bool // nothing is sent any more
	over     bool // the last worker has ended
	done     chan struct{}
	workers  map[*worker]struct{}
	idle     int  // workers that wait and that nobody has called
	waiting  bool // a worker waits for the bucket or the backoff; it calls the next
	buf      *buffer
	bucket   *bucket // nil: no limit
	backoff  backoff
	answered int64 // when the target answered last
	hungAt   int64 // requests sent before this, when it hung, do not count as in flight
	hung     int   // how many they are
	renewed  int64 // when connections began to be new ones
	counts   counts
	examples map[error]bool // reasons that have been logged
}

func newTarget(cfg *Config, spec TargetSpec, name string, tlsConf *tls.Config, start time.Time) (*target, error) {
	u, err := spec.parseURL()
	if err != nil {
		return nil, err
	}
	if spec.Rate < 0 || spec.Rate > MaxRate || spec.Percent < 0 || spec.Percent > 100 {
		return nil, fmt.Errorf("the limit is out of range: 1 to %d requests per second, or a share of up to 100%%", MaxRate)
	}
	_, port, _ := net.SplitHostPort(hostPort(u))
	t := &target{
		cfg: cfg, spec: spec, name: name, https: u.Scheme == "https", host: u.Host, start: start, log: cfg.Logger.With("target", name),
		shape: shaper{
			host: []byte(u.Host), prefix: bytes.TrimRight([]byte(u.EscapedPath()), "/"),
			mark: []byte(cfg.Mark), rewrite: cfg.Rewrite, smallEnd: 16 << 10,
		},
		dialer: &dialer{
			host: u.Hostname(), port: port, timeout: cfg.ConnectTimeout, tls: tlsConf,
			lookup: net.DefaultResolver.LookupNetIP, connect: new(net.Dialer).DialContext,
		},
		sample:  math.MaxUint64,
		done:    make(chan struct{}),
		workers: make(map[*worker]struct{}), buf: newBuffer(cfg.Buffer, cfg.BufferBytes),
		counts: counts{status: make(map[int]uint64)}, examples: make(map[error]bool),
	}
	if cfg.OriginalHost {
		t.shape.host = nil
	}
	if cfg.Rewrite != nil && cfg.Rewrite.host != nil {
		t.shape.host = cfg.Rewrite.host
	}
	if spec.Percent > 0 && spec.Percent < 100 {
		t.sample = uint64(spec.Percent / 100 * math.MaxUint64)
	}
	if spec.Rate > 0 {
		t.bucket = newBucket(spec.Rate)
	}
	t.cond.L = &t.mu
	t.clients.Store(t.newClients())
	return t, nil
}

func (t *target) now() int64 { return int64(time.Since(t.start)) }

// run is the target's life: it looks after the workers until the last has ended.
func (t *target) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer t.giveUp()
	t.mu.Lock()
	t.ctx, t.running, t.renewed = ctx, true, t.now()
	for range t.buf.count {
		t.wake()
	}
	t.mu.Unlock()
	if t.ended() {
		return
	}
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	stop := ctx.Done()
	for {
		select {
		case <-ticker.C:
			t.tick()
		case <-stop:
			stop = nil
			t.mu.Lock()
			t.stopped = true
			t.idle = 0
			t.cond.Broadcast()
			t.mu.Unlock()
			if t.ended() {
				return
			}
		case <-t.done:
			t.clients.Load().closeIdle()
			return
		}
	}
}

// giveUp drops what still waits when nothing is sent any more, so that the
// final accounts balance without anything open.
func (t *target) giveUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for it := t.buf.expired(math.MaxInt64); it != nil; it = t.buf.expired(math.MaxInt64) {
		t.drop(it)
	}
}

// ended reports whether there is nothing left to do.
func (t *target) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if (t.closed && t.buf.count == 0 || t.stopped) && len(t.workers) == 0 {
		t.clients.Load().closeIdle()
		return true
	}
	return false
}

func (t *target) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	t.closed = true
	t.idle = 0
	t.cond.Broadcast()
	if t.running && len(t.workers) == 0 {
		t.end()
	}
}

// end lets run return; with the lock.
func (t *target) end() {
	if !t.over {
		t.over = true
		close(t.done)
	}
}

// submit offers one request; allowed is what the filter says.
func (t *target) submit(r *Request, allowed bool) {
	var it *item
	sampled := mix(r.Conn) <= t.sample
	if allowed && sampled {
		it = t.items.get(r.Raw)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.received++
	switch {
	case !allowed:
		t.counts.filtered++
	case !sampled:
		t.counts.sampledOut++
	case t.closed:
		t.counts.queueFull++
	default:
		it.at = t.now()
		t.buf.push(it, r.Conn)
		for old := t.buf.overfull(); old != nil; old = t.buf.overfull() {
			t.drop(old)
		}
		t.wake()
	}
}

// mix is the finaliser of SplitMix64: the share taken must not depend on how
// connections are numbered.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// drop counts a request that had no room or waited too long; with the lock.
func (t *target) drop(it *item) {
	if t.bucket != nil && !t.backoff.failing {
		t.counts.limited++
	} else {
		t.counts.queueFull++
	}
	t.items.put(it)
}

func (t *target) expire(now int64) {
	for it := t.buf.expired(now - int64(t.cfg.MaxWait)); it != nil; it = t.buf.expired(now - int64(t.cfg.MaxWait)) {
		t.drop(it)
	}
}

// wake calls a worker if there is something for it to do; with the lock.
func (t *target) wake() {
	switch {
	case t.buf.ready.first() == nil, t.waiting, !t.running, t.stopped:
	case t.idle > 0:
		t.idle--
		t.cond.Signal()
	case len(t.workers) < t.maxWorkers():
		w := newWorker(t)
		t.workers[w] = struct{}{}
		go w.run()
	}
}

// maxWorkers is how many may be in flight, not counting those that hang.
func (t *target) maxWorkers() int {
	return t.cfg.Concurrency + min(t.hung, maxHung*t.cfg.Concurrency)
}

// next takes the next request that may go out and waits for it if need be; nil:
// the worker is to end. Called and returns with the lock.
func (t *target) next(w *worker) *item {
	for !t.stopped && t.ctx.Err() == nil {
		now := t.now()
		t.expire(now)
		if t.buf.ready.first() == nil {
			if t.closed || len(t.workers) > t.maxWorkers() {
				return nil
			}
			t.idle++
			t.cond.Wait()
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
		if t.waiting {
			t.idle++
			t.cond.Wait()
			continue
		}
		t.waiting = true
		t.mu.Unlock()
		w.sleep(time.Duration(wait))
		t.mu.Lock()
		t.waiting = false
	}
	return nil
}

// leave ends a worker; with the lock.
func (t *target) leave(w *worker) {
	delete(t.workers, w)
	if !t.closed && !t.stopped {
		return
	}
	t.idle = 0
	t.cond.Broadcast() // the others may go, too
	if len(t.workers) == 0 {
		t.end()
	}
}

// finish accounts for a request; with the lock.
func (t *target) finish(w *worker, it *item, res *result) {
	now := t.now()
	t.buf.release(it)
	t.counts.inFlight--
	if w.since < t.hungAt && t.hung > 0 {
		t.hung--
	}
	if t.bucket != nil && !res.begun {
		t.bucket.putBack()
	}
	switch {
	case res.unsupported != nil:
		t.counts.unsupported++
		if !t.examples[res.unsupported] {
			t.examples[res.unsupported] = true
			t.log.Warn("a request cannot be forwarded as it was captured; each reason is reported once",
				"reason", res.unsupported, "request", firstLine(it.raw))
		}
	case res.err != nil:
		t.counts.failed[res.kind]++
		if t.backoff.failed(now) {
			t.log.Warn("target failing", "err", res.err)
		}
	default:
		t.counts.answered++
		t.counts.status[res.status]++
		t.counts.latency.Add(time.Duration(now - w.since))
		t.answered = now
		if t.backoff.answered() {
			t.log.Info("target recovered")
			t.wake()
		}
	}
	w.since = 0
}

// firstLine is a request line fit for a log.
func firstLine(raw []byte) string {
	line, _ := cutLine(skipBlankLines(raw))
	return strings.ToValidUTF8(string(line[:min(len(line), 200)]), "?")
}

// tick looks after what no request triggers.
func (t *target) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.expire(now)
	t.detectHang(now)
	if now-t.renewed >= int64(t.cfg.ConnectionAge) {
		t.renewed = now
		t.dialer.forget()
		// what is in flight ends on its connection, which is closed then
		t.clients.Swap(t.newClients()).closeIdle()
	}
}

// detectHang notices that everything in flight hangs: then it no longer counts
// as in flight, and new requests go out as probes.
func (t *target) detectHang(now int64) {
	if t.counts.inFlight < t.maxWorkers() {
		return
	}
	last := t.answered
	for w := range t.workers {
		last = max(last, w.since)
	}
	if !t.backoff.failing && now-last >= int64(hangAfter) {
		t.backoff.trip(now)
		t.log.Warn("target failing", "err", "it answers nothing", "in_flight", t.counts.inFlight)
	}
	if t.backoff.failing {
		t.hungAt, t.hung = now, t.counts.inFlight
		t.wake()
	}
}

func (t *target) load() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return min(1, max(float64(t.buf.count)/float64(t.buf.maxCount), float64(t.buf.cost)/float64(t.buf.maxCost)))
}
