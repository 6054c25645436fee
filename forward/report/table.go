package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gor/forward"
	"gor/forward/hist"
)

// A column is one of the table of the targets: a head, and a cell for each.
type column struct {
	head  string
	cells []string
	width int
	empty bool // no target has anything in it
}

func (c *column) add(cell string, isZero bool) {
	c.cells = append(c.cells, cell)
	c.width = max(c.width, utf8.RuneCountInString(cell), len(c.head))
	c.empty = c.empty && isZero
}

// appendTargets appends a table of the targets' accounts, with the status codes
// and kinds of failure below. What is zero for all of them has no column. Where the
// table would be too wide, the times are a table of their own.
func (r *Reporter) appendTargets(dst []byte, stats []forward.TargetStats) []byte {
	counts, times := r.countColumns(stats), timeColumns(stats)
	names := 2
	for i := range stats {
		names = max(names, 2+utf8.RuneCountInString(stats[i].Target))
	}
	if tableWidth(counts)+tableWidth(times)+names <= summaryWidth {
		dst = appendTable(dst, append(counts, times...), stats)
	} else {
		dst = appendTable(dst, counts, stats)
		if len(times) > 0 {
			dst = appendTable(dst, times, stats)
		}
	}
	for i := range stats {
		dst = r.declared.appendEnds(dst, &stats[i])
	}
	return dst
}

// countColumns are what became of the requests.
func (r *Reporter) countColumns(stats []forward.TargetStats) []column {
	var all []column
	number := func(head string, n func(i int) uint64) {
		c := column{head: head, empty: true}
		for i := range stats {
			c.add(fmt.Sprint(n(i)), n(i) == 0)
		}
		if !c.empty || head == "received" || head == "answered" {
			all = append(all, c)
		}
	}
	number("received", func(i int) uint64 { return stats[i].Received })
	number("answered", func(i int) uint64 { return stats[i].Answered })
	number("failed", func(i int) uint64 { return stats[i].FailedTotal() })
	for d := range r.declared.counters(&stats[0]) {
		if d.isDrop() {
			number(d.name, func(i int) uint64 { return r.declared.counter(&stats[i], d.name) })
		}
	}
	number("open", func(i int) uint64 { return stats[i].Open() })
	limits := column{head: "limit", empty: true}
	for i := range stats {
		text := limitOf(&stats[i])
		limits.add(text, text == "")
	}
	if !limits.empty {
		all = append(all, limits)
	}
	return all
}

// limitOf is a target's limit as it is written behind its bar, and "paused" while it
// is; empty: there is neither.
func limitOf(s *forward.TargetStats) string {
	switch {
	case s.Paused:
		return "paused"
	case s.Limit != forward.Limit{}:
		return s.Limit.String()
	}
	return ""
}

// counter is a target's counter of a name.
func (r *registry) counter(s *forward.TargetStats, name string) uint64 {
	for d, n := range r.counters(s) {
		if d.name == name {
			return n
		}
	}
	return 0
}

// timeColumns are how fast and how long.
func timeColumns(stats []forward.TargetStats) []column {
	var all []column
	column := func(head string, cell func(s *forward.TargetStats) (text string, isZero bool)) {
		c := column{head: head, empty: true}
		for i := range stats {
			c.add(cell(&stats[i]))
		}
		if !c.empty {
			all = append(all, c)
		}
	}
	column("per s", func(s *forward.TargetStats) (string, bool) { return formatRate(s.Rate()), s.Rate() == 0 })
	quantile := func(head string, of func(s *forward.TargetStats) *hist.Histogram, q float64) {
		column(head, func(s *forward.TargetStats) (string, bool) {
			d := of(s).Quantile(q)
			return formatLatency(d), of(s).Max() == 0
		})
	}
	latency := func(s *forward.TargetStats) *hist.Histogram { return &s.Latency }
	wait := func(s *forward.TargetStats) *hist.Histogram { return &s.Wait }
	quantile("p50", latency, .5)
	quantile("p90", latency, .9)
	quantile("p99", latency, .99)
	column("max", func(s *forward.TargetStats) (string, bool) {
		return formatLatency(s.Latency.Max()), s.Latency.Max() == 0
	})
	quantile("wait p50", wait, .5)
	quantile("wait p99", wait, .99)
	return all
}

// tableWidth is how wide columns are, with two blanks before each.
func tableWidth(columns []column) (n int) {
	for i := range columns {
		n += 2 + columns[i].width
	}
	return n
}

// appendTable appends columns, and the targets' names behind them.
func appendTable(dst []byte, columns []column, stats []forward.TargetStats) []byte {
	for _, c := range columns {
		dst = fmt.Appendf(dst, "  %*s", c.width, c.head)
	}
	dst = append(dst, "  target\n"...)
	for i := range stats {
		for _, c := range columns {
			dst = append(dst, strings.Repeat(" ", 2+c.width-utf8.RuneCountInString(c.cells[i]))+c.cells[i]...)
		}
		dst = append(dst, "  "+stats[i].Target+"\n"...)
	}
	return dst
}

// isDrop reports whether d counts requests that were never sent to a target:
// those are the fates that the status codes and the kinds of failure do not show.
func (d *declaration) isDrop() bool { return d.label == "fate" && d.line != "no" }

// appendEnds appends how a target's requests ended that were sent: the status codes
// and the kinds of failure; and what its own sessions made of them.
func (r *registry) appendEnds(dst []byte, s *forward.TargetStats) []byte {
	if s.Answered+s.FailedTotal() == 0 {
		return dst
	}
	var items []string
	for d, n := range r.counters(s) {
		if n > 0 && (d.label == "code" || d.label == "kind" || d.name == "sessions_swapped" || d.name == "sessions_unknown") {
			items = append(items, fmt.Sprintf("%s=%d", d.element, n))
		}
	}
	return appendItems(dst, s.Target+":", items)
}
