package report

import (
	"fmt"
	"log/slog"

	"gor/forward"
)

// interval shows what moves and what is wrong, not all accounts: of the groups
// what is not zero and is declared as trouble or for every line, of the targets
// what came since before (nil: the start). It is a log record or, on a terminal,
// a line that takes the place of the one before.
func (r *Reporter) interval(s Snapshot, before []forward.TargetStats) {
	var moving []any
	for _, g := range s.Groups {
		if words := s.Words[g.Name]; words != "" {
			moving = append(moving, slog.String(g.Name, words))
		}
		for d, n := range r.declared.counters(g.Stats) {
			if n != 0 && (d.trouble || d.line == "yes") {
				moving = append(moving, slog.Uint64(g.Name+"."+d.name, n))
			}
		}
	}
	var targets []byte
	if len(s.Targets) > 0 {
		targets = r.appendTargetsLine(nil, forward.Interval(s.Targets, before))
	}
	if !r.cfg.Terminal {
		if targets != nil {
			moving = append(moving, slog.String("targets", string(targets)))
		}
		r.cfg.Log.Info("stats", moving...)
		return
	}
	out := []byte("\r\x1b[K") // over the last line
	for _, a := range moving {
		out = fmt.Appendf(out, "%v ", a)
	}
	r.cfg.Out.Write(append(out, targets...))
}

// appendTargetsLine appends one line, without a line end, that says how the
// targets did in an interval.
func (r *Reporter) appendTargetsLine(dst []byte, stats []forward.TargetStats) []byte {
	for i := range stats {
		s := &stats[i]
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = fmt.Appendf(dst, "%s %s/s", s.Target, formatRate(s.Rate()))
		for d, n := range r.declared.counters(s) {
			if n > 0 && d.line == "" && (d.label != "" || d.trouble) {
				dst = fmt.Appendf(dst, " %s=%d", d.element, n)
			}
		}
		if s.Latency.Count() > 0 {
			dst = fmt.Appendf(dst, " p50=%s p90=%s p99=%s max=%s", formatLatency(s.Latency.Quantile(.5)),
				formatLatency(s.Latency.Quantile(.9)), formatLatency(s.Latency.Quantile(.99)), formatLatency(s.Latency.Max()))
		}
		if s.Wait.Count() > 0 {
			dst = fmt.Appendf(dst, " wait_p99=%s", formatLatency(s.Wait.Quantile(.99)))
		}
		for d, n := range r.declared.counters(s) {
			if d.line == "yes" {
				dst = fmt.Appendf(dst, " %s=%d", d.element, n)
			}
		}
		if s.Failing {
			dst = append(dst, " FAILING"...)
		}
	}
	return dst
}
