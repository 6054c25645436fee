package results

import (
	"fmt"
	"io"
	"time"

	"gor/forward/hist"
)

// writeHGRM writes the latency at all targets as HdrHistogram's percentile
// distribution, in milliseconds.
func writeHGRM(w io.Writer, r *Run) error {
	var h hist.Histogram
	for i := range r.Targets {
		h.Merge(&r.Targets[i].Latency)
	}
	const line = "%12.3f %14.12f %10d %14.2f\n"
	out := fmt.Appendf(nil, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)")
	var seen uint64
	for b := range h.Buckets() {
		seen += b.Count
		if seen == h.Count() {
			break
		}
		share := float64(seen) / float64(h.Count())
		out = fmt.Appendf(out, line, milliseconds(b.Highest), share, seen, 1/(1-share))
	}
	if h.Count() > 0 {
		out = fmt.Appendf(out, "%12.3f %14.12f %10d %14s\n", milliseconds(h.Max()), 1., h.Count(), "Infinity")
	}
	out = fmt.Appendf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", milliseconds(h.Mean()), milliseconds(h.StdDev()))
	out = fmt.Appendf(out, "#[Max     = %12.3f, Total count    = %12d]\n", milliseconds(h.Max()), h.Count())
	out = fmt.Appendf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n", hist.Octaves, hist.SubBuckets)
	_, err := w.Write(out)
	return err
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }
