package forward

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// metricBuckets are the upper bounds of the latency histogram that Prometheus
// gets.
var metricBuckets = []time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// AppendMetrics appends the accounts since the start in Prometheus' text
// exposition format, version 0.0.4.
func AppendMetrics(dst []byte, stats []TargetStats) []byte {
	labels := make([]string, len(stats))
	for i := range stats {
		labels[i] = `target="` + escapeLabel(stats[i].Target) + `"`
	}
	family := func(name, kind, help string, samples func(s *TargetStats, sample func(label string, v float64))) {
		dst = fmt.Appendf(dst, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
		for i := range stats {
			samples(&stats[i], func(label string, v float64) {
				dst = append(append(append(dst, name...), '{'), labels[i]...)
				if label != "" {
					dst = append(append(dst, ','), label...)
				}
				dst = append(dst, "} "...)
				dst = append(strconv.AppendFloat(dst, v, 'f', -1, 64), '\n')
			})
		}
	}
	gauge := func(name, help string, value func(*TargetStats) float64) {
		family(name, "gauge", help, func(s *TargetStats, sample func(string, float64)) { sample("", value(s)) })
	}

	family("gor_replay_received_total", "counter", "Requests offered to the target.",
		func(s *TargetStats, sample func(string, float64)) { sample("", float64(s.Received)) })
	family("gor_replay_requests_total", "counter", "Requests by what became of them.",
		func(s *TargetStats, sample func(string, float64)) {
			sample(`fate="answered"`, float64(s.Answered))
			sample(`fate="failed"`, float64(s.FailedTotal()))
			for _, c := range s.drops() {
				sample(`fate="`+c.name+`"`, float64(c.n))
			}
		})
	family("gor_replay_responses_total", "counter", "Answers by status code.",
		func(s *TargetStats, sample func(string, float64)) {
			for _, code := range s.Codes() {
				sample(`code="`+strconv.Itoa(code)+`"`, float64(s.Status[code]))
			}
		})
	family("gor_replay_failures_total", "counter", "Requests without an answer by kind of failure.",
		func(s *TargetStats, sample func(string, float64)) {
			for kind, n := range s.Failed {
				sample(`kind="`+Failure(kind).String()+`"`, float64(n))
			}
		})
	gauge("gor_replay_queue_requests", "Requests that wait for their turn.", func(s *TargetStats) float64 { return float64(s.Queue) })
	gauge("gor_replay_queue_bytes", "Memory of the requests that wait or are in flight.", func(s *TargetStats) float64 { return float64(s.QueueBytes) })
	gauge("gor_replay_in_flight_requests", "Requests sent and not yet answered.", func(s *TargetStats) float64 { return float64(s.InFlight) })
	gauge("gor_replay_target_failing", "1 while the target fails and is probed.", func(s *TargetStats) float64 {
		if s.Failing {
			return 1
		}
		return 0
	})
	return appendLatency(dst, stats, labels)
}

func appendLatency(dst []byte, stats []TargetStats, labels []string) []byte {
	const name = "gor_replay_request_duration_seconds"
	dst = append(dst, "# HELP "+name+" Time from sending a request to the end of its answer.\n# TYPE "+name+" histogram\n"...)
	for i := range stats {
		h := &stats[i].Latency
		for _, le := range metricBuckets {
			dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels[i],
				strconv.FormatFloat(le.Seconds(), 'f', -1, 64), h.below(le))
		}
		dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, labels[i], h.Count())
		dst = fmt.Appendf(dst, "%s_sum{%s} %s\n", name, labels[i], strconv.FormatFloat(h.Sum().Seconds(), 'f', -1, 64))
		dst = fmt.Appendf(dst, "%s_count{%s} %d\n", name, labels[i], h.Count())
	}
	return dst
}

func escapeLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
