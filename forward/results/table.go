package results

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gor/forward/hist"
)

const (
	tableWidth  = 100 // columns at most
	tableRoutes = 20  // of a target; all are in the reports
)

// AppendTable appends what people read at the end of a run: for each target what
// became of the requests, how long they took, why they were late, and its routes.
// No line takes more than 100 columns.
func AppendTable(dst []byte, r *Run) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests read in %s, %s", r.Read, duration(r.Elapsed), r.Pace)
	if cut := r.Cut(); cut != "" {
		b.WriteString("; " + cut)
	}
	b.WriteByte('\n')
	for i := range r.Targets {
		r.writeTarget(&b, &r.Targets[i])
	}
	return AppendComparison(append(dst, b.String()...), r)
}

// AppendComparison appends what comparing the responses came to, if they were compared,
// and what the thresholds say: all that people read of live traffic beside the accounts.
func AppendComparison(dst []byte, r *Run) []byte {
	if r.Comparison != nil {
		dst = r.Comparison.AppendText(append(dst, '\n'), tableWidth)
	}
	var b strings.Builder
	if r.Comparison != nil && len(r.Verdict.Findings) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range r.Verdict.Findings {
		state := "ok"
		if f.Exceeded {
			state = "EXCEEDED"
		}
		writeLine(&b, fmt.Sprintf("%-8s  %s: %s at %s", state, f.Threshold, f.Value, f.Target))
	}
	return append(dst, b.String()...)
}

func (r *Run) writeTarget(b *strings.Builder, t *Target) {
	b.WriteByte('\n')
	writeLine(b, t.Name)
	writeWords(b, "requests", append([]string{
		fmt.Sprintf("started=%d", t.Started()), fmt.Sprintf("answered=%d", t.Answered), fmt.Sprintf("failed=%d", t.FailedTotal()),
	}, t.notStarted()...))
	if ends := t.ends(); len(ends) > 0 {
		writeWords(b, "ends", append(ends, fmt.Sprintf("errors=%s", percent(t.ErrorShare()))))
	}
	if s := &t.Sessions; s.SessionsSwapped+s.SessionsUnknown > 0 {
		writeWords(b, "sessions", []string{fmt.Sprintf("swapped=%d", s.SessionsSwapped), fmt.Sprintf("unknown=%d", s.SessionsUnknown)})
	}
	if t.Started() == 0 {
		return
	}
	writeWords(b, "rate", []string{rate(perSecond(t.Started(), r.Elapsed)) + " per second"})
	b.WriteByte('\n')
	rows := [][]string{{"", "p50", "p90", "p99", "p99.9", "max", ""}}
	if r.HasTimes {
		rows = append(rows, quantiles("latency", &t.Latency, "since a request was due"))
	}
	rows = append(rows, quantiles("service time", &t.Service, "since it was sent"))
	if r.HasTimes {
		rows = append(rows,
			quantiles("late: target", &t.Late.Target, "it waited for the target"),
			quantiles("late: limit", &t.Late.Limit, "it waited for the target's limit"),
			quantiles("late: gor", &t.Late.Own, "it waited for gor itself"))
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row == nil })
	writeRows(b, rows)
	b.WriteByte('\n')
	t.writeRoutes(b)
}

// notStarted are the fates of the requests that were not started, but those that none had.
func (t *Target) notStarted() (words []string) {
	for _, fate := range []struct {
		name string
		n    uint64
	}{{"sampled_out", t.SampledOut}, {"filtered", t.Filtered}, {"unsupported", t.Unsupported}, {"skipped", t.Skipped}} {
		if fate.n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", fate.name, fate.n))
		}
	}
	return words
}

// ends are the status codes and the kinds of failure that there were.
func (t *Tally) ends() (words []string) {
	for _, code := range t.Codes() {
		words = append(words, fmt.Sprintf("%d=%d", code, t.Status[code]))
	}
	for kind, name := range t.Failed.Names() {
		if n := t.Failed[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%s=%d", name, n))
		}
	}
	return words
}

