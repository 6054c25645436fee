package results

import (
	"maps"
	"slices"
	"time"

	"gor/forward"
	"gor/forward/hist"
)

// A Tally is what came of a number of requests that were started.
type Tally struct {
	Answered uint64
	Failed   forward.Failures // by kind
	Status   map[int]uint64   // the answered ones, by status code

	Latency hist.Histogram // since each was due, failed ones too
	Service hist.Histogram // since each was sent
}

// add counts one request.
func (t *Tally) add(o *forward.Outcome) {
	if o.Status == 0 {
		t.Failed[o.Failure]++
	} else {
		if t.Status == nil {
			t.Status = map[int]uint64{}
		}
		t.Status[o.Status]++
		t.Answered++
	}
	t.Latency.Add(o.Latency())
	if o.Started < o.Ended {
		t.Service.Add(o.Service())
	}
}

// merge adds what o counts.
func (t *Tally) merge(o *Tally) {
	t.Answered += o.Answered
	for kind, n := range o.Failed {
		t.Failed[kind] += n
	}
	if t.Status == nil {
		t.Status = map[int]uint64{}
	}
	for code, n := range o.Status {
		t.Status[code] += n
	}
	t.Latency.Merge(&o.Latency)
	t.Service.Merge(&o.Service)
}

// clone is a Tally of its own that counts the same.
func (t *Tally) clone() Tally {
	c := *t
	c.Status = maps.Clone(t.Status)
	c.Latency, c.Service = t.Latency.Clone(), t.Service.Clone()
	return c
}

// FailedTotal is the sum of all kinds of failure.
func (t *Tally) FailedTotal() (n uint64) {
	for _, f := range t.Failed {
		n += f
	}
	return n
}

// Started is how many requests there are.
func (t *Tally) Started() uint64 { return t.Answered + t.FailedTotal() }

// Errors are the requests that failed, and those answered with 500 and above.
func (t *Tally) Errors() uint64 {
	n := t.FailedTotal()
	for code, answered := range t.Status {
		if code >= 500 {
			n += answered
		}
	}
	return n
}

// ErrorShare is the share of the requests that are errors, 0 to 1.
func (t *Tally) ErrorShare() float64 { return share(t.Errors(), t.Started()) }

// Codes are the status codes seen, in order.
func (t *Tally) Codes() []int { return slices.Sorted(maps.Keys(t.Status)) }

// share is n of all, 0 to 1; 0 where there are none.
func share(n, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return float64(n) / float64(all)
}

// perSecond is a rate; 0 where there was no time.
func perSecond(n uint64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
