package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/hist"
	"gor/forward/report/screen"
)

// viewTarget is how a target's line is laid out: its name, how many responses a second,
// the median and the 99th percentile of their time and of that in the queue, which share differs from what it is
// compared with, since the start (with a question mark where that is not known of most), and what the responses were. The last is cut where the terminal ends.
const viewTarget = "%-20s %7s  %-13s  %-13s  %s"

// targets are the lines of the targets, as many as there is room for.
func (v *view) targets(stats []forward.TargetStats, compared []compare.Fates, room int) []screen.Line {
	if len(stats) == 0 || room < 2 {
		return nil
	}
	lines := []screen.Line{{
		Text:  fmt.Sprintf(viewTarget, "target", "req/s", "p50/p99", "queue p50/p99", "responses"),
		Style: screen.Faint,
	}}
	for i := range stats {
		if len(lines) == room-1 && i < len(stats)-1 {
			return append(lines, screen.Line{Text: fmt.Sprintf("and %d more", len(stats)-i), Style: screen.Faint})
		}
		t, differ := &stats[i], ""
		if i < len(compared) {
			differ = briefCompared(&compared[i])
		}
		line := screen.Line{Text: fmt.Sprintf(viewTarget, screen.Fit(shortName(t), 20), formatCount(t.Rate()),
			formatQuantiles(&t.Latency), formatQuantiles(&t.Wait), differ+v.ends(t))}
		if t.Failing {
			line.Style = screen.Bad
		}
		lines = append(lines, line)
	}
	return lines
}

// shortName is a target as a flag may have it: without http://, with its limit.
func shortName(t *forward.TargetStats) string {
	name := strings.TrimPrefix(t.Target, "http://")
	if t.Limit != (forward.Limit{}) {
		name += "|" + t.Limit.String()
	}
	return name
}

// ends says how a target's requests ended lately, the worst first, since the terminal may
// end: the share of each kind of failure and status code, what was not sent, and what waits.
func (v *view) ends(t *forward.TargetStats) string {
	var failures, codes, rest []string
	sent := t.Answered + t.FailedTotal()
	for d, n := range v.declared.counters(t) {
		switch {
		case n == 0:
		case d.label == "kind":
			failures = append(failures, d.element+formatShare(n, sent))
		case d.label == "code":
			codes = append(codes, d.element+formatShare(n, sent))
		case d.isDrop() || d.line == "yes":
			rest = append(rest, d.name+" "+formatCount(float64(n)))
		}
	}
	slices.Reverse(codes)
	if all := slices.Concat(failures, codes, rest); all != nil {
		return strings.Join(all, " ")
	}
	return "-"
}

// formatShare is a part of all in percent, behind a blank; nothing, if it is all.
func formatShare(n, all uint64) string {
	percent := 100 * float64(n) / float64(all)
	switch {
	case n == all:
		return ""
	case percent < 1:
		return " <1%"
	case percent > 99:
		return " >99%"
	}
	return " " + strconv.FormatFloat(percent, 'f', 0, 64) + "%"
}

// formatQuantiles is a histogram's median and 99th percentile.
func formatQuantiles(h *hist.Histogram) string {
	if h.Count() == 0 {
		return "-"
	}
	return formatBrief(h.Quantile(.5)) + "/" + formatBrief(h.Quantile(.99))
}

// formatBrief writes a time in six columns at most: 85us, 1.25ms, 12.5ms, 125ms, 1.2s, 61s.
func formatBrief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + "us"
	case d >= 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) + "s"
	case d >= 100*time.Millisecond && d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	}
	return formatLatency(d)
}

// formatCount writes a number with its thousands apart; small ones with a decimal, if
// they are not whole.
func formatCount(n float64) string {
	if n < 10 && n != float64(int64(n)) {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	text := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