// quantiles is a row of the table of times; nil if all of them were nothing.
func quantiles(name string, h *hist.Histogram, says string) []string {
	if h.Max() == 0 {
		return nil
	}
	row := []string{name}
	for _, q := range []float64{.5, .9, .99, .999} {
		row = append(row, duration(h.Quantile(q)))
	}
	return append(row, duration(h.Max()), says)
}

// writeRoutes writes the table of the routes with the most requests.
func (t *Target) writeRoutes(b *strings.Builder) {
	rows := [][]string{{"requests", "errors", "p50", "p99", "max", "route"}}
	for i := range t.Routes[:min(len(t.Routes), tableRoutes)] {
		route := &t.Routes[i]
		rows = append(rows, []string{
			fmt.Sprint(route.Started()), percent(route.ErrorShare()), duration(route.Latency.Quantile(.5)),
			duration(route.Latency.Quantile(.99)), duration(route.Latency.Max()), route.Name,
		})
	}
	if more := len(t.Routes) - tableRoutes; more > 0 {
		rows = append(rows, []string{"", "", "", "", "", fmt.Sprintf("and %d routes more: --report FILE.html has them", more)})
	}
	writeRows(b, rows)
}

// writeRows writes a table with two blanks before each column; numbers are on the
// right of theirs, the last column and one that begins with a name on the left.
func writeRows(b *strings.Builder, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-columns(cell))
			switch {
			case i == len(row)-1:
				line.WriteString("  " + cell)
			case i == 0 && rows[0][0] == "":
				line.WriteString("  " + cell + pad)
			default:
				line.WriteString("  " + pad + cell)
			}
		}
		writeLine(b, line.String())
	}
}

// writeWords writes a name and words, in as many lines as they take.
func writeWords(b *strings.Builder, name string, words []string) {
	line := fmt.Sprintf("  %-12s", name)
	empty := line
	for _, word := range words {
		if line != empty && columns(line)+1+columns(word) > tableWidth {
			writeLine(b, line)
			line = fmt.Sprintf("  %-12s", "")
		}
		line += " " + word
	}
	writeLine(b, line)
}

// writeLine writes a line that is cut to the width.
func writeLine(b *strings.Builder, line string) {
	b.WriteString(shorten(strings.TrimRight(line, " "), tableWidth) + "\n")
}

// A Moment is how a run goes, for a line on a terminal.
type Moment struct {
	Done     uint64        // requests with a response, or that failed, at all targets
	Rate     float64       // of those per second, lately
	InFlight int           // at all targets
	Left     time.Duration // until the end, as far as anybody knows; 0: nobody does
	P50, P99 time.Duration // of the latency, lately
	Lag      time.Duration // the longest lately, whatever the cause
	Cause    string        // of Lag: target, limit or gor
	Errors   uint64        // so far

	Compared, Different uint64 // responses so far, at all targets
}

// ProgressLine is a line of at most width columns: what does not fit is left out,
// the less important first.
func (m *Moment) ProgressLine(width int) string {
	parts := []string{fmt.Sprintf("%d done", m.Done), rate(m.Rate) + "/s"}
	if m.Left > 0 {
		parts = append(parts, clock(m.Left)+" left")
	}
	if m.Errors > 0 {
		parts = append(parts, fmt.Sprintf("%d errors", m.Errors))
	}
	if m.Compared > 0 {
		parts = append(parts, percent(share(m.Different, m.Compared))+" different")
	}
	parts = append(parts, fmt.Sprintf("p50 %s p99 %s", duration(m.P50), duration(m.P99)))
	if m.Lag > 0 {
		parts = append(parts, fmt.Sprintf("late %s (%s)", duration(m.Lag), m.Cause))
	}
	parts = append(parts, fmt.Sprintf("%d in flight", m.InFlight))
	line := shorten(parts[0], width)
	for _, part := range parts[1:] {
		if columns(line)+2+columns(part) > width {
			break
		}
		line += ", " + part
	}
	return line
}

// clock writes a time to go as 0:35, 12:07 or 1:02:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
