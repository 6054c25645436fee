package forward

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"
)

// A Failure is why a request that was sent, or tried to be, has no answer.
type Failure uint8

// The kinds of failure.
const (
	FailRefused  Failure = iota // no connection: refused, unreachable
	FailTimeout                 // connecting, the answer or the whole exchange took too long
	FailReset                   // the connection ended before the answer did
	FailDNS                     // the name has no address
	FailTLS                     // the handshake failed
	FailProtocol                // the answer is not HTTP
	failures
)

var failureNames = [failures]string{"refused", "timeout", "reset", "dns", "tls", "protocol"}

// String is the kind's name in accounts and metrics.
func (f Failure) String() string {
	if f < failures {
		return failureNames[f]
	}
	return "unknown"
}

// TargetStats are the accounts of one target over Elapsed. At every moment
//
//	Received = Answered + sum(Failed) + Limited + QueueFull + SampledOut +
//	           Unsupported + Filtered + Open
//
// holds exactly, where Open is what waits or is in flight.
type TargetStats struct {
	Target  string        // as configured, the limit included; no two are equal
	Elapsed time.Duration // the time these accounts cover

	Received    uint64           // requests submitted
	Answered    uint64           // answered with any status, the answer read to its end or bound
	Status      map[int]uint64   // Answered by status code
	Failed      [failures]uint64 // sent or tried, but not answered
	Limited     uint64           // over the limit |N, and over the buffer or the longest wait
	QueueFull   uint64           // the target was slow or down, and the buffer full or the wait too long
	SampledOut  uint64           // of connections outside the share |N%
	Unsupported uint64           // cannot be sent as captured
	Filtered    uint64           // taken out by the Filter

	Queue      int   // waiting now
	QueueBytes int64 // memory of what waits or is in flight now
	InFlight   int   // sent and not yet answered now
	Failing    bool  // the target is being probed

	Latency Histogram // of answered requests: from taking a connection to the answer's end
}

// Open is how many requests have no fate yet.
func (s *TargetStats) Open() uint64 { return uint64(s.Queue + s.InFlight) }

// FailedTotal is the sum of all kinds of failure.
func (s *TargetStats) FailedTotal() (n uint64) {
	for _, f := range s.Failed {
		n += f
	}
	return n
}

// Dropped is what never was sent, for whatever reason.
func (s *TargetStats) Dropped() uint64 {
	return s.Limited + s.QueueFull + s.SampledOut + s.Unsupported + s.Filtered
}

// Rate is the answered requests per second of Elapsed.
func (s *TargetStats) Rate() float64 {
	if s.Elapsed <= 0 {
		return 0
	}
	return float64(s.Answered) / s.Elapsed.Seconds()
}

// Codes are the status codes seen, in order.
func (s *TargetStats) Codes() []int { return slices.Sorted(maps.Keys(s.Status)) }

// All yields every counter and gauge by name; status codes as answered_200.
func (s *TargetStats) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		ok := yield("received", s.Received) && yield("answered", s.Answered)
		for _, code := range s.Codes() {
			ok = ok && yield("answered_"+strconv.Itoa(code), s.Status[code])
		}
		ok = ok && yield("failed", s.FailedTotal())
		for kind, n := range s.Failed {
			ok = ok && yield("failed_"+failureNames[kind], n)
		}
		_ = ok && yield("limited", s.Limited) && yield("queue_full", s.QueueFull) &&
			yield("sampled_out", s.SampledOut) && yield("unsupported", s.Unsupported) &&
			yield("filtered", s.Filtered) && yield("open", s.Open()) &&
			yield("queue", uint64(s.Queue)) && yield("in_flight", uint64(s.InFlight))
	}
}

// Interval is what happened between two results of Forwarder.Stats; before may
// be nil, for the time since the start. Queue, InFlight and Failing are now's.
func Interval(now, before []TargetStats) []TargetStats {
	diff := make([]TargetStats, len(now))
	for i := range now {
		diff[i] = now[i]
		if i < len(before) {
			diff[i].subtract(&before[i])
		}
	}
	return diff
}

func (s *TargetStats) subtract(before *TargetStats) {
	s.Elapsed -= before.Elapsed
	s.Received -= before.Received
	s.Answered -= before.Answered
	s.Limited -= before.Limited
	s.QueueFull -= before.QueueFull
	s.SampledOut -= before.SampledOut
	s.Unsupported -= before.Unsupported
	s.Filtered -= before.Filtered
	for kind := range s.Failed {
		s.Failed[kind] -= before.Failed[kind]
	}
	status := make(map[int]uint64, len(s.Status))
	for code, n := range s.Status {
		if n -= before.Status[code]; n > 0 {
			status[code] = n
		}
	}
	s.Status = status
	s.Latency = s.Latency.since(&before.Latency)
}

// counts are a target's own accounts; its lock guards them.
type counts struct {
	received, answered, limited, queueFull uint64
	sampledOut, unsupported, filtered      uint64
	inFlight                               int
	status                                 map[int]uint64
	failed                                 [failures]uint64
	latency                                Histogram
}

// stats copies the target's accounts.
func (t *target) stats(s *TargetStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.counts
	*s = TargetStats{
		Target: t.name, Elapsed: time.Duration(t.now()),
		Received: c.received, Answered: c.answered, Status: maps.Clone(c.status), Failed: c.failed,
		Limited: c.limited, QueueFull: c.queueFull, SampledOut: c.sampledOut,
		Unsupported: c.unsupported, Filtered: c.filtered,
		Queue: t.buf.count, QueueBytes: t.buf.cost, InFlight: c.inFlight, Failing: t.backoff.failing,
		Latency: c.latency,
	}
}

// limit is the limit as it is written behind the URL.
func (s *TargetSpec) limit() string {
	switch {
	case s.Rate > 0:
		return "|" + strconv.Itoa(s.Rate)
	case s.Percent > 0:
		return "|" + strconv.FormatFloat(s.Percent, 'g', -1, 64) + "%"
	}
	return ""
}
