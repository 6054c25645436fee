package report

import (
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"time"

	"gor/forward"
	"gor/forward/hist"
)

// latencyBuckets are the upper bounds of the histograms that Prometheus gets.
var latencyBuckets = []time.Duration{
	500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// histograms yields the declared histograms of a target's accounts, in the order of
// the fields.
func histograms(s *forward.TargetStats) iter.Seq2[*declaration, *hist.Histogram] {
	v := reflect.ValueOf(s).Elem()
	return func(yield func(*declaration, *hist.Histogram) bool) {
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.Type != reflect.TypeFor[hist.Histogram]() {
				continue
			}
			d := readTags(f)[0]
			if !yield(&d, v.FieldByIndex(f.Index).Addr().Interface().(*hist.Histogram)) {
				return
			}
		}
	}
}

// appendHistograms appends the histograms of how long things took; labels names
// each target.
func appendHistograms(dst []byte, stats []forward.TargetStats, labels []string) []byte {
	for d := range histograms(new(forward.TargetStats)) {
		name := "gor_replay_" + d.metric
		dst = appendFamily(dst, name, "histogram", d.metricHelp())
		for i := range stats {
			for e, h := range histograms(&stats[i]) {
				if e.name == d.name {
					dst = appendHistogram(dst, name, labels[i], h)
				}
			}
		}
	}
	return dst
}

// appendHistogram appends the samples of one histogram.
func appendHistogram(dst []byte, name, label string, h *hist.Histogram) []byte {
	for _, le := range latencyBuckets {
		dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"%s\"} %d\n", name, label,
			strconv.FormatFloat(le.Seconds(), 'f', -1, 64), h.Below(le))
	}
	dst = fmt.Appendf(dst, "%s_bucket{%s,le=\"+Inf\"} %d\n", name, label, h.Count())
	dst = fmt.Appendf(dst, "%s_sum{%s} %s\n", name, label, strconv.FormatFloat(h.Sum().Seconds(), 'f', -1, 64))
	return fmt.Appendf(dst, "%s_count{%s} %d\n", name, label, h.Count())
}
