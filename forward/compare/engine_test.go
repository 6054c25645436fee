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
	}
}

// Nothing is reported where nothing was planted, whenever one looks.
func TestNothingPlanted(t *testing.T) {
	for seed := range seeds(1) {
		w := newWorld(t, uint64(seed)+1000, false, .01)
		for i := range 100 {
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
