package compare

// An alike is what routes have in common at one place: that they differ there by the same two values, always
// the same way round. A header that all pages of a new version have shows so before any one page has
// been asked for often enough.
type alike struct {
	pair   uint64
	first  uint64 // exchanges that differ so, but for the one that showed it on each route
	of     uint64 // exchanges of these routes, likewise
	routes int
	mixed  bool // there are other values, another order, or two answers of one server differ
}

// alikes finds them, by the key of a finding.
func alikes(all []pictured) map[string]*alike {
	found := map[string]*alike{}
	for _, a := range all {
		for _, p := range a.places {
			if p.differ == 0 {
				continue
			}
			s := found[p.key]
			if s == nil {
				s = &alike{pair: p.pairs[0]}
				found[p.key] = s
			}
			s.routes++
			s.first += p.first
			s.of += a.exchanges - 1
			s.mixed = s.mixed || p.known != 1 || p.pairs[0] != s.pair || p.first+1 < p.differ || p.varied != [2]uint64{}
		}
	}
	return found
}

// isReal reports whether that is the target's. It is place.isReal's test for one pair of values, of all routes together.
func (s *alike) isReal() bool {
	return s.routes > 1 && !s.mixed && s.first+1 >= leastExamples && binomial(s.first, s.of, .25) < level
}

// share makes the target's on a route what is so by all routes together.
func share(found map[string]*alike, a *account, is division) division {
	for i, p := range a.places {
		if bit := set(1) << i; p.differ > 0 && (is.real|is.noise)&bit == 0 && found[p.key].isReal() {
			is.real |= bit
		}
	}
	return is
}
