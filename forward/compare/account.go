package compare

import (
	"maps"
	"math/bits"
	"time"

	"gor/forward/compare/diff"
	"gor/forward/hist"
)

const (
	maxPlaces = 63 // of a route; all others are one
	maxSets   = 256
	others    = "(other places)"
)

// A set of a route's places, one bit for each.
type set uint64

// A tally counts exchanges, and those of them with a session that the target has
// another one for.
type tally struct {
	all     uint64
	carried carriage
	inPart  uint64 // of which not all was seen
}

func (t tally) plus(o tally) tally {
	return tally{t.all + o.all, t.carried.plus(o.carried), t.inPart + o.inPart}
}

// An account is what is known of one route at one target. What an exchange differs in
// is counted by the set of places, so that it can be said at any time how many of them are
// the same but for noise.
type account struct {
	// --- what became of exchanges that are not held against each other
	fates       [fates]uint64
	notLoggedIn uint64
	notModified uint64
	notCompared map[string]uint64 // bodies, by why

	// --- where the others differ
	exchanges uint64    // compared, and in none of the two classes
	carried   carriage  // of those, the ones with a session that the target has another one for
	inPart    uint64    // of those, the ones whose bodies were not compared, or not to their ends
	repeats   [2]uint64 // pairs of answers of one server to the same request: production's, the target's
	distant   uint64    // pairs of answers of production to the same request, minutes apart
	marked    int64     // when the first of such a pair was kept lately
	places    []*place
	index     map[string]int // in places, by the finding's key
	sets      map[set]tally

	// --- how long they took
	then, now hist.Histogram
	timed     spread // when those were that they are of

	// --- what was known of the places lately
	checkAt uint64 // exchanges and repeats: when to divide the places again
	is      division
	packed  set // noise that the sets were freed of, which made no more room than there is
}

// at is the place of a finding, which may be a new one.
func (a *account) at(key, path []byte, f *finding) int {
	if i, ok := a.index[string(key)]; ok {
		return i
	}
	if a.index == nil {
		a.index, a.sets = map[string]int{}, map[set]tally{}
	}
	name := string(path)
	if len(a.places) >= maxPlaces {
		if i, ok := a.index[others]; ok {
			return i
		}
		key, name = []byte(others), others
	}
	a.places = append(a.places, &place{key: string(key), path: name, reason: f.reason})
	a.index[string(key)] = len(a.places) - 1
	return len(a.places) - 1
}

// add takes down what an exchange differs in, and returns where it does. carried: what it has
// of sessions that the target has others for.
func (a *account) add(f *findings, at int64, carried carriage) set {
	a.exchanges++
	a.carried = a.carried.plus(carried)
	one := tally{all: 1, carried: carried}
	if f.notCompared != "" {
		one.inPart = 1
		a.inPart++
		if a.notCompared == nil {
			a.notCompared = map[string]uint64{}
		}
		a.notCompared[f.notCompared]++
	}
	var seen, where set
	for i := range f.all {
		x := &f.all[i]
		n := a.at(f.of(x.key), f.of(x.path), x)
		bit := set(1) << n
		if where&bit != 0 || x.generated != "" && seen&bit != 0 {
			continue // one exchange counts once, however often the place is in it
		}
		if seen |= bit; x.generated == "" {
			where |= bit
		}
		a.places[n].add(x, at)
	}
	if where != 0 {
		a.count(where, one)
	}
	return where
}

// time takes down how long the two answers to a request of some time took.
func (a *account) time(then, now time.Duration, at int64) {
	a.then.Add(then)
	a.now.Add(now)
	a.timed.add(at)
}

// A side says whose answers two are.
type side uint8

const (
	production side = iota
	target
)

// repeat takes down where two answers of one server differ.
func (a *account) repeat(f *findings, whose side) {
	a.repeats[whose]++
	for s := a.differing(f); s != 0; s &= s - 1 {
		a.places[bits.TrailingZeros64(uint64(s))].varied[whose]++
	}
}

// differing are the places of what is not generated.
func (a *account) differing(f *findings) (all set) {
	for i := range f.all {
		x := &f.all[i]
		if x.generated != "" {
			continue
		}
		all |= 1 << a.at(f.of(x.key), f.of(x.path), x)
	}
	return all
}

// count counts exchanges by the set of places where they differ. Where there are too
// many sets they become fewer by the noise, and at the end those that matter least go without.
func (a *account) count(where set, n tally) {
	if _, ok := a.sets[where]; !ok && len(a.sets) >= maxSets {
		is := a.lately()
		a.pack(is.noise)
		if where &^= is.noise; len(a.sets) >= maxSets {
			where &= is.real | where&-where // what is known, and one of the others for all
		}
		if _, ok := a.sets[where]; !ok && len(a.sets) >= 2*maxSets {
			where &= -where
		}
	}
	a.sets[where] = a.sets[where].plus(n)
}

// pack frees the sets of noise, so that some become one. Where that made little room it is not
// done again before more is known to be noise.
func (a *account) pack(noise set) {
	if a.packed == noise {
		return
	}
	less := map[set]tally{}
	for s, n := range a.sets {
		less[s&^noise] = less[s&^noise].plus(n)
	}
	if a.sets, a.packed = less, 0; len(less) > maxSets/2 {
		a.packed = noise
	}
}

