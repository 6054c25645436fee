package referee

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gor/forward"
	"gor/forward/compare"
)

const (
	// every is how often time passes for the Engine, and echoes are asked for: soon, as
	// the less happens between a request and its echo the more that says.
	every = 100 * time.Millisecond

	// spare is how much longer than the longest way of a request one half of an
	// exchange waits for the other.
	spare = 30 * time.Second

	// settling is how long echoes are waited for at the end of a recording: an echo goes
	// out a second after its request, and a short recording would have none else.
	settling = 3 * time.Second

	// patience is how long it waits where the source of the requests waits, too: as
	// good as for ever, since memory is bounded.
	patience = time.Hour
)

// A Referee compares what the targets of a Forwarder respond. A nil one compares nothing.
type Referee struct {
	options  Options
	log      *slog.Logger
	engine   *compare.Engine
	fwd      *forward.Forwarder // from Start on
	targets  int
	patient  bool        // the source of the requests waits: it is a recording
	sessions bool        // targets are sent sessions of their own
	learning learning    // of those
	came     atomic.Bool // something to compare
	broken   atomic.Bool // the Engine has failed

	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New makes a Referee of the options and tells the Forwarder's Config what to keep; nil:
// nothing is to be compared. patient: the requests come from a source that waits.
func New(o Options, cfg *forward.Config, patient bool) (*Referee, error) {
	if err := o.checkSessions(cfg); err != nil || o.Off {
		return nil, err
	}
	r := &Referee{options: o, log: cfg.Logger, targets: len(cfg.Targets), patient: patient}
	judged := compare.Config{
		Baseline: o.Baseline, Memory: o.Memory, Wait: cfg.MaxWait + cfg.Timeout + spare, Ignore: o.Ignore, EchoShare: o.Echo, Echo: r.echo, Sent: r.sent,
	}
	if patient {
		judged.Wait = patience
	}
	for i := range cfg.Targets {
		judged.Targets = append(judged.Targets, cfg.Targets[i].URL)
		if own := cfg.Targets[i].Own; own != nil {
			judged.Wait = max(judged.Wait, own.MaxWait+own.Timeout+spare)
		}
		judged.Own = append(judged.Own, cfg.Targets[i].OwnSessions(cfg))
		judged.Sampled = judged.Sampled || cfg.Targets[i].Percent > 0 && cfg.Targets[i].Percent < 100
	}
	if slices.Contains(judged.Own, true) {
		r.sessions, judged.Met = true, r.met
	}
	var err error
	if r.engine, err = compare.New(judged); err != nil {
		return nil, fmt.Errorf("comparing: %w", err)
	}
	cfg.Compare = forward.Comparing{Take: r.take, Wrote: r.wrote, All: o.Baseline >= 0}
	r.sayShares(cfg.Targets)
	return r, nil
}

// sayShares says it where targets that are held against each other get different
// requests.
func (r *Referee) sayShares(targets []forward.TargetSpec) {
	if r.options.Baseline < 0 {
		return
	}
	base := &targets[r.options.Baseline]
	for i := range targets {
		t := &targets[i]
		if t.Percent != base.Percent || t.Share != base.Share {
			r.log.Warn("targets with different shares are compared: only what both get can be", "target", t.String(), "compared_to", base.String())
		} else if t.Rate != 0 {
			r.log.Warn("targets with limits are compared: each drops requests of its own, and only what both get can be", "target", t.String())
		}
	}
}

// Start begins to compare what f sends. Close ends that.
func (r *Referee) Start(f *forward.Forwarder) {
	if r == nil {
		return
	}
	r.fwd = f
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	r.wg.Go(func() { r.run(ctx) })
}

// Flush asks for the echoes that are still wanted, before the Forwarder takes no more.
func (r *Referee) Flush() {
	if r != nil && r.came.Load() {
		r.safely(func() { r.engine.Advance(time.Since(r.fwd.Began())) })
	}
}

// Settle waits until all that was submitted has come to its end, and then for the echoes
// that are still wanted, before the Forwarder takes no more: until ctx ends or for three
// seconds. It returns how long echoes took.
func (r *Referee) Settle(ctx context.Context) time.Duration {
	if r == nil || !r.came.Load() && !r.patient {
		return 0
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	began := time.Now()
	for ctx.Err() == nil && time.Since(began) < settling {
		open, underWay := 0, r.underWay()
		if r.safely(func() { open = r.engine.Echoes() }); underWay == 0 && open == 0 {
			break
		}
		if underWay > 0 && open == 0 {
			began = time.Now()
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
			r.Flush()
		}
	}
	return time.Since(began)
}

// underWay is how many requests wait for a target, or for its response.
func (r *Referee) underWay() (n int) {
	for _, s := range r.fwd.Stats() {
		n += s.Queue + s.InFlight
	}
	return n
}

// Close says that nothing more comes: what waits for its other half waits in vain.
func (r *Referee) Close() {
	if r == nil || r.stop == nil {
		return
	}
	r.stop()
	r.wg.Wait()
	r.watchLearning(time.Now(), true)
	r.safely(r.engine.Close)
}

// run lets time pass for the Engine.
func (r *Referee) run(ctx context.Context) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.Flush()
			r.watchLearning(time.Now(), false)
		}
	}
}

// safely calls the Engine, unless it has failed before, and is none the worse if it
// fails now.
func (r *Referee) safely(call func()) {
	if r.broken.Load() {
		return
	}
	defer r.guard()
	call()
}

// guard is for whoever calls the Engine to defer.
func (r *Referee) guard() {
	if p := recover(); p != nil && !r.broken.Swap(true) {
		r.log.Error("a fault of this program: responses are not compared any more; requests go on", "panic", p, "stack", string(debug.Stack()))
	}
}

// Wants reports whether an original that production has for r would be of use. Of r only
// Conn, Index, User and Crowd have to be known. Start was called.
func (r *Referee) Wants(q *forward.Request) bool {
	return r.AsksProduction() && !r.broken.Load() && r.fwd.Samples(q)
}

// Baseline is the index of the target that the others are held against; -1: there is none.
func (r *Referee) Baseline() int {
	if r == nil {
		return -1
	}
	return r.options.Baseline
}

// AsksProduction reports whether the originals are production's answers.
func (r *Referee) AsksProduction() bool { return r != nil && r.options.Baseline < 0 }

// Report says what came of it; nil: nothing was compared.
func (r *Referee) Report() (report *compare.Report) {
	if r != nil && r.came.Load() {
		r.safely(func() { report = r.engine.Report() })
	}
	return report
}

// Fates are what became of the exchanges, by target; nil: nothing was compared.
func (r *Referee) Fates() (fates []compare.Fates) {
	if r == nil || !r.came.Load() {
		return nil
	}
	r.safely(func() {
		all := make([]compare.Fates, r.targets)
		for i := range all {
			all[i] = r.engine.Fates(i)
		}
		fates = all
	})
	return fates
}
