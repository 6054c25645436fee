package compare

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gor/forward/hist"
)

const (
	leastTimes  = 100 // answers of a route whose times are judged
	leastSpread = 5   // seconds in which they have to have come: what all came at once shows that moment, not the route
	leastRoutes = 3   // others that say what is usual
	mostRoutes  = 100 // that are looked at
	slowBy      = 1.3 // times what is expected
	slowLeast   = time.Millisecond
	deviations  = 5 // of the median: what is beyond is no chance
)

// margin is how far from one half the quantiles are between which the true median lies.
func margin(h *hist.Histogram) float64 {
	return min(.5, deviations*.5/math.Sqrt(max(float64(h.Count()), 1)))
}

// findSlower finds the routes that are slower than the others let expect. Production's
// answers were seen by another machine than the target's, which may also be another
// kind of machine: so what is usual is a line, now = a*then + b, found from the other routes' medians in
// a way that a few slow ones do not bend (Theil and Sen: the median of all slopes, and of what is above it).
func findSlower(all []RouteReport) {
	var usual []int // indexes of routes with enough answers, those with most of them
	for i := range all {
		if t := &all[i].Then; t.Count >= leastTimes && t.moments >= leastSpread && t.P50 > 0 {
			usual = append(usual, i)
		}
	}
	slices.SortStableFunc(usual, func(a, b int) int { return cmp.Compare(all[b].Then.Count, all[a].Then.Count) })
	usual = usual[:min(len(usual), mostRoutes)]
	for _, i := range usual {
		r := &all[i]
		others := make([]point, 0, len(usual))
		for _, o := range usual {
			if o != i {
				t := &all[o].Then
				others = append(others, point{float64(t.P50), float64(all[o].Now.P50), float64(t.low), float64(t.high)})
			}
		}
		if len(others) < leastRoutes {
			return
		}
		a, b := line(others)
		r.Expected = max(time.Duration(a*float64(r.Then.P50)+b), 0)
		most := a*float64(r.Then.high) + b
		r.Slower = float64(r.Now.low) > slowBy*max(most, 0)+float64(slowLeast)
	}
}

// A point is a route's median then and now, and between what the first may lie.
type point struct{ then, now, low, high float64 }

// isApart reports whether two routes took another time then, not only by chance.
func (p *point) isApart(q *point) bool {
	return math.Abs(p.then-q.then) > .05*max(p.then, q.then) && (p.low > q.high || q.low > p.high)
}

// line is the usual line through points: its slope, and where it begins. Slopes are taken between
// points that are apart; but a point that is apart from all others, which are not, tells none: it may be the slow one.
func line(points []point) (slope, begin float64) {
	var slopes []float64
	lasting := 0 // points that have enough others to be apart from
	for i := range points {
		p, apart := &points[i], 0
		for j := range points {
			if q := &points[j]; p.isApart(q) {
				if apart++; j < i {
					slopes = append(slopes, (p.now-q.now)/(p.then-q.then))
				}
			}
		}
		if apart >= min(leastRoutes, len(points)-1) {
			lasting++
		}
	}
	if lasting < leastRoutes { // all take about the same time
		var ratios []float64
		for _, p := range points {
			ratios = append(ratios, p.now/p.then)
		}
		return median(ratios), 0
	}
	slope = max(median(slopes), 0)
	var rests []float64
	for _, p := range points {
		rests = append(rests, p.now-slope*p.then)
	}
	return slope, median(rests)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