// clone is a copy that is not changed any more, for a report: without the index, and without latencies unless
// they are wanted. Examples are as they were.
func (a *account) clone(latencies bool) *account {
	c := *a
	c.index, c.notCompared, c.sets = nil, maps.Clone(a.notCompared), maps.Clone(a.sets)
	all := make([]place, len(a.places))
	c.places = make([]*place, len(a.places))
	for i, p := range a.places {
		all[i] = *p
		c.places[i] = &all[i]
	}
	c.then, c.now = hist.Histogram{}, hist.Histogram{}
	if latencies {
		c.then, c.now = a.then.Clone(), a.now.Clone()
	}
	return &c
}

// A division of a route's places: all others are open.
type division struct{ noise, real set }

// verdicts divides the places by what is known now.
func (a *account) verdicts() (d division) {
	for i, p := range a.places {
		switch p.judge(a.exchanges, a.repeats, a.distant) {
		case noise:
			d.noise |= 1 << i
		case real:
			d.real |= 1 << i
		}
	}
	return d
}

// lately divides them by what was known when it was last looked at, not long ago.
// Examples of what is noise are forgotten then.
func (a *account) lately() division {
	seen := a.exchanges + a.repeats[0] + a.repeats[1]
	if seen < a.checkAt {
		return a.is
	}
	a.checkAt = seen + seen/16 + 8
	a.is = a.verdicts()
	for i, p := range a.places {
		if a.is.noise&(1<<i) != 0 {
			p.forget()
		}
	}
	return a.is
}

// wantsRepeats says how much more has to be known of the route's noise.
func (a *account) wantsRepeats() worth {
	is, few := a.lately(), a.repeats[0]+a.repeats[1] < enoughRepeats
	switch open := bits.OnesCount64(uint64(is.noise|is.real)) < len(a.places); {
	case open && few:
		return worthMost
	case open || few:
		return worthMore
	}
	return worthLittle
}

// A keeping says of how many requests of a route one is kept for the next that asks for the same: those are as many as
// are wanted, or they are rare, and each that is kept costs two answers' room.
type keeping uint64

const (
	keepAll  keeping = 1
	keepFew  keeping = 4  // of a route where more has to be known, and much was seen
	keepRare keeping = 16 // of a route where all is known
	muchSeen         = 4000
)

func (a *account) keeping(of worth) keeping {
	switch isWanted := of < worthLittle; {
	case a.exchanges < muchSeen && (isWanted || a.repeats[production] < a.exchanges/16):
		return keepAll
	case isWanted:
		return keepFew
	}
	return keepRare
}

// enoughRepeats is how many show what is noise where nothing is open.
const enoughRepeats = 50

// fill fills in what became of the exchanges by the verdicts of now, and how many are
// different for which reason.
func (a *account) fill(f *Fates, is division) (reasons [diff.Reasons]uint64) {
	f.Compared = a.fates[compared]
	f.NoOriginal, f.NoResponse, f.Expired = a.fates[noOriginal], a.fates[noResponse], a.fates[expired]
	f.NotLoggedIn, f.NotModified = a.notLoggedIn, a.notModified
	f.InPart = a.inPart
	for s, n := range a.sets {
		switch {
		case s&is.real != 0:
			f.Different += n.all
			f.InPart -= n.inPart
			var has [diff.Reasons]bool
			for i, p := range a.places {
				if s&is.real&(1<<i) != 0 && !has[p.reason] {
					has[p.reason] = true
					reasons[p.reason] += n.all
				}
			}
		case s&^is.noise != 0:
			f.Undecided += n.all
			f.InPart -= n.inPart
		}
	}
	f.Same = a.exchanges - f.Different - f.Undecided
	return reasons
}

// mergeAccounts adds what is known of one route to another's, which it becomes one with.
func mergeAccounts(into, from *account) {
	for i, n := range from.fates {
		into.fates[i] += n
	}
	into.notLoggedIn += from.notLoggedIn
	into.notModified += from.notModified
	for why, n := range from.notCompared {
		if into.notCompared == nil {
			into.notCompared = map[string]uint64{}
		}
		into.notCompared[why] += n
	}
	into.exchanges += from.exchanges
	into.carried = into.carried.plus(from.carried)
	into.inPart += from.inPart
	for i, n := range from.repeats {
		into.repeats[i] += n
	}
	into.distant += from.distant
	into.marked = max(into.marked, from.marked)
	into.then.Merge(&from.then)
	into.now.Merge(&from.now)
	into.timed.merge(&from.timed)
	moved := make([]int, len(from.places))
	for i, p := range from.places {
		n := into.at([]byte(p.key), []byte(p.path), &finding{reason: p.reason})
		moved[i] = n
		into.places[n].merge(p)
		into.places[n].inherit(p)
	}
	for s, n := range from.sets {
		var where set
		for i := range from.places {
			if s&(1<<i) != 0 {
				where |= 1 << moved[i]
			}
		}
		into.count(where, n)
	}
	into.checkAt = 0
}
