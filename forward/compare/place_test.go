package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gor/forward/compare/diff"
)

// The tests say what tables and other programs say.
func TestSignificance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want float64
	}{
		{"tea", fisher(3, 4, 1, 4), 17. / 70}, // Fisher's own example: the lady has three of four right
		{"all of the tea", fisher(4, 4, 0, 4), 1. / 70},
		{"none of the repeats", fisher(10, 10, 0, 10), 1 / 184756.},
		{"as often", fisher(5, 10, 5, 10), 1},
		{"no repeats", fisher(5, 10, 0, 0), 1},
		{"many", fisher(250, 5000, 0, 300), math.Exp(lnChoose(5000, 250) - lnChoose(5300, 250))},
		{"heads, ten times", binomial(10, 10, .5), 1. / 1024},
		{"nine or ten", binomial(9, 10, .5), 11. / 1024},
		{"less than one expects", binomial(4, 10, .5), 1},
		{"none", binomial(0, 0, .5), 1},
		{"three of three", binomial(3, 3, .02), 8e-6},
	} {
		if math.Abs(tt.got-tt.want) > 1e-9+1e-6*tt.want {
			t.Errorf("%s: %g, want %g", tt.name, tt.got, tt.want)
		}
	}
	for _, p := range []float64{fisher(1<<40, 1<<41, 1<<10, 1<<20), binomial(1<<40, 1<<41-1, .5)} {
		if math.IsNaN(p) || p < 0 || p > 1 {
			t.Errorf("%g", p)
		}
	}
}

