package compare

import (
	"cmp"
	"errors"
	"net/netip"
	"time"

	"gor/forward/compare/diff"
)

const (
	defaultMemory = 64 << 20
	defaultWait   = time.Minute
	defaultRoutes = 500
)

// A Key says which request an answer is to.
type Key struct{ Conn, Index uint64 }

// An Exchange is one request and what one target answered. Its slices, and the
// answer's, are lent for the call.
type Exchange struct {
	Key    Key
	Target int    // index in Config.Targets
	User   uint64 // whose request it is
	Method []byte
	Path   []byte       // the request's target, query and all
	Raw    []byte       // the request as it was captured, for the line that repeats it
	Time   int64        // when the request was recorded, in nanoseconds since 1970
	Answer *diff.Answer // nil: there was none

	section []byte // the header fields in Raw, while it is compared

	// Crowd, Client and Server are whoever sends an echo's to know: as the request was submitted.
	Crowd          bool
	Client, Server netip.AddrPort
}

// A Config says what is compared with what. Zero values are defaults.
type Config struct {
	Targets  []string      // their URLs
	Baseline int           // the target whose answers are the originals; -1: production's are
	Memory   int64         // bytes for all that waits, examples and pairs; 64 MiB
	Wait     time.Duration // how long one half waits for the other; a minute
	Routes   int           // routes of a target at most; 500
	Ignore   []Rule        // what is not compared
	Sampled  bool          // the targets get a share of the users, so that their data drift from production's
	Own      []bool        // by target: it is sent sessions of its own; nil: none is

	// Met is told of each exchange of which both answers are there, before it is judged,
	// and from any goroutine; nil: nobody is. What it is given is lent for the call.
	Met func(x *Exchange, original *diff.Answer)

	// Sent is the head of a request as its target got it, for the line that repeats it; nil: as it was captured. What it
	// is given is lent for the call. It is called with a lock.
	Sent func(*Exchange) []byte

	// EchoShare is which share of the compared exchanges of safe methods may be sent
	// once more, 0 to 1. Echo is asked to do it; what it is given is lent for the call. It is called
	// in Advance, without a lock.
	EchoShare float64
	Echo      func(*Exchange)
}

// An Engine judges. Its methods may be called from any goroutine.
type Engine struct {
	cfg    Config
	halves halves
	judges []*judge // by target; nil: the baseline
}

var (
	errNoTargets = errors.New("nothing to compare")
	errBaseline  = errors.New("a target to compare the others with has to be one of several")
)

// New makes an Engine.
func New(cfg Config) (*Engine, error) {
	if len(cfg.Targets) == 0 {
		return nil, errNoTargets
	}
	if cfg.Baseline >= len(cfg.Targets) || cfg.Baseline >= 0 && len(cfg.Targets) == 1 {
		return nil, errBaseline
	}
	cfg.Memory = cmp.Or(cfg.Memory, defaultMemory)
	cfg.Wait = cmp.Or(cfg.Wait, defaultWait)
	cfg.Routes = cmp.Or(cfg.Routes, defaultRoutes)
	e := &Engine{cfg: cfg, judges: make([]*judge, len(cfg.Targets))}
	most, desk := 0, newDesk(cfg.Memory)
	for i := range cfg.Targets {
		if i != cfg.Baseline {
			e.judges[i] = newJudge(&e.cfg, i, desk)
			most++
		}
	}
	e.halves.init(cfg.Memory/2, cfg.Wait, most, func(x *Exchange, f fate) { e.judges[x.Target].count(x, f) })
	return e, nil
}

// Original takes what production answered to a request; nil: that could not be had.
func (e *Engine) Original(k Key, a *diff.Answer) {
	for _, x := range e.halves.original(k, a) {
		e.judge(x, a)
	}
}

// Response takes what became of a request at a target.
func (e *Engine) Response(x *Exchange) {
	if x.Target == e.cfg.Baseline {
		e.Original(x.Key, x.Answer)
		return
	}
	e.judges[x.Target].begin()
	original, is := e.halves.response(x)
	switch {
	case x.Answer == nil:
		e.judges[x.Target].count(x, noResponse)
	case is == compared:
		e.judge(x, original)
	case is == expired:
		e.judges[x.Target].count(x, expired)
	}
}

// Wrote says that a user asked for a change, by a request of a time (Exchange.Time), whether that is compared or not. It is
// to be told as soon as that is known: what differs between two answers to that user, one before and one after, may come of it
// and is no noise. Changes that are compared the Engine sees itself, when their answers are there, which may be late.
func (e *Engine) Wrote(user uint64, at int64) {
	for _, j := range e.judges {
		if j != nil {
			j.wrote(user, at)
		}
	}
}

// judge takes down what came of an exchange of which both halves are known.
func (e *Engine) judge(x *Exchange, original *diff.Answer) {
	if original == nil {
		e.judges[x.Target].count(x, noOriginal)
		return
	}
	if e.cfg.Met != nil {
		e.cfg.Met(x, original)
	}
	e.judges[x.Target].meet(x, original)
}

// Echo takes what a target answered when a request was sent to it once more.
func (e *Engine) Echo(x *Exchange) {
	if j := e.judges[x.Target]; j != nil {
		j.echo(x)
	}
}

// Advance says how much time has passed since any moment that stays the same: what
// has waited too long goes, and echoes are asked for. It is to be called about every second.
func (e *Engine) Advance(now time.Duration) {
	e.halves.advance(now)
	for _, j := range e.judges {
		if j == nil {
			continue
		}
		for _, x := range j.advance(now) {
			e.cfg.Echo(x)
		}
	}
}

// Echoes is how many echoes are yet to be asked for, or to be answered.
func (e *Engine) Echoes() (open int) {
	for _, j := range e.judges {
		if j != nil {
			open += j.openEchoes()
		}
	}
	return open
}

// Close says that nothing more comes.
func (e *Engine) Close() { e.halves.close() }

// Fates is what became of the exchanges at a target, as far as it is known now. It is
// cheaper than a Report.
func (e *Engine) Fates(target int) Fates {
	if j := e.judges[target]; j != nil {
		return j.fates()
	}
	return Fates{}
}

// Report says what is known now.
func (e *Engine) Report() *Report {
	r := &Report{Original: "production", Targets: []TargetReport{}}
	if e.cfg.Baseline >= 0 {
		r.Original = e.cfg.Targets[e.cfg.Baseline]
	}
	if e.cfg.Sampled {
		r.Drift = drift
	}
	for _, j := range e.judges {
		if j != nil {
			r.Targets = append(r.Targets, j.report())
		}
	}
	return r
}

const drift = "The targets get a share of the users, production all of them: their data drift apart. What differs in values, and in what lists hold, may be of that kind."
