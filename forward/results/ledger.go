package results

import (
	"slices"
	"strings"
	"sync"
	"time"

	"gor/forward"
	"gor/forward/hist"
	"gor/forward/routes"
)

// A Ledger takes down what comes of each request. Any number of goroutines may use
// it. Its memory does not grow with the number of requests.
type Ledger struct {
	start   time.Duration // when the run began, on the Outcomes' clock
	targets []*account
}

// An account is one target's part of a Ledger.
type account struct {
	mu       sync.Mutex
	total    Tally
	late     Lateness
	timeline Timeline
	routes   *routes.Table[Tally]
}

// Lateness is by how much requests started after they were due, by what they waited
// for: of each request all three are counted, mostly as 0.
type Lateness struct {
	Target, Limit, Own hist.Histogram
}

// NewLedger makes a Ledger for a number of targets.
func NewLedger(targets int) *Ledger {
	l := &Ledger{}
	for range targets {
		l.targets = append(l.targets, &account{
			routes: routes.New(routes.DefaultMax, func(into, from *Tally) { into.merge(from) }),
		})
	}
	return l
}

// Begin says when the run begins, on the clock of the Outcomes, before any is taken.
func (l *Ledger) Begin(start time.Duration) { l.start = start }

// Take takes down one request.
func (l *Ledger) Take(o *forward.Outcome) {
	a := l.targets[o.Target]
	a.mu.Lock()
	defer a.mu.Unlock()
	a.total.add(o)
	a.late.Target.Add(o.Late.Target)
	a.late.Limit.Add(o.Late.Limit)
	a.late.Own.Add(o.Late.Own)
	a.timeline.add(o, l.start)
	a.routes.At(o.Method, o.Path).add(o)
}

// Sum is what all targets together came to so far: for a line that shows how a run
// goes.
func (l *Ledger) Sum() (Tally, Lateness) {
	var sum Tally
	var late Lateness
	for _, a := range l.targets {
		a.mu.Lock()
		sum.merge(&a.total)
		late.Target.Merge(&a.late.Target)
		late.Limit.Merge(&a.late.Limit)
		late.Own.Merge(&a.late.Own)
		a.mu.Unlock()
	}
	return sum, late
}

// A Route is what came of the requests to one place of a target's server.
type Route struct {
	Name string // such as "GET /users/{id}"; printable, but still what somebody sent
	Tally
}

// fill copies what there is of target i.
func (l *Ledger) fill(i int, t *Target) {
	a := l.targets[i]
	a.mu.Lock()
	defer a.mu.Unlock()
	t.Tally = a.total.clone()
	t.Late = Lateness{Target: a.late.Target.Clone(), Limit: a.late.Limit.Clone(), Own: a.late.Own.Clone()}
	t.Timeline = a.timeline.clone()
	for name, tally := range a.routes.All() {
		t.Routes = append(t.Routes, Route{Name: name, Tally: tally.clone()})
	}
	slices.SortStableFunc(t.Routes, func(a, b Route) int {
		if a.Started() != b.Started() {
			if a.Started() > b.Started() {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
}