// What is known of a place says what its differences are.
func TestVerdicts(t *testing.T) {
	steady := func(p place, along, against uint64) place { // of one pair
		p.known, p.along, p.against, p.first = 1, along, against, p.differ-1-min(p.differ-1, against)
		return p
	}
	for _, tt := range []struct {
		name  string
		place place
		n     uint64
		m     [2]uint64
		want  verdict
	}{
		{"never", place{}, 100, [2]uint64{}, noise},
		{"once", place{differ: 1}, 100, [2]uint64{}, open},
		{"always, and no repeat", place{differ: 100, reason: diff.Body}, 100, [2]uint64{}, open},
		{"always, few repeats", place{differ: 100, reason: diff.Body}, 100, [2]uint64{3, 3}, open},
		{"always, and never in few repeats", place{differ: 100, reason: diff.Body}, 100, [2]uint64{0, 9}, open},
		{"always, and never in repeats", place{differ: 100, reason: diff.Body}, 100, [2]uint64{0, 10}, real},
		{"seldom, and never in so many", place{differ: 10, reason: diff.Body}, 100, [2]uint64{0, 10}, open},
		{"one in twenty, few repeats", place{differ: 250, reason: diff.Body}, 5000, [2]uint64{0, 50}, open},
		{"one in twenty, enough repeats", place{differ: 250, reason: diff.Body}, 5000, [2]uint64{0, 400}, real},
		{"as often in repeats", place{differ: 50, varied: [2]uint64{0, 5}}, 100, [2]uint64{0, 10}, noise},
		{"much less in repeats", place{differ: 1000, varied: [2]uint64{0, 5}}, 1000, [2]uint64{0, 100}, real},
		{"a counter that begins elsewhere", place{differ: 1000, varied: [2]uint64{20, 20}}, 1000, [2]uint64{30, 30}, noise},
		{"at the target alone", place{differ: 1000, varied: [2]uint64{0, 100}}, 1000, [2]uint64{100, 100}, real},
		{"at the target alone, and of production little is known", place{differ: 1000, varied: [2]uint64{0, 40}}, 1000, [2]uint64{5, 100}, noise},
		{"at both", place{differ: 1000, varied: [2]uint64{100, 100}}, 1000, [2]uint64{100, 100}, noise},
		{"a rare word, always this way", steady(place{differ: 50, reason: diff.Body}, 25, 0), 5000, [2]uint64{}, real},
		{"a rare word, both ways", steady(place{differ: 50, reason: diff.Body}, 13, 12), 5000, [2]uint64{}, open},
		{"a rare word in one moment", steady(place{differ: 500, reason: diff.Body}, 1, 0), 50000, [2]uint64{}, open},
		{"twelve of twelve", steady(place{differ: 12, reason: diff.Header}, 1, 0), 12, [2]uint64{}, real},
		{"a status, three of three", steady(place{differ: 3}, 2, 0), 3, [2]uint64{}, real},
		{"a status, two of two", steady(place{differ: 2}, 1, 0), 2, [2]uint64{}, open},
		{"a status, three of thirty", steady(place{differ: 3}, 2, 0), 30, [2]uint64{}, open},
		{"a header, three of three", steady(place{differ: 3, reason: diff.Header}, 2, 0), 3, [2]uint64{}, open},
		{"a status that repeats vary in", steady(place{differ: 3, varied: [2]uint64{0, 1}}, 2, 0), 3, [2]uint64{0, 2}, noise},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.place.judge(tt.n, tt.m, 0); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// Two servers that choose among values alike are never told apart, however often one looks; one that
// chooses otherwise is.
func TestChance(t *testing.T) {
	for seed := range uint64(seeds(3)) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		for _, share := range []float64{.001, .01, .1, .5} {
			draw := func(share float64) uint64 {
				if rnd.Float64() < share {
					return 1
				}
				return 0
			}
			p, other := place{reason: diff.Body}, place{reason: diff.Body}
			for i := range uint64(20_000) {
				at := int64(i) * moment
				if then, now := draw(share), draw(share); then != now {
					p.add(&finding{what: diff.Changed, steady: true, pair: then, reverse: now}, at)
				}
				if then, now := draw(share), draw(share+.05); then != now {
					other.add(&finding{what: diff.Changed, steady: true, pair: then, reverse: now}, at)
				}
				if p.judge(i+1, [2]uint64{}, 0) == real {
					t.Fatalf("share %g: after %d: %+v", share, i, p)
				}
			}
			if share < .5 && other.judge(20_000, [2]uint64{}, 0) != real {
				t.Errorf("share %g: %+v", share, other)
			}
		}
	}
}

// What changes at both servers at once, and is seen later at the target, is not reported
// for all the requests that are on their way.
func TestMoment(t *testing.T) {
	p := place{reason: diff.Body}
	for i := range uint64(900) {
		p.add(&finding{what: diff.Changed, steady: true, pair: 1, reverse: 2}, began+int64(i)*1e6)
	}
	if got := p.judge(100_000, [2]uint64{}, 0); got != open {
		t.Errorf("%v: %+v", got, p)
	}
}

// Accounts are bounded whatever answers hold, and become one with others' without
// losing an exchange.
func TestAccounts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 3))
	fill := func(names string) *account {
		a := &account{}
		for range 3000 {
			f := &findings{}
			for range rnd.IntN(6) {
				f.add(&diff.Difference{Path: fmt.Appendf(nil, "$.%s%d", names, rnd.IntN(200)), Reason: diff.Body, What: diff.What(rnd.IntN(5))})
			}
			a.fates[compared]++
			a.add(f, 0, carriage{})
		}
		return a
	}
	a, b := fill("a"), fill("b")
	mergeAccounts(a, b)
	if len(a.places) != maxPlaces+1 || len(a.sets) > 3*maxSets {
		t.Errorf("%d places, %d sets", len(a.places), len(a.sets))
	}
	var f Fates
	a.fill(&f, a.verdicts())
	if f.Compared != 6000 || f.Same+f.Different+f.Undecided != 6000 || f.Same > 3000 {
		t.Errorf("%+v", f)
	}
	for i, p := range a.places {
		if p.path == "" || i != a.index[others] && len(p.path) > 10 {
			t.Errorf("%+v", p)
		}
	}
}
