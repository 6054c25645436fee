package results

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/hist"
)

// jsonVersion is the version of the JSON report's shape, which doc.go describes.
const jsonVersion = 1

type jsonRun struct {
	Version    int           `json:"gor_report"`
	Source     string        `json:"source"`
	Pace       string        `json:"pace"`
	HasTimes   bool          `json:"scheduled"`
	Loops      int           `json:"loops"`
	Began      time.Time     `json:"began"`
	Elapsed    time.Duration `json:"elapsed"`
	Read       uint64        `json:"read"`
	Whole      bool          `json:"whole"`
	Cut        bool          `json:"interrupted"`
	ExitStatus int           `json:"exit_status"`
	Thresholds []jsonFinding `json:"thresholds"`
	Targets    []jsonTarget  `json:"targets"`

	Comparison *compare.Report `json:"comparison,omitempty"`
}

type jsonFinding struct {
	Target    string `json:"target"`
	Threshold string `json:"threshold"`
	Value     string `json:"value"`
	Exceeded  bool   `json:"exceeded"`
}

type jsonTarget struct {
	Target   string            `json:"target"`
	Accounts map[string]uint64 `json:"accounts"`
	Sessions *jsonSessions     `json:"sessions,omitempty"`
	jsonTally
	Late     map[string]*jsonHist `json:"late"`
	Timeline jsonTimeline         `json:"timeline"`
	Routes   []jsonRoute          `json:"routes"`
}

type jsonSessions struct {
	Swapped uint64 `json:"swapped"`
	Unknown uint64 `json:"unknown"`
}

type jsonTally struct {
	Status   map[string]uint64 `json:"status"`
	Failures map[string]uint64 `json:"failures"`
	Errors   uint64            `json:"errors"`
	Latency  *jsonHist         `json:"latency"`
	Service  *jsonHist         `json:"service"`
}

type jsonRoute struct {
	Route   string `json:"route"`
	Started uint64 `json:"started"`
	jsonTally
}

type jsonTimeline struct {
	Width time.Duration `json:"width"`
	Slots []jsonSlot    `json:"slots"`
}

type jsonSlot struct {
	Due        uint64        `json:"due"`
	Errors     uint64        `json:"errors"`
	Ended      uint64        `json:"ended"`
	LatencyP50 time.Duration `json:"latency_p50"`
	LatencyP99 time.Duration `json:"latency_p99"`
	LatencyMax time.Duration `json:"latency_max"`
	ServiceP50 time.Duration `json:"service_p50"`
	ServiceP99 time.Duration `json:"service_p99"`
	LateTarget time.Duration `json:"late_target"`
	LateLimit  time.Duration `json:"late_limit"`
	LateOwn    time.Duration `json:"late_gor"`
}

type jsonHist struct {
	Count   uint64        `json:"count"`
	Min     time.Duration `json:"min"`
	Mean    time.Duration `json:"mean"`
	StdDev  time.Duration `json:"stddev"`
	P50     time.Duration `json:"p50"`
	P90     time.Duration `json:"p90"`
	P95     time.Duration `json:"p95"`
	P99     time.Duration `json:"p99"`
	P999    time.Duration `json:"p99.9"`
	P9999   time.Duration `json:"p99.99"`
	Max     time.Duration `json:"max"`
	Buckets [][2]uint64   `json:"buckets,omitempty"` // highest and count
}

// writeJSON writes the JSON report.
func writeJSON(w io.Writer, r *Run) error {
	j := jsonRun{
		Version: jsonVersion, Source: r.Source, Pace: r.Pace, HasTimes: r.HasTimes, Loops: r.Loops, Began: r.Began.UTC(), Elapsed: r.Elapsed,
		Read: r.Read, Whole: r.Whole, Cut: r.Interrupted, ExitStatus: r.Verdict.ExitStatus(), Thresholds: []jsonFinding{},
		Comparison: r.Comparison,
	}
	for _, f := range r.Verdict.Findings {
		j.Thresholds = append(j.Thresholds, jsonFinding(f))
	}
	for i := range r.Targets {
		j.Targets = append(j.Targets, jsonOfTarget(&r.Targets[i]))
	}
	return json.NewEncoder(w).Encode(&j)
}

func jsonOfTarget(t *Target) jsonTarget {
	j := jsonTarget{
		Target: t.Name, jsonTally: jsonOfTally(&t.Tally, true),
		Accounts: map[string]uint64{
			"started": t.Started(), "answered": t.Answered, "failed": t.FailedTotal(),
			"sampled_out": t.SampledOut, "filtered": t.Filtered, "unsupported": t.Unsupported, "skipped": t.Skipped,
		},
		Late: map[string]*jsonHist{
			"target": jsonOfHist(&t.Late.Target, true), "limit": jsonOfHist(&t.Late.Limit, true), "gor": jsonOfHist(&t.Late.Own, true),
		},
		Timeline: jsonTimeline{Width: t.Timeline.Width, Slots: []jsonSlot{}}, Routes: []jsonRoute{},
	}
	if s := t.Sessions; s != (forward.SessionStats{}) {
		j.Sessions = &jsonSessions{s.SessionsSwapped, s.SessionsUnknown}
	}
	for i := range t.Timeline.Slots {
		s := &t.Timeline.Slots[i]
		j.Timeline.Slots = append(j.Timeline.Slots, jsonSlot{
			Due: s.Due, Errors: s.Errors, Ended: s.Ended,
			LatencyP50: s.Latency.Quantile(.5), LatencyP99: s.Latency.Quantile(.99), LatencyMax: s.Latency.Max(),
			ServiceP50: s.Service.Quantile(.5), ServiceP99: s.Service.Quantile(.99),
			LateTarget: s.Late.Target, LateLimit: s.Late.Limit, LateOwn: s.Late.Own,
		})
	}
	for i := range t.Routes {
		route := &t.Routes[i]
		j.Routes = append(j.Routes, jsonRoute{Route: route.Name, Started: route.Started(), jsonTally: jsonOfTally(&route.Tally, false)})
	}
	return j
}

func jsonOfTally(t *Tally, buckets bool) jsonTally {
	j := jsonTally{
		Status: map[string]uint64{}, Failures: map[string]uint64{}, Errors: t.Errors(),
		Latency: jsonOfHist(&t.Latency, buckets), Service: jsonOfHist(&t.Service, buckets),
	}
	for code, n := range t.Status {
		j.Status[strconv.Itoa(code)] = n
	}
	for kind, name := range t.Failed.Names() {
		if n := t.Failed[kind]; n > 0 {
			j.Failures[name] = n
		}
	}
	return j
}

func jsonOfHist(h *hist.Histogram, buckets bool) *jsonHist {
	j := &jsonHist{
		Count: h.Count(), Min: h.Min(), Mean: h.Mean(), StdDev: h.StdDev(), P50: h.Quantile(.5), P90: h.Quantile(.9), P95: h.Quantile(.95),
		P99: h.Quantile(.99), P999: h.Quantile(.999), P9999: h.Quantile(.9999), Max: h.Max(),
	}
	if buckets {
		j.Buckets = [][2]uint64{}
		for b := range h.Buckets() {
			j.Buckets = append(j.Buckets, [2]uint64{uint64(b.Highest), b.Count})
		}
	}
	return j
}
