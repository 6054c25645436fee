package forward

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// AppendLine appends one line, without a line end, that says how the targets
// do: for the log, or a terminal. It is meant for an Interval.
func AppendLine(dst []byte, stats []TargetStats) []byte {
	for i := range stats {
		s := &stats[i]
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = fmt.Appendf(dst, "%s %s/s", s.Target, formatRate(s.Rate()))
		for _, code := range s.Codes() {
			dst = fmt.Appendf(dst, " %d=%d", code, s.Status[code])
		}
		dst = appendNonZero(dst, s)
		if s.Latency.Count() > 0 {
			dst = fmt.Appendf(dst, " p50=%s p90=%s p99=%s max=%s", formatLatency(s.Latency.Quantile(.5)),
				formatLatency(s.Latency.Quantile(.9)), formatLatency(s.Latency.Quantile(.99)), formatLatency(s.Latency.Max()))
		}
		dst = fmt.Appendf(dst, " queue=%d in_flight=%d", s.Queue, s.InFlight)
		if s.Failing {
			dst = append(dst, " FAILING"...)
		}
	}
	return dst
}

// appendNonZero appends the failures and drops that there are.
func appendNonZero(dst []byte, s *TargetStats) []byte {
	for kind, n := range s.Failed {
		if n > 0 {
			dst = fmt.Appendf(dst, " %s=%d", Failure(kind), n)
		}
	}
	for _, c := range s.drops() {
		if c.n > 0 {
			dst = fmt.Appendf(dst, " %s=%d", c.name, c.n)
		}
	}
	return dst
}

type namedCount struct {
	name string
	n    uint64
}

// drops are the fates of requests that were never sent.
func (s *TargetStats) drops() []namedCount {
	return []namedCount{
		{"limited", s.Limited}, {"queue_full", s.QueueFull}, {"sampled_out", s.SampledOut},
		{"unsupported", s.Unsupported}, {"filtered", s.Filtered},
	}
}

// AppendTable appends a table of the targets' accounts, with the status codes
// and kinds of failure below.
func AppendTable(dst []byte, stats []TargetStats) []byte {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "received\tanswered\tfailed\t")
	var none TargetStats
	for _, c := range none.drops() {
		fmt.Fprint(w, c.name, "\t")
	}
	fmt.Fprint(w, "open\tper s\tp50\tp90\tp99\tmax\t  target\n")
	for i := range stats {
		s := &stats[i]
		fmt.Fprintf(w, "%d\t%d\t%d\t", s.Received, s.Answered, s.FailedTotal())
		for _, c := range s.drops() {
			fmt.Fprintf(w, "%d\t", c.n)
		}
		fmt.Fprintf(w, "%d\t%s\t", s.Open(), formatRate(s.Rate()))
		for _, q := range []float64{.5, .9, .99} {
			fmt.Fprintf(w, "%s\t", formatLatency(s.Latency.Quantile(q)))
		}
		fmt.Fprintf(w, "%s\t  %s\n", formatLatency(s.Latency.Max()), s.Target)
	}
	w.Flush()
	for i := range stats {
		s := &stats[i]
		if s.Answered+s.FailedTotal() == 0 {
			continue
		}
		b.WriteString(s.Target + ":")
		for _, code := range s.Codes() {
			fmt.Fprintf(&b, " %d=%d", code, s.Status[code])
		}
		for kind, n := range s.Failed {
			if n > 0 {
				fmt.Fprintf(&b, " %s=%d", Failure(kind), n)
			}
		}
		b.WriteByte('\n')
	}
	return append(dst, b.String()...)
}

func formatRate(r float64) string {
	if r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return strconv.FormatFloat(r, 'f', 0, 64)
}

// formatLatency writes three digits or so: 85µs, 1.25ms, 12.5ms, 1.2s.
func formatLatency(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}
