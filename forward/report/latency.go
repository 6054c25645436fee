package report

import (
	"fmt"
	"strconv"
	"time"

	"gor/forward"
)

// latencyBuckets are the upper bounds of the latency histogram that Prometheus
// gets.
var latencyBuckets = []time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// appendLatency appends the histogram of how long the targets' responses took;
// labels names each target.
func appendLatency(dst []byte, stats []forward.TargetStats, labels []string) []byte {
	const name = "gor_replay_request_duration_seconds"
	dst = appendFamily(dst, name, "histogram", "Time from sending a request to the end of its response. Unit: seconds.")
	for i := range stats {
		h := &stats[i].Latency
		for _, le := range latencyBuckets {
			dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels[i],
				strconv.FormatFloat(le.Seconds(), 'f', -1, 64), h.Below(le))
		}
		dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, labels[i], h.Count())
		dst = fmt.Appendf(dst, "%s_sum{%s} %s\n", name, labels[i], strconv.FormatFloat(h.Sum().Seconds(), 'f', -1, 64))
		dst = fmt.Appendf(dst, "%s_count{%s} %d\n", name, labels[i], h.Count())
	}
	return dst
}
