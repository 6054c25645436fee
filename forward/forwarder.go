package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"gor/forward/sessions"
	"gor/reassembly/http1"
)

// The defaults of Config.
const (
	DefaultConcurrency    = 128
	DefaultBuffer         = 131072 // so that the bytes are the bound: several seconds at 20,000 per second
	DefaultBufferBytes    = 64 << 20
	DefaultMaxWait        = 30 * time.Second
	DefaultConnectTimeout = 5 * time.Second
	DefaultAnswerTimeout  = 15 * time.Second
	DefaultTimeout        = 60 * time.Second
	DefaultConnectionAge  = time.Minute
	DefaultDrainBytes     = 1 << 20
	DefaultMark           = "Gor-Replayed"
)

// Config says where requests go and within which bounds. Zero values mean the
// defaults above.
type Config struct {
	// ---- what is sent, and where to

	// Targets are the places that every request goes to; there is one at least.
	Targets []TargetSpec
	// OriginalHost sends the captured Host instead of the target's. Nothing else
	// follows it: the TLS server name and the certificate are the target's.
	OriginalHost bool
	// Mark is the name of the header that marks replayed requests.
	Mark string
	// Filter says which requests are sent; nil: all.
	Filter *Filter
	// Rewrite says what is changed in them; nil: nothing.
	Rewrite *Rewrite
	// TLS is for https targets.
	TLS TLSConfig
	// Sessions says whether requests get the target's own session cookies.
	Sessions sessions.Config

	// ---- bounds, for each target

	// Concurrency is how many requests may be in flight. Those that hang (see the
	// package's documentation) are not counted, up to three times as many.
	Concurrency int
	// Buffer is how many requests may wait.
	Buffer int
	// BufferBytes bounds the bytes of the requests that wait or are in flight,
	// with 640 more for each.
	BufferBytes int64
	// MaxWait is how long a request may wait.
	MaxWait time.Duration
	// ConnectTimeout is for the name's look-up, the connection and the TLS
	// handshake together.
	ConnectTimeout time.Duration
	// AnswerTimeout is from the request's last byte to the response's head.
	AnswerTimeout time.Duration
	// Timeout is for the whole exchange, the response's body included.
	Timeout time.Duration
	// ConnectionAge is how often connections are replaced, and names looked up
	// again.
	ConnectionAge time.Duration
	// DrainBytes is how much of a response's body is read. The connection of a
	// longer one is closed.
	DrainBytes int64

	// ---- what is said of it

	// Outcome is told what became of each request that was started; nil: nobody is.
	// It is called from many goroutines, some of which hold up a target meanwhile:
	// it returns soon, and calls nothing of the Forwarder. What it is given is lent.
	Outcome func(*Outcome)
	// Compare says which responses are kept, and who is told of them.
	Compare Comparing

	// Logger gets changes of state only; nil: nothing is logged.
	Logger *slog.Logger
}

