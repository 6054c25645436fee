package compare

import (
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"gor/forward/compare/diff"
	"gor/forward/routes"
)

// A judge keeps what is known of one target.
type judge struct {
	cfg    *Config
	target int
	desk   *desk
	hosts  hosts

	mu       sync.Mutex
	now      time.Duration
	begun    uint64
	joined   uint64 // how often routes have become one
	routes   *routes.Table[account]
	examples budget
	repeats  repeats
	echoes   echoes
	sessions sessions
}

func newJudge(cfg *Config, target int, desk *desk) *judge {
	j := &judge{cfg: cfg, target: target, desk: desk}
	j.hosts.init(cfg, target)
	seed := maphash.MakeSeed()
	share := cfg.Memory / 8 / int64(len(cfg.Targets)) // halves have half of it
	j.routes = routes.New(cfg.Routes, func(into, from *account) {
		j.joined++
		mergeAccounts(into, from)
	})
	j.examples = budget{limit: share, target: address(cfg.Targets[target]), sent: cfg.Sent}
	j.repeats.init(share, seed)
	j.sessions = newSessions(seed, target < len(cfg.Own) && cfg.Own[target])
	if cfg.Echo != nil {
		j.echoes.share, j.echoes.limit = cfg.EchoShare, share
	}
	return j
}

// begin takes down that a target has done with a request.
func (j *judge) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
}

// wrote takes down that a user asked for a change.
func (j *judge) wrote(user uint64, at int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.repeats.writes.note(user, at)
}

// count takes down the fate of an exchange that cannot be compared.
func (j *judge) count(x *Exchange, f fate) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.repeats.writes.add(x)
	j.routes.At(x.Method, x.Path).fates[f]++
}

// meet compares the two halves of an exchange, which stay as they are.
func (j *judge) meet(lent *Exchange, original *diff.Answer) {
	x, was, is := *lent, *original, *lent.Answer
	x.Answer, x.section = &is, fieldSection(x.Raw)
	was.Names = j.hosts.of(x.section)
	is.Names = was.Names
	if was.Took == 0 && was.At > x.Time && x.Time > 0 {
		was.Took = time.Duration(was.At - x.Time)
	}
	if string(x.Method) == "HEAD" { // what its answer says of a body is of another request's
		was.State, was.BodyLen, is.State, is.BodyLen = diff.NotCaptured, 0, diff.NotCaptured, 0
	}
	j.decide(&x, &was)
}

// decide finds the class of an exchange, and where its answers differ.
func (j *judge) decide(x *Exchange, then *diff.Answer) {
	if isLoggedOut(x, then, x.Answer) {
		j.loggedOut(x, then)
		return
	}
	if s, t := then.Status, x.Answer.Status; s != t && (s == http.StatusNotModified && t == http.StatusOK || t == http.StatusNotModified && s == http.StatusOK) {
		j.notModified(x)
		return
	}
	var before, long *earlier
	j.desk.compare(then, x.Answer, func(f *findings) { before, long = j.take(x, then, f) })
	if before != nil {
		j.desk.compare(before.then, then, func(f *findings) { j.repeat(x, f, production) })
		j.desk.compare(before.now, x.Answer, func(f *findings) { j.repeat(x, f, target) })
	}
	if long != nil {
		j.desk.compare(long.then, then, func(f *findings) { j.drift(x, f) })
	}
}

func (j *judge) loggedOut(x *Exchange, then *diff.Answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.repeats.writes.add(x)
	a := j.routes.At(x.Method, x.Path)
	a.fates[compared]++
	a.notLoggedIn++
	j.sessions.loggedOut(x, then, &j.examples)
}

func (j *judge) notModified(x *Exchange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	a := j.routes.At(x.Method, x.Path)
	a.fates[compared]++
	a.notModified++
}

// take takes down where the two answers of an exchange differ. It returns the earlier
// exchanges that it repeats, soon and after a while, if there are any.
func (j *judge) take(x *Exchange, then *diff.Answer, f *findings) (before, long *earlier) {
	j.mu.Lock()
	defer j.mu.Unlock()
	a := j.routes.At(x.Method, x.Path)
	worth := a.wantsRepeats()
	if !isSafe(x.Method) {
		f.forgiveIDs()
	}
	a.fates[compared]++
	if f.differs() && j.sessions.isRefused(x.section) {
		a.notLoggedIn++
		j.sessions.loggedOut(x, then, &j.examples)
		j.repeats.writes.add(x)
		return nil, nil
	}
	if where := a.add(f, x.Time, j.sessions.foreignIn(x.section)); where != 0 {
		j.examples.keep(a, x, then.Status, f, where)
	}
	if then.Took > 0 && x.Answer.Took > 0 && then.Status == x.Answer.Status {
		a.time(then.Took, x.Answer.Took, x.Time)
	}
	j.sessions.remember(x, then)
	j.repeats.writes.add(x)
	if j.echoes.wants(x, worth) {
		j.echoes.wish(x, j.repeats.writes.turn, j.now)
	}
	if !isSafe(x.Method) || x.Time == 0 {
		return nil, nil
	}
	id := j.repeats.identity(x)
	if long = j.repeats.later(id, x); a.marks(x.Time) {
		j.repeats.mark(id, x, then)
	}
	return j.repeats.find(id, x, then, a.keeping(worth)), long
}

// repeat takes down where two answers of one server to the same request differ.
func (j *judge) repeat(x *Exchange, f *findings, whose side) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.routes.At(x.Method, x.Path).repeat(f, whose)
}

// drift takes down where production answers the same request in another way after a while.
func (j *judge) drift(x *Exchange, f *findings) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.routes.At(x.Method, x.Path).drift(f)
}

// echo takes what the target answered to a request the second time.
func (j *judge) echo(x *Exchange) {
	if first := j.echoed(x); first != nil {
		j.desk.compare(first, x.Answer, func(f *findings) { j.repeat(x, f, target) })
	}
}

func (j *judge) echoed(x *Exchange) *diff.Answer {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.echoes.answered(x, &j.repeats.writes)
}

// advance returns the requests that the target is to be asked once more.
func (j *judge) advance(now time.Duration) []*Exchange {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.now = max(j.now, now)
	return j.echoes.due(j.now)
}

func (j *judge) openEchoes() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.echoes.open()
}
