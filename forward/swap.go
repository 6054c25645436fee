package forward

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/forward/sessions"
	"gor/reassembly/http1"
)

// SessionStats are the accounts of requests with a session's cookie, where the target
// gets its own (Config.Sessions).
type SessionStats struct {
	SessionsSwapped uint64 `name:"sessions_swapped" unit:"requests" help:"Requests that went out with the target's own session cookies in place of production's (--own-sessions)."`
	SessionsUnknown uint64 `name:"sessions_unknown" unit:"requests" help:"Requests that went out with a session cookie of production's, since nobody knows one of the target's in its place: the login came before, or elsewhere, or the target refused it (--own-sessions)."`
}

func (s *SessionStats) subtract(before *SessionStats) {
	s.SessionsSwapped -= before.SessionsSwapped
	s.SessionsUnknown -= before.SessionsUnknown
}

// errAwaits says that a request is not sent yet.
var errAwaits = errors.New("the target has not answered the login yet")

// A swapper puts the target's own cookies into requests. It belongs to one worker.
type swapper struct {
	use  sessions.Use // what came of the last request's cookies
	room []byte       // for the fields that are changed; they are good until the next request
}

// swap changes r's Cookie fields. The error: r is to wait.
func (s *swapper) swap(t *target, r *request) error {
	s.use = sessions.Use{}
	if t.book == nil {
		return nil
	}
	s.room = s.room[:0]
	now := t.now()
	for i := range r.fields {
		if f := &r.fields[i]; f.Kind == http1.FieldCookie && len(f.Value) > 0 && !folded(f) {
			s.field(t.book, f, now)
		}
	}
	if s.use.Await != 0 {
		return errAwaits
	}
	return nil
}

// field changes one field, which is its own from then on if anything in it was changed.
func (s *swapper) field(book *sessions.Book, f *http1.Field, now int64) {
	colon := bytes.IndexByte(f.Line, ':') + 1
	from := colon + bytes.Index(f.Line[colon:], f.Value)
	start := len(s.room)
	s.room = append(s.room, f.Line[:from]...)
	value := len(s.room)
	s.room = book.Swap(s.room, f.Value, now, &s.use)
	end := len(s.room)
	s.room = append(s.room, f.Line[from+len(f.Value):]...)
	if s.use.Swapped {
		f.Line, f.Value = s.room[start:], s.room[value:end]
	}
}

// Swaps are what a target's own sessions have made of requests. The target's lock guards
// them.
type swaps struct{ SessionStats }

// count counts what went out, if anything did.
func (s *swaps) count(it *item, use *sessions.Use) {
	switch {
	case it.echo:
	case use.Unknown:
		s.SessionsUnknown++
	case use.Swapped:
		s.SessionsSwapped++
	}
}

// park puts back a request that waits for what a session is called at the target. It takes
// no worker meanwhile, and leaves its turn to the next.
func (s *swaps) park(w *worker, it *item, key uint64, now int64) {
	t := w.t
	if w.token != nil {
		w.token.next -= w.token.interval
		t.crew.waiter = nil
	}
	if t.book.Waits(key, now) {
		park(it.buf, it, key, now)
	} else {
		it.buf.putBack(it, now)
	}
}

// unpark lets out what waits no more; with the lock.
func (s *swaps) unpark(t *target, now int64) {
	if !t.queues.parks() {
		return
	}
	over := func(key uint64) bool { return !t.book.Waits(key, now) }
	unpark(t.queues.live, over, now)
	unpark(t.queues.patient, over, now)
	t.crew.callFor(t, 0)
}

// parks reports whether requests wait for sessions.
func (q *queues) parks() bool { return q.live.parked.first() != nil || q.patient.parked.first() != nil }

// park is putBack for a request that is not to have its turn until unpark says so.
func park(b *buffer, it *item, key uint64, now int64) {
	it.awaits = key
	b.parked.pushBack(&it.lane.parked, it.lane)
	b.putBack(it, now)
}

// unpark lets the requests have their turn of which it is over what they waited for.
func unpark(b *buffer, over func(key uint64) bool, now int64) {
	b.now = max(b.now, now)
	for l := b.parked.first(); l != nil; {
		next := l.parked.successor()
		if over(l.items.first().awaits) {
			l.parked.remove()
			b.offer(l)
		}
		l = next
	}
}

// OwnSessions reports whether target i gets its own sessions.
func (f *Forwarder) OwnSessions(i int) bool { return f.targets[i].book != nil }

// SessionsGiven says which cookies production's answer to a request sets, before
// SessionsMet.
func (f *Forwarder) SessionsGiven(grants []sessions.Grant) {
	for _, t := range f.targets {
		if t.book != nil {
			t.book.Given(grants)
		}
	}
}

// SessionsMet says what target i and production answered to one request, and lets out
// what waited for that. It is not to be called with a target's lock.
func (f *Forwarder) SessionsMet(i int, m *sessions.Meeting) {
	t := f.targets[i]
	t.book.Meet(m)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.swaps.unpark(t, t.now())
}

// sessionsOf reads whether a target gets its own sessions, and what those are known by.
func sessionsOf(v values) (cfg sessions.Config, err error) {
	cfg.On = v.Bool("own-sessions")
	names := v.String("session-cookies")
	if names == "" {
		return cfg, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		if name = strings.TrimSpace(name); !http1.IsToken([]byte(name)) {
			return cfg, usageError("--session-cookies %q: %q is not a cookie's name", names, name)
		}
		cfg.Names = append(cfg.Names, name)
	}
	return cfg, nil
}

// checkSessions refuses names of cookies that nothing would be done with.
func checkSessions(c *cli.Context, cfg *Config) error {
	on := cfg.Sessions.On
	for i := range cfg.Targets {
		spec := &cfg.Targets[i]
		if spec.Own == nil {
			continue
		}
		on = on || spec.Own.Sessions.On
		if !spec.Own.Sessions.On && slices.ContainsFunc(spec.Options, func(o Option) bool { return o.Name == "session-cookies" }) {
			return usageError("target %q: session-cookies says what own-sessions is about: give both", spec.URL)
		}
	}
	if c.IsSet("session-cookies") && !on {
		return usageError("--session-cookies says what --own-sessions is about: give both")
	}
	return nil
}

// OwnSessions reports whether a target of cfg gets its own sessions.
func (s *TargetSpec) OwnSessions(cfg *Config) bool {
	if s.Own != nil {
		return s.Own.Sessions.On
	}
	return cfg.Sessions.On
}
