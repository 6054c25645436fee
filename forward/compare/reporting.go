package compare

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"gor/forward/compare/diff"
	"gor/forward/hist"
)

// fates is what became of the exchanges at the target, by what is known of noise now.
func (j *judge) fates() (f Fates) {
	p := j.look(false)
	p.judge(j.cfg)
	for i := range p.routes {
		var r Fates
		p.routes[i].fill(&r, p.routes[i].is)
		f.add(&r)
	}
	f.Waiting = p.begun - f.begun()
	return f
}

// add adds what became of other exchanges.
func (f *Fates) add(o *Fates) {
	f.Compared += o.Compared
	f.Same += o.Same
	f.InPart += o.InPart
	f.Different += o.Different
	f.Undecided += o.Undecided
	f.NotLoggedIn += o.NotLoggedIn
	f.NotModified += o.NotModified
	f.NoOriginal += o.NoOriginal
	f.NoResponse += o.NoResponse
	f.Expired += o.Expired
}

// begun is how many exchanges have a fate.
func (f *Fates) begun() uint64 { return f.Compared + f.NoOriginal + f.NoResponse + f.Expired }

// without makes noise of what is to be ignored of a route.
func (cfg *Config) without(route string, a *account, is division) division {
	for i, p := range a.places {
		if slices.ContainsFunc(cfg.Ignore, func(r Rule) bool { return r.has(route, p.path) }) {
			is.noise |= 1 << i
			is.real &^= 1 << i
		}
	}
	return is
}

// elsewhere is of how many routes a place, by the key of a finding, is known to be noise; below zero: it is not, of one.
type elsewhere map[string]int

// mostNoise is of how many it has to be for those of which nothing is known, as no request is made twice there.
const mostNoise = 3

// elsewhereOf finds what is noise on the routes where requests are made twice.
func elsewhereOf(all []pictured) elsewhere {
	known := elsewhere{}
	for _, a := range all {
		if a.repeats == [2]uint64{} {
			continue
		}
		for i, p := range a.places {
			switch {
			case a.is.real&(1<<i) != 0:
				known[p.key] = -1
			case a.is.noise&(1<<i) != 0 && p.differ > 0 && known[p.key] >= 0:
				known[p.key]++
			}
		}
	}
	return known
}

// borrow makes noise of what is noise elsewhere, where requests are never made twice: they ask
// for a change.
func (known elsewhere) borrow(a *account, is division) division {
	if a.repeats != [2]uint64{} {
		return is
	}
	for i, p := range a.places {
		if bit := set(1) << i; is.real&bit == 0 && known[p.key] >= mostNoise {
			is.noise |= bit
		}
	}
	return is
}

// report says what is known of the target.
func (j *judge) report() TargetReport { return j.look(true).report(j.cfg, j.cfg.Targets[j.target]) }

// report is made without a lock.
func (p *picture) report(cfg *Config, target string) TargetReport {
	p.judge(cfg)
	t := TargetReport{Target: target, LoggedOut: p.loggedOut, NotCompared: map[string]uint64{}, Routes: []RouteReport{}}
	var strangers strangers
	for i := range p.routes {
		r := p.routes[i].report(cfg, target)
		strangers.add(p.routes[i].account, p.routes[i].is)
		t.Fates.add(&r.Fates)
		for why, n := range p.routes[i].notCompared {
			t.NotCompared[why] += n
		}
		t.Routes = append(t.Routes, r)
	}
	t.Waiting = p.begun - t.Fates.begun()
	t.Foreign = strangers.report(target)
	findSlower(t.Routes)
	slices.SortStableFunc(t.Routes, func(a, b RouteReport) int {
		return cmp.Or(cmp.Compare(b.Different, a.Different), cmp.Compare(b.Undecided, a.Undecided), cmp.Compare(b.Compared, a.Compared), strings.Compare(a.Route, b.Route))
	})
	return t
}

