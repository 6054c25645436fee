package compare

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// planted is all that a world's target does differently.
var planted = []string{
	"GET /api/items/{id}/reviews: status changed",
	"POST /api/orders: status changed",
	"GET /pages/about: header x-app missing",
	"GET /pages/about: header x-took missing",
	"GET /pages/about: header set-cookie seen missing",
	"GET /api/items: $.items[] order",
	"GET /api/prices/{id}: $.price changed",
	"GET /api/orders/{id}: $.currency changed",
	"GET /api/me: $.address.no missing",
	"GET /api/search: slower",
}

// seeds are how many worlds a test sees: a few, or GOR_SEEDS.
func seeds(few int) int {
	if n, err := strconv.Atoi(os.Getenv("GOR_SEEDS")); err == nil {
		return n
	}
	return few
}

// Every difference that was planted is named with its route, and nothing else, whatever
// noise there is beside it.
func TestPlanted(t *testing.T) {
	if raceEnabled {
		t.Skip("it has one goroutine, and is twenty times as slow under the race detector")
	}
	for seed := range seeds(1) {
		w := newWorld(t, uint64(seed), true, .01)
		w.run(100_000)
		r := w.engine.Report()
		got, want := reported(r), slices.Clone(planted)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: reported\n%s\nplanted\n%s\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"), describe(r))
		}
		checkCounts(t, w, r)
	}
}

// checkCounts compares what a report counts with what was planted.
func checkCounts(t *testing.T, w *world, r *Report) {
	t.Helper()
	target := &r.Targets[0]
	if f := w.engine.Fates(0); f != target.Fates || f.Same+f.Different+f.Undecided != 100_000 || f.Undecided > 5000 { // a twentieth are POSTs whose answer has a counter
		t.Errorf("%+v, in the report %+v", f, target.Fates)
	}
	for _, route := range target.Routes {
		switch want := uint64(0); route.Route {
		case "GET /api/items/{id}/reviews":
			want = w.failed["/reviews"]
			fallthrough
		case "POST /api/orders":
			if want == 0 {
				want = w.failed["/orders"]
			}
			if route.Different != want || route.Reasons["status"] != want || len(route.Reasons) != 1 {
				t.Errorf("%s: %d different, %v, want %d", route.Route, route.Different, route.Reasons, want)
			}
			fallthrough
		case "GET /api/orders/{id}":
			if len(route.Examples) != maxExamples {
				t.Errorf("%s: %d examples", route.Route, len(route.Examples))
			}
		}
	}
}

// Nothing is reported where nothing was planted, whenever one looks.
func TestNothingPlanted(t *testing.T) {
	for seed := range seeds(1) {
		w := newWorld(t, uint64(seed)+1000, false, .01)
		looks := 100
		if raceEnabled { // there is one goroutine
			looks = 3
		}
		for i := range looks {
			w.run(1000)
			if r := w.engine.Report(); len(reported(r)) > 0 || r.Targets[0].Different > 0 {
				t.Errorf("seed %d, look %d: reported\n%s\n%s", seed, i, strings.Join(reported(r), "\n"), describe(r))
				break
			}
		}
		if f := w.engine.Fates(0); seed == 0 {
			t.Logf("%+v\n%s", f, describe(w.engine.Report()))
		}
	}
}

// describe lists all that is known, for whoever has to find out why a test failed.
func describe(r *Report) string {
	var b strings.Builder
	for _, t := range r.Targets {
		fmt.Fprintf(&b, "%s %+v\n", t.Target, t.Fates)
		for _, route := range t.Routes {
			fmt.Fprintf(&b, "%s compared %d different %d %v undecided %d then %v now %v expected %v\n", route.Route, route.Compared, route.Different, route.Reasons, route.Undecided, route.Then.P50, route.Now.P50, route.Expected)
			for name, paths := range map[string][]PathReport{"real": route.Paths, "open": route.Open, "noise": route.Noise} {
				for _, p := range paths {
					fmt.Fprintf(&b, "    %-5s %-30s %-8s %d of %d, repeats %d of %d: %s\n", name, p.Path, p.What, p.Count, p.Of, p.Varied, p.Repeats, p.Says)
				}
			}
		}
	}
	return b.String()
}
