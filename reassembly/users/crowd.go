package users

import "time"

// A key is a crowd when it has more than maxRequests requests in one period: twenty
// a second for ten seconds. A person's browser makes a hundred at once for a page,
// but then the person reads it.
const (
	crowdPeriod = 10 * time.Second
	maxRequests = 200
	// crowdPeriods is how many periods without that end it.
	crowdPeriods = 60
)

// The counters are in sets, and a key in the set that a few bits of it name: one
// look-up touches three lines of the processor's cache. 48 KiB in all.
const (
	crowdBits = 8
	crowdWays = 8
)

// A crowdCounter counts the requests of a key in a period.
type crowdCounter struct {
	key    uint64
	period uint32
	count  uint32 // in the period, those that may be another key's included
	doubt  uint32 // how many of them may be another key's
	crowd  uint32 // the period in which it is a crowd for the last time; 0: it is none
}

// crowds counts requests by key in bounded memory, as the algorithm Space-Saving
// does (Metwally, Agrawal and El Abbadi, 2005): a key without a counter takes over
// the lowest of its set, with the count, which may be too high from then on, but by
// no more than doubt. So count-doubt is never more than the truth, and no key is
// taken for a crowd that is none. A key that makes more than an eighth of the
// requests of its set, a 2048th of all, is never missed for long.
type crowds struct {
	sets [1 << crowdBits][crowdWays]crowdCounter
}

// count counts a request of a key and reports whether the key is a crowd, and
// whether that is new.
func (c *crowds) count(key uint64, now int64) (crowd, isNew bool) {
	period := uint32(now/int64(crowdPeriod)) + 1 // 0 is none
	n := c.find(key, period)
	n.count++
	if n.count-n.doubt > maxRequests {
		isNew = n.crowd < period
		n.crowd = period + crowdPeriods
	}
	return n.crowd >= period, isNew
}

// find returns the counter of a key in this period.
func (c *crowds) find(key uint64, period uint32) *crowdCounter {
	set := &c.sets[key*0x9e3779b97f4a7c15>>(64-crowdBits)]
	for i := range set {
		if n := &set[i]; n.key == key {
			if n.period != period {
				n.period, n.count, n.doubt = period, 0, 0
			}
			return n
		}
	}
	lowest := &set[0]
	for i := range set {
		if n := &set[i]; n.weight(period) < lowest.weight(period) {
			lowest = n
		}
	}
	was := lowest.count
	if lowest.period != period {
		was = 0
	}
	*lowest = crowdCounter{key: key, period: period, count: was, doubt: was}
	return lowest
}

// weight is what a counter is worth keeping for: a crowd more than any count.
func (n *crowdCounter) weight(period uint32) uint64 {
	w := uint64(0)
	if n.period == period {
		w = uint64(n.count)
	}
	if n.crowd >= period {
		w |= 1 << 32
	}
	return w
}