// report says what is known of a route.
func (of *pictured) report(cfg *Config, target string) RouteReport {
	name, a, is := of.name, of.account, of.is
	r := RouteReport{Route: name, Target: target, Reasons: map[string]uint64{}, Paths: []PathReport{}, Open: []PathReport{}, Noise: []PathReport{}, Examples: []Example{}}
	for reason, n := range a.fill(&r.Fates, is) {
		if n > 0 {
			r.Reasons[diff.Reason(reason).String()] = n
		}
	}
	for i, p := range a.places {
		bit := set(1) << i
		switch {
		case is.real&bit != 0:
			r.Paths = append(r.Paths, a.path(p, real))
		case is.noise&bit == 0:
			undecided := a.path(p, open)
			undecided.Then, undecided.Now = p.values()
			undecided.Decide, undecided.Drifts = decide(name), p.drifts(a.distant)
			if undecided.Drifts {
				undecided.Decide = "whoever knows whether it may change by itself (then: --ignore)"
			}
			r.Open = append(r.Open, undecided)
		default:
			n := a.path(p, noise)
			if p.differ > 0 && a.repeats == [2]uint64{} {
				n.Says = "it is noise on other routes"
			}
			if slices.ContainsFunc(cfg.Ignore, func(r Rule) bool { return r.has(name, p.path) }) {
				n.Says = "ignored"
			}
			r.Noise = append(r.Noise, n)
		}
	}
	for _, paths := range [][]PathReport{r.Paths, r.Open, r.Noise} {
		slices.SortStableFunc(paths, func(a, b PathReport) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Path, b.Path))
		})
	}
	r.Examples = a.examples(is)
	r.Then, r.Now = latency(&a.then), latency(&a.now)
	r.Then.spread, r.Now.spread = a.timed, a.timed
	return r
}

// path says what is known of a place.
func (a *account) path(p *place, v verdict) PathReport {
	r := PathReport{Path: p.path, What: p.kind().String(), Reason: p.reason.String(), Count: p.differ, Of: a.exchanges, Repeats: a.repeats[0] + a.repeats[1], Varied: p.varied[0] + p.varied[1], Says: p.says(v, a.repeats, a.distant)}
	if r.Count == 0 {
		r.Count = p.generated
	}
	return r
}

// values are those of the place in its first example; empty: there is none.
func (p *place) values() (then, now string) {
	for _, e := range p.examples {
		for _, d := range e.Differences {
			if keyOf(d.Path, d.What) == p.key {
				return d.Then, d.Now
			}
		}
	}
	return "", ""
}

// decide says what would show whether what differs on a route is noise.
func decide(route string) string {
	method, _, _ := strings.Cut(route, " ")
	if isSafe([]byte(method)) {
		return "more requests for the same thing by one user, or --echo 100%"
	}
	return "more such requests: what asks for a change is sent to nobody twice"
}

// examples are some of the places that differ, of each at least one as far as that goes, with
// nothing in them that is not the target's.
func (a *account) examples(is division) []Example {
	all, taken := []Example{}, map[*kept]bool{}
	for round := range maxExamples {
		for i, p := range a.places {
			if is.real&(1<<i) == 0 || len(p.examples) <= round || len(all) == maxExamples || taken[p.examples[round]] {
				continue
			}
			k := p.examples[round]
			taken[k] = true
			e := k.Example
			e.Differences = nil
			for _, d := range k.Differences {
				if len(e.Differences) < maxShown && a.isReal(&d, is) {
					e.Differences = append(e.Differences, d)
				}
			}
			if len(e.Differences) > 0 {
				all = append(all, e)
			}
		}
	}
	return all
}

// isReal reports whether a difference is one of a place that differs.
func (a *account) isReal(d *Difference, is division) bool {
	key := keyOf(d.Path, d.What)
	for i, p := range a.places {
		if is.real&(1<<i) != 0 && p.key == key {
			return true
		}
	}
	return false
}

func latency(h *hist.Histogram) Latency {
	return Latency{Count: h.Count(), P50: h.Quantile(.5), P99: h.Quantile(.99), low: h.Quantile(.5 - margin(h)), high: h.Quantile(.5 + margin(h))}
}

// Routes lists all routes of all targets that differ, the worst first, at most so many.
func (r *Report) Routes(most int) []RouteReport {
	all := []RouteReport{}
	for i := range r.Targets {
		for j := range r.Targets[i].Routes {
			if route := &r.Targets[i].Routes[j]; route.Different > 0 || route.Slower {
				all = append(all, *route)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b RouteReport) int { return cmp.Compare(b.Different, a.Different) })
	return all[:min(len(all), most)]
}

// words are a map's names, sorted, with their counts.
func words(m map[string]uint64) []string {
	names := slices.Sorted(maps.Keys(m))
	for i, name := range names {
		names[i] = name + "=" + number(m[name])
	}
	return names
}
