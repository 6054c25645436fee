package playback

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"gor/forward"
	"gor/forward/pace"
)

// errStopped ends the reading when nothing is played any more.
var errStopped = errors.New("the run has ended")

// maxLead is how long after the first request was read time begins at the latest: until
// then as much is read ahead as may be, so that reading does not make the first ones late.
const maxLead = 100 * time.Millisecond

// A Player plays a recording.
type Player struct {
	cfg      PlayerConfig
	schedule *pace.Schedule
	ahead    *readAhead
	read     atomic.Uint64 // requests, of all loops
	loop     atomic.Int64  // of those, the one that is being read, from 0 on
	whole    bool          // all there is was read, as often as wanted, and played
}

// PlayerConfig says what is played, how, and to whom.
type PlayerConfig struct {
	// Read reads the recording from its beginning and calls take with each request,
	// which is take's from then on, until that says no or ctx ends.
	Read func(ctx context.Context, take func(forward.Request) error) error

	// Submit takes a request that is due, waiting if need be: Forwarder.SubmitWait.
	Submit func(context.Context, *forward.Request) error

	Pace  pace.Pace
	Loops int // how often the recording is played; 0: once

	// Nap waits for a few milliseconds, more exactly than a timer; nil: timers are exact.
	Nap func(time.Duration)
}

// NewPlayer makes a Player; nothing is read before Run.
func NewPlayer(cfg PlayerConfig) (*Player, error) {
	schedule, err := pace.New(cfg.Pace)
	if err != nil {
		return nil, err
	}
	return &Player{cfg: cfg, schedule: schedule, ahead: newReadAhead()}, nil
}

// Run plays the recording until it ends or ctx does, neither of which is an error. What
// could be read of a recording that could not be read to its end is played. Time
// begins soon after the first request was read (maxLead), which begin is told, if there is one.
func (p *Player) Run(ctx context.Context, begin func(start time.Time)) error {
	ctx, stop := context.WithCancel(ctx)
	defer p.ahead.stopWith(ctx)()
	var reading sync.WaitGroup
	var readErr error
	reading.Go(func() { readErr = p.readAll(ctx) })
	played, err := p.play(ctx, begin)
	stop()
	reading.Wait()
	p.whole = p.whole && played
	return errors.Join(err, readErr)
}

// Whole reports whether all there is was read and played, once Run has returned.
func (p *Player) Whole() bool { return p.whole }

// Read is how many requests were read so far, of all loops. Any goroutine may call it.
func (p *Player) Read() uint64 { return p.read.Load() }

// Loop is how many loops were read to their end so far. Any goroutine may call it.
func (p *Player) Loop() int { return int(p.loop.Load()) }

// readAll reads the recording as often as it is to be played.
func (p *Player) readAll(ctx context.Context) error {
	defer p.ahead.close()
	for loop := range max(p.cfg.Loops, 1) {
		if loop > 0 {
			p.schedule.NextLoop()
			p.loop.Store(int64(loop))
		}
		err := p.cfg.Read(ctx, p.take)
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
	p.whole = true
	return nil
}

// take finds out when a request is due, and keeps it until then.
func (p *Player) take(r forward.Request) error {
	p.read.Add(1)
	due, timed := p.schedule.Next(r.Time)
	r.Loop = p.Loop()
	if !p.ahead.put(&entry{request: r, due: due, timed: timed}) {
		return errStopped
	}
	return nil
}

// play submits what was read, each request at its time, and reports whether it came to
// the end.
func (p *Player) play(ctx context.Context, begin func(start time.Time)) (whole bool, err error) {
	d := dispatcher{player: p, sleeper: newSleeper(p.cfg.Nap)}
	for batch := p.ahead.take(nil); batch != nil; batch = p.ahead.take(batch) {
		if d.start.IsZero() {
			if p.cfg.Pace.HasTimes() {
				p.ahead.fill(maxLead)
			}
			d.start = time.Now()
			begin(d.start)
		}
		for i := range batch {
			if err := d.dispatch(ctx, &batch[i]); err != nil {
				if ctx.Err() != nil {
					return false, nil
				}
				return false, err
			}
		}
	}
	return ctx.Err() == nil, nil
}

// A dispatcher waits for the time of each request, one after the other.
type dispatcher struct {
	player  *Player
	start   time.Time
	sleeper *sleeper
	free    time.Duration // since start: until then a target had no room for the request before
}

// dispatch submits a request when it is due.
func (d *dispatcher) dispatch(ctx context.Context, e *entry) error {
	r := &e.request
	if e.timed {
		if err := d.sleeper.until(ctx, d.start, e.due); err != nil {
			return err
		}
		r.Due, r.Held = d.start.Add(e.due), max(d.free-e.due, 0)
	}
	held := r.Held
	err := d.player.cfg.Submit(ctx, r)
	if r.Held > held {
		d.free = time.Since(d.start)
	}
	return err
}
