package forward

import (
	"maps"
	"slices"
	"time"

	"gor/forward/hist"
)

// A Failure is why a request that was sent, or tried to be, has no response.
type Failure uint8

// The kinds of failure.
const (
	FailRefused  Failure = iota // no connection: refused, unreachable
	FailTimeout                 // connecting, the response or the whole exchange took too long
	FailReset                   // the connection ended before the response did
	FailDNS                     // the name has no address
	FailTLS                     // the handshake failed
	FailProtocol                // the response is not HTTP
	failures
)

// failureTable declares each kind of failure to the accounts.
var failureTable = [failures]struct{ name, help string }{
	FailRefused:  {"refused", "Requests for which there was no connection: refused or unreachable."},
	FailTimeout:  {"timeout", "Requests for which connecting, the response or the whole exchange took too long."},
	FailReset:    {"reset", "Requests whose connection ended before the response did."},
	FailDNS:      {"dns", "Requests to a name without an address."},
	FailTLS:      {"tls", "Requests for which the TLS handshake failed."},
	FailProtocol: {"protocol", "Requests to which the response is not HTTP."},
}

// String is the kind's name in accounts and metrics.
func (f Failure) String() string {
	if f < failures {
		return failureTable[f].name
	}
	return "unknown"
}

// isAlive reports whether a target that a request fails at in this way is up.
func (f Failure) isAlive() bool { return f == FailReset || f == FailProtocol }

// Failures counts requests that have no response, indexed by Failure.
type Failures [failures]uint64

// Names returns each kind's name in the accounts.
func (Failures) Names() []string {
	all := make([]string, failures)
	for i := range all {
		all[i] = failureTable[i].name
	}
	return all
}

// Trouble is what every failure is.
func (Failures) Trouble(int) bool { return true }

// Help says what the accounts count under Failure i.
func (Failures) Help(i int) string { return failureTable[i].help }

// TargetStats are the accounts of one target over Elapsed. At every moment
//
//	Received = Answered + sum(Failed) + Limited + QueueFull + SampledOut +
//	           Unsupported + Filtered + Stopped + Open
//
// holds exactly, where Open is what waits or is in flight.
//
// Each counter's field carries its declaration: the name, unit and meaning that
// every output shows. The labels fate, code and kind say which of the metrics'
// families it is a part of: fate for the ends of a request, code for responses by
// status code, kind for failures. See package report for the tags.
type TargetStats struct {
	Target  string        // its URL; no two are equal: the second of the same is URL#2
	Limit   Limit         // now
	Elapsed time.Duration // the time these accounts cover

	// --- What became of the requests.

	Received    uint64         `name:"received" unit:"requests" help:"Requests offered to the target."`
	Answered    uint64         `name:"answered" unit:"requests" label:"fate" line:"no" help:"Requests with a response of any status that was read to its end or bound."`
	Status      map[int]uint64 `name:"answered_%s" unit:"responses" label:"code" help:"Responses by status code."`
	Failed      Failures       `name:"failed_%s" unit:"requests" label:"kind"`
	Limited     uint64         `name:"limited" unit:"requests" label:"fate" help:"Requests over the limit of requests a second, or that came in a pause, and over the buffer or the longest wait."`
	QueueFull   uint64         `name:"queue_full" unit:"requests" label:"fate" trouble:"yes" help:"Requests for which the buffer was full or the wait too long, because the target was slow or down."`
	SampledOut  uint64         `name:"sampled_out" unit:"requests" label:"fate" help:"Requests of users, or connections, outside the target's share."`
	Unsupported uint64         `name:"unsupported" unit:"requests" label:"fate" trouble:"yes" help:"Requests that cannot be sent as they were captured."`
	Filtered    uint64         `name:"filtered" unit:"requests" label:"fate" help:"Requests that a filter took out."`
	Stopped     uint64         `name:"stopped" unit:"requests" label:"fate" help:"Requests that waited or were in flight when the command had stopped and its time for delivery was over."`

	// --- Now.

	Queue      int   `name:"queue" metric:"queue_requests" unit:"requests" kind:"gauge" line:"yes" help:"Requests that wait for their turn."`
	QueueBytes int64 `name:"queue_bytes" unit:"bytes" kind:"gauge" help:"Memory of the requests that wait or are in flight."`
	InFlight   int   `name:"in_flight" metric:"in_flight_requests" unit:"requests" kind:"gauge" line:"yes" help:"Requests sent whose response is not complete yet."`
	Failing    bool  `name:"failing" metric:"target_failing" unit:"boolean" kind:"gauge" help:"1 while the target fails and is probed."`

	LimitRate  int  `name:"limit_rate" metric:"target_limit_requests_per_second" unit:"requests per second" kind:"gauge" help:"The limit of requests a second; 0: there is none."`
	LimitShare int  `name:"share_ppm" metric:"target_share_ppm" unit:"ppm" kind:"gauge" help:"The share that is replayed, of users, connections or requests."`
	Paused     bool `name:"paused" metric:"target_paused" unit:"boolean" kind:"gauge" help:"1 while the target is paused."`

	// --- How long it took.

	Latency hist.Histogram `name:"latency" metric:"request_duration_seconds" unit:"seconds" help:"Time from sending a request to the end of its response."`
	Wait    hist.Histogram `name:"wait" metric:"wait_duration_seconds" unit:"seconds" help:"Time that requests waited for their turn, of those whose turn came."`

	// --- Beside the users' requests.

	EchoStats
	SessionStats
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

// Dropped is what was not sent, for whatever reason, and what was broken off by
// the end of the command.
func (s *TargetStats) Dropped() uint64 {
	return s.Limited + s.QueueFull + s.SampledOut + s.Unsupported + s.Filtered + s.Stopped
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
	s.Stopped -= before.Stopped
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
	s.EchoStats.subtract(&before.EchoStats)
	s.SessionStats.subtract(&before.SessionStats)
	s.Latency, s.Wait = s.Latency.Since(&before.Latency), s.Wait.Since(&before.Wait)
}

// counts are a target's own accounts; its lock guards them.
type counts struct {
	received, answered, limited, queueFull uint64
	sampledOut, unsupported, filtered      uint64
	stopped                                uint64
	inFlight                               int
	status                                 map[int]uint64
	failed                                 Failures
	latency, wait                          hist.Histogram
}

// stats copies the target's accounts.
func (t *target) stats(s *TargetStats) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &t.counts
	*s = TargetStats{
		Target: t.name, Limit: t.gate.limit, Elapsed: time.Duration(t.now()),
		LimitRate: t.gate.limit.Rate, LimitShare: t.gate.limit.ppm(), Paused: t.gate.paused,
		Received: c.received, Answered: c.answered, Status: maps.Clone(c.status), Failed: c.failed,
		Limited: c.limited, QueueFull: c.queueFull, SampledOut: c.sampledOut,
		Unsupported: c.unsupported, Filtered: c.filtered, Stopped: c.stopped,
		Queue: t.queues.waiting() - t.echoes.waiting(), QueueBytes: t.queues.live.cost + t.queues.patient.cost, InFlight: c.inFlight - t.echoes.inFlight, Failing: t.backoff.failing,
		Latency: c.latency.Clone(), Wait: c.wait.Clone(), EchoStats: t.echoes.stats(),
		SessionStats: t.swaps.SessionStats,
	}
}
