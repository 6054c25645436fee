package compare

import (
	"fmt"
	"time"

	"gor/forward/compare/diff"
)

const (
	maxPairs    = 8 // ordered pairs of values of one place that are told from others
	maxExamples = 3 // of one place
	oneWay      = 5 // moments in one direction, none in the other, that may be no chance
)

// A place is where a route's answers differ: a path, and whether it is a value, the
// order, or that there is nothing.
type place struct {
	key    string // of findings
	path   string
	reason diff.Reason
	what   [5]uint64 // exchanges, by diff.What

	differ    uint64    // exchanges that differ here, but for those whose values are generated
	generated uint64    // exchanges whose values are
	why       string    // they are
	varied    [2]uint64 // repeats that differ here, likewise, by whose answers they are of
	drifted   uint64    // answers of production that differ here from its own after a while

	// --- which values they are
	pairs    [maxPairs]uint64 // the first pairs of values that were seen, none the reverse of another
	reverses [maxPairs]uint64
	known    int
	first    uint64 // exchanges with the first of those pairs, after it was known
	along    uint64 // moments at which an exchange had one of them, likewise
	against  uint64 // and at which one had the reverse of one
	counted  int64  // the last such moment

	examples []*kept
}

// add takes down that an exchange, of a request at a time, differs here.
func (p *place) add(f *finding, at int64) {
	p.what[f.what]++
	if f.generated != "" {
		p.generated++
		p.why = f.generated
		return
	}
	switch p.differ++; {
	case f.steady:
		p.direct(f, at)
	case f.pair != 0:
		p.named(f)
	}
}

// named takes down which two names or versions an exchange has here: the same two in all say
// something, a direction does not, as numbers in them may grow.
func (p *place) named(f *finding) {
	switch {
	case p.known == 0:
		p.pairs[0], p.reverses[0], p.known = f.pair, f.reverse, 1
	case p.pairs[0] == f.pair:
		p.first++
	}
}

// moment is how far apart differences have to be in time to count apart for their
// direction: where something changes at both servers, what comes to the target later than to
// production differs for a moment, in all requests that are on their way, and in the same direction.
const moment = int64(time.Second)

// direct takes down which of the two answers has which value.
func (p *place) direct(f *finding, at int64) {
	isApart := p.reason == diff.Status || at-p.counted >= moment || p.counted-at >= moment
	for i := range p.known {
		if p.pairs[i] == f.pair && i == 0 {
			p.first++
		}
		if !isApart {
			continue
		}
		switch f.pair {
		case p.pairs[i]:
			p.along++
			p.counted = at
			return
		case p.reverses[i]:
			p.against++
			p.counted = at
			return
		}
	}
	if isApart && p.known < maxPairs {
		p.pairs[p.known], p.reverses[p.known] = f.pair, f.reverse
		p.known++
		p.counted = at
	}
}

// merge adds what is known of the same place of another route.
func (p *place) merge(from *place) {
	for i, n := range from.what {
		p.what[i] += n
	}
	p.differ += from.differ
	p.drifted += from.drifted
	p.generated += from.generated
	for i, n := range from.varied {
		p.varied[i] += n
	}
	if p.why == "" {
		p.why = from.why
	}
	if from.known > 0 && p.known > 0 && from.pairs[0] != p.pairs[0] {
		return // which of them is meant: what is to come shows it
	}
	switch {
	case p.known == 0:
		p.pairs, p.reverses, p.known = from.pairs, from.reverses, from.known
	case from.known > 0:
		p.first++ // that which made the pair known there
	}
	p.first, p.along, p.against = p.first+from.first, p.along+from.along, p.against+from.against
}

// A verdict is what a place's differences are.
type verdict uint8

const (
	open  verdict = iota // nobody knows yet
	noise                // they are between two answers of one server as well
	real                 // they are the target's
)

const (
	leastExamples = 3
	leastRepeats  = 10 // that say whether something varies all the time: if it did so in a third of all, these would show it in 98 of 100 cases
	restless      = 10
	rareStatus    = .02  // a share of answers with another status that no server has by chance alone
	statusLevel   = 1e-5 // three of three
)

// judge says what the differences of a place are, of which n exchanges were compared, and m repeats at
// each of the two servers, and distant ones.
func (p *place) judge(n uint64, m [2]uint64, distant uint64) verdict {
	switch varied := p.varied[0] + p.varied[1]; {
	case p.differ == 0:
		return noise // those that there are were generated, or are of repeats alone
	case p.differ >= leastExamples && p.isReal(n, m, distant):
		return real
	case p.varied[0] == 0 && p.along >= oneWay && p.against == 0: // it may be the target alone that varies
		return open
	case varied > 1 || varied == 1 && 2*n >= p.differ*(m[0]+m[1]): // one, of not many
		return noise
	}
	return open
}

// isReal is judge's tests. If the target answered as production does, what differs here
// would be as likely the other way round, and not more frequent than in repeats.
func (p *place) isReal(n uint64, m [2]uint64, distant uint64) bool {
	switch {
	case !p.drifts(distant) && p.isMoreFrequent(n, m):
		return true
	case m[0] >= leastRepeats && p.varied[0]*n*2 >= p.differ*m[0]: // production varies about as much
		return false
	case binomial(max(p.along, p.against), p.along+p.against, .5) < level/2: // the sign test: which way is not known before
		return true
	case binomial(p.first, n-1, .25) < level: // no two values can have this order more often
		return true
	}
	return p.reason == diff.Status && p.varied == [2]uint64{} && p.against == 0 && p.known == 1 && binomial(p.differ, n, rareStatus) < statusLevel
}

// isMoreFrequent compares how often exchanges differ with how often repeats do, those of both servers, or of
// production alone. What varies in one repeat of ten or more depends on the moment: of such a thing, that two servers differ says nothing.
func (p *place) isMoreFrequent(n uint64, m [2]uint64) bool {
	varied, all := p.varied[0]+p.varied[1], m[0]+m[1]
	if m[0] >= leastRepeats && p.varied[0]*restless <= m[0] && fisher(p.differ, n, p.varied[0], m[0]) < level {
		return true
	}
	return all >= leastRepeats && p.varied[0]*restless <= m[0] && varied*restless <= all && fisher(p.differ, n, varied, all) < level
}

// kind is the way in which most exchanges differ here.
func (p *place) kind() diff.What {
	most := diff.Changed
	for w, n := range p.what {
		if n > p.what[most] {
			most = diff.What(w)
		}
	}
	return most
}

// says is why a verdict is what it is.
func (p *place) says(v verdict, m [2]uint64, distant uint64) string {
	if v == noise && p.differ == 0 && p.generated > 0 {
		return p.why
	}
	varied, all := p.varied[0]+p.varied[1], m[0]+m[1]
	repeats := fmt.Sprintf("when the same server was asked twice, its two answers differed here in %d of %d cases", varied, all)
	switch {
	case all == 0:
		repeats = "no server was asked the same twice"
	case varied == 0:
		repeats = fmt.Sprintf("when the same server was asked twice, its two answers never differed here, in %d cases", all)
	case v == real && p.varied[0] == 0 && m[0] > 0:
		repeats = fmt.Sprintf("the target's own answers to the same request vary here, in %d of %d cases; the other's in none of %d", p.varied[1], m[1], m[0])
	}
	switch {
	case v == open && p.drifts(distant):
		return fmt.Sprintf("its value at production changes within minutes, in %d of %d cases; %s", p.drifted, distant, repeats)
	case v == open:
		return "too little is known: " + repeats
	case v == real && p.along > 0 && p.against == 0:
		return "always this way round; " + repeats
	}
	return repeats
}
