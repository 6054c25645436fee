package web

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"gor/forward"
	"gor/forward/hist"
	"gor/forward/routes"
)

// shownRoutes is how many routes the page shows, those with the most requests.
const shownRoutes = 50

// A routeTally is what came of the requests of one route at one target.
type routeTally struct {
	requests, errors uint64
	service          hist.Histogram
}

// routeTallies are those of all targets, by their index.
type routeTallies []routeTally

// A ledger counts requests by route, for all targets together, so that a route is the
// same one at each. Any number of goroutines may use it.
type ledger struct {
	mu    sync.Mutex
	table *routes.Table[routeTallies]
}

func newLedger() *ledger {
	return &ledger{table: routes.New(routes.DefaultMax, func(into, from *routeTallies) { into.merge(*from) })}
}

// at is the tally of a target.
func (t *routeTallies) at(target int) *routeTally {
	for len(*t) <= target {
		*t = append(*t, routeTally{})
	}
	return &(*t)[target]
}

func (t *routeTallies) merge(from routeTallies) {
	for i := range from {
		own := t.at(i)
		own.requests += from[i].requests
		own.errors += from[i].errors
		own.service.Merge(&from[i].service)
	}
}

// requests is how many there are at all targets.
func (t routeTallies) requests() (n uint64) {
	for i := range t {
		n += t[i].requests
	}
	return n
}

// take counts one request.
func (l *ledger) take(o *forward.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.table.At(o.Method, o.Path).at(o.Target)
	t.requests++
	if o.Status == 0 || o.Status >= 500 {
		t.errors++
	}
	if o.Started < o.Ended {
		t.service.Add(o.Service())
	}
}

// A shownRoute is a route as the page shows it. Times are milliseconds.
type shownRoute struct {
	Route   string         `json:"route"`
	Targets []shownService `json:"targets"`
}

type shownService struct {
	Requests uint64  `json:"requests"`
	Errors   uint64  `json:"errors"`
	P50      float64 `json:"p50"`
	P99      float64 `json:"p99"`
	Max      float64 `json:"max"`
}

// shown are the routes with the most requests.
func (l *ledger) shown() []shownRoute {
	type entry struct {
		name string
		all  *routeTallies
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var entries []entry
	for name, all := range l.table.All() {
		entries = append(entries, entry{name, all})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.all.requests(), a.all.requests()), strings.Compare(a.name, b.name))
	})
	list := []shownRoute{}
	for _, e := range entries[:min(len(entries), shownRoutes)] {
		r := shownRoute{Route: e.name}
		for i := range *e.all {
			t := &(*e.all)[i]
			r.Targets = append(r.Targets, shownService{
				Requests: t.requests, Errors: t.errors,
				P50: milliseconds(t.service.Quantile(.5)), P99: milliseconds(t.service.Quantile(.99)), Max: milliseconds(t.service.Max()),
			})
		}
		list = append(list, r)
	}
	return list
}

// milliseconds is a time as frames have it, to the microsecond.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
