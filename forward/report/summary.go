package report

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"gor/forward"
)

// appendSummary appends the final accounts for people: a few lines for each
// group, and a table of the targets.
func (r *Reporter) appendSummary(dst []byte, s Snapshot) []byte {
	for _, g := range s.Groups {
		dst = r.appendGroup(dst, g, s.Words[g.Name])
	}
	if len(s.Targets) > 0 {
		dst = r.appendTargets(dst, s.Targets)
	}
	return dst
}

// appendGroup writes a group's words, if it has any, and its counters, but for the
// zeros, in lines of readable length.
func (r *Reporter) appendGroup(out []byte, g Group, words string) []byte {
	const width = 100
	line := fmt.Sprintf("  %-9s", g.Name)
	if words != "" {
		out = append(append(append(out, line...), " "+words...), '\n')
		line = fmt.Sprintf("  %-9s", "")
	}
	empty := len(line)
	for d, n := range r.declared.counters(g.Stats) {
		if n == 0 {
			continue
		}
		item := fmt.Sprintf(" %s=%d", d.name, n)
		if len(line)+len(item) > width {
			out = append(append(out, line...), '\n')
			line = fmt.Sprintf("  %-9s", "")
		}
		line += item
	}
	if len(line) == empty {
		line += " nothing"
	}
	return append(append(out, line...), '\n')
}

// appendTargets appends a table of the targets' accounts, with the status codes
// and kinds of failure below. A fate that no request had has no column.
func (r *Reporter) appendTargets(dst []byte, stats []forward.TargetStats) []byte {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "received\tanswered\tfailed\t")
	drops := r.drops(stats)
	for d := range r.declared.declarations(reflect.TypeFor[forward.TargetStats]()) {
		if drops[d.name] {
			fmt.Fprint(w, d.name, "\t")
		}
	}
	fmt.Fprint(w, "open\tper s\tp50\tp90\tp99\tmax\twait p50\twait p99\t  target\n")
	for i := range stats {
		s := &stats[i]
		fmt.Fprintf(w, "%d\t%d\t%d\t", s.Received, s.Answered, s.FailedTotal())
		for d, n := range r.declared.counters(s) {
			if drops[d.name] {
				fmt.Fprintf(w, "%d\t", n)
			}
		}
		fmt.Fprintf(w, "%d\t%s\t", s.Open(), formatRate(s.Rate()))
		for _, q := range []float64{.5, .9, .99} {
			fmt.Fprintf(w, "%s\t", formatLatency(s.Latency.Quantile(q)))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t  %s\n", formatLatency(s.Latency.Max()),
			formatLatency(s.Wait.Quantile(.5)), formatLatency(s.Wait.Quantile(.99)), s.Target)
	}
	w.Flush()
	for i := range stats {
		r.writeEnds(&b, &stats[i])
	}
	return append(dst, b.String()...)
}

// drops are the names of the fates that requests had which were never sent.
func (r *Reporter) drops(stats []forward.TargetStats) map[string]bool {
	had := map[string]bool{}
	for i := range stats {
		for d, n := range r.declared.counters(&stats[i]) {
			if n > 0 && d.isDrop() {
				had[d.name] = true
			}
		}
	}
	return had
}

// isDrop reports whether d counts requests that were never sent to a target:
// those are the fates that the status codes and the kinds of failure do not show.
func (d *declaration) isDrop() bool { return d.label == "fate" && d.line != "no" }

// writeEnds writes how a target's requests ended that were sent: a line with the
// status codes and the kinds of failure.
func (r *Reporter) writeEnds(b *strings.Builder, s *forward.TargetStats) {
	if s.Answered+s.FailedTotal() == 0 {
		return
	}
	b.WriteString(s.Target + ":")
	for d, n := range r.declared.counters(s) {
		if n > 0 && (d.label == "code" || d.label == "kind") {
			fmt.Fprintf(b, " %s=%d", d.element, n)
		}
	}
	b.WriteByte('\n')
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