func (c *Config) check() error {
	if len(c.Targets) == 0 {
		return errors.New("there is no target: give a URL such as http://staging:8080")
	}
	setDefault(&c.Mark, DefaultMark)
	if !http1.IsToken([]byte(c.Mark)) {
		return fmt.Errorf("mark %q: not a header name", c.Mark)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c.checkBounds()
}

// checkBounds checks what a target may have of its own.
func (c *Config) checkBounds() error {
	setDefault(&c.Concurrency, DefaultConcurrency)
	setDefault(&c.Buffer, DefaultBuffer)
	setDefault(&c.BufferBytes, DefaultBufferBytes)
	setDefault(&c.MaxWait, DefaultMaxWait)
	setDefault(&c.ConnectTimeout, DefaultConnectTimeout)
	setDefault(&c.AnswerTimeout, DefaultAnswerTimeout)
	setDefault(&c.Timeout, DefaultTimeout)
	setDefault(&c.ConnectionAge, DefaultConnectionAge)
	setDefault(&c.DrainBytes, DefaultDrainBytes)
	setDefault(&c.Compare.KeepBody, DefaultKeepBody)
	for _, v := range []struct {
		name string
		bad  bool
	}{
		{"concurrency", c.Concurrency < 1}, {"buffer", c.Buffer < 1}, {"buffer size", c.BufferBytes < 1},
		{"longest wait", c.MaxWait < 0}, {"connect timeout", c.ConnectTimeout < 0}, {"answer timeout", c.AnswerTimeout < 0},
		{"timeout", c.Timeout < 0}, {"connection age", c.ConnectionAge < 0}, {"drain bound", c.DrainBytes < 0},
		{"kept body", c.Compare.KeepBody < 0},
	} {
		if v.bad {
			return fmt.Errorf("the %s must be above zero", v.name)
		}
	}
	return nil
}

// of is the Config of one target: its own, if it has one, with what is the same for
// all of them.
func (c *Config) of(spec TargetSpec) (*Config, error) {
	if spec.Own == nil {
		return c, nil
	}
	own := *spec.Own
	own.Targets, own.Mark, own.Filter, own.Compare, own.Outcome, own.Logger = c.Targets, c.Mark, c.Filter, c.Compare, c.Outcome, c.Logger
	return &own, own.checkBounds()
}

func setDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// A Request is a captured request.
type Request struct {
	Conn  uint64 // identifies the client connection; well mixed
	User  uint64 // identifies the user, on whichever connections; 0: the connection is the user
	Crowd bool   // the user is one of many people: each connection has an order of its own
	Index uint64 // number of the request on its connection
	Loop  int    // of a recording that is played again and again: how often it was before
	Time  int64  // when it was captured, in ns since the Unix epoch
	Raw   []byte // its exact bytes, lent for Submit
	// Patient says that its source waits for it: it is never dropped for want of
	// room, and waits for as long as its target can be reached. See Room.
	Patient bool
	// Due is when it is to start, and Held for how much of the time since then its
	// source could not submit it, for want of room; zero: it may start when it can.
	// Nothing waits until then here. Both are for the Outcome.
	Due  time.Time
	Held time.Duration
	// Client is who sent it when it was captured, and Server where it was going, so
	// that a target that is that server is found out; the zero value: it is not known.
	Client, Server netip.AddrPort
	// Compare keeps the response for Config.Compare.Take: there is something that it
	// will be compared with.
	Compare bool
}

// user is whose request it is.
func (r *Request) user() uint64 {
	if r.User == 0 {
		return r.Conn
	}
	return r.User
}

// A Forwarder sends requests to targets. Any number of goroutines may use it.
type Forwarder struct {
	cfg     Config
	targets []*target
	denied  Filter // what is denied since it runs
	start   time.Time
}

// New checks cfg and makes a Forwarder; nothing is sent before Run.
func New(cfg Config) (*Forwarder, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	f := &Forwarder{cfg: cfg, start: time.Now()}
	names := make(map[string]int)
	for _, spec := range cfg.Targets {
		name := spec.URL
		if names[name]++; names[name] > 1 {
			name += "#" + strconv.Itoa(names[name]) // the same once more
		}
		t, err := newTarget(&f.cfg, spec, name, f.start)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", spec.URL, err)
		}
		t.index = len(f.targets)
		f.targets = append(f.targets, t)
	}
	return f, nil
}

// Submit offers r to every target, copies what they keep, and never blocks.
// What becomes of it is counted per target.
func (f *Forwarder) Submit(r *Request) {
	f.cfg.Compare.note(r)
	allowed := f.denied.Allow(r.Raw) && f.cfg.Filter.Allow(r.Raw)
	for _, t := range f.targets {
		t.submit(r, allowed && t.filter.Allow(r.Raw))
	}
}

// Run sends what is submitted until Close was called and all has its fate, or
// until ctx ends, which breaks off what is in flight and drops what waits: both
// are counted as stopped. It returns when every goroutine has ended. It may be
// called once.
func (f *Forwarder) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, t := range f.targets {
		wg.Go(func() { t.run(ctx) })
	}
	wg.Wait()
	return nil
}

// Close says that no more requests come; those submitted later are counted as
// stopped. It is idempotent.
func (f *Forwarder) Close() {
	for _, t := range f.targets {
		t.close()
	}
}

// Began is when the Forwarder was made, which Outcomes count from.
func (f *Forwarder) Began() time.Time { return f.start }

// Describe says for people where requests go and how many of them.
func (f *Forwarder) Describe() string {
	targets := make([]string, len(f.cfg.Targets))
	for i := range targets {
		targets[i] = f.cfg.Targets[i].Describe()
	}
	return strings.Join(targets, ", ")
}

// Stats are the accounts of every target since New, in the order of
// Config.Targets.
func (f *Forwarder) Stats() []TargetStats {
	list := make([]TargetStats, len(f.targets))
	for i, t := range f.targets {
		t.stats(&list[i])
	}
	return list
}

// Load is how full the buffers are, 0 to 1: that of the target that keeps up
// best, since a slow or dead target must not hold up the others. Targets with
// a limit |N, or that are paused, are left out: to drop is what those are for.
func (f *Forwarder) Load() float64 {
	load, any := 1.0, false
	for _, t := range f.targets {
		if full, slow := t.load(); slow {
			load, any = min(load, full), true
		}
	}
	if !any {
		return 0
	}
	return load
}
