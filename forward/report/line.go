package report

import (
	"fmt"
	"log/slog"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/figures"
)

// interval shows what moves and what is wrong, not all accounts: of the groups
// what is not zero and is declared as trouble or for every line, of the targets
// what came since before (nil: the start). That nothing was lost is said, since
// nobody can see it in what is left out.
func (r *Reporter) interval(s Snapshot, before []forward.TargetStats) {
	moving := r.moving(s)
	if len(s.Targets) > 0 {
		targets := r.appendTargetsLine(nil, forward.Interval(s.Targets, before), s.Compared)
		moving = append(moving, slog.String("targets", string(targets)))
	}
	r.cfg.Log.Info("stats", moving...)
}

// moving are the attributes of an interval's line but for the targets.
func (r *Reporter) moving(s Snapshot) (moving []any) {
	lost := false
	var words []any // behind the numbers
	for _, g := range s.Groups {
		if w := s.Words[g.Name]; w != "" {
			words = append(words, slog.String(g.Name, w))
		}
		for d, n := range r.declared.counters(g.Stats) {
			if n != 0 && (d.trouble || d.line == "yes") || d.line == "always" {
				moving = append(moving, slog.Uint64(g.Name+"."+d.name, n))
				lost = lost || d.trouble && !d.gauge
			}
		}
	}
	if len(s.Groups) > 0 && !lost {
		moving = append(moving, slog.Int("lost", 0))
	}
	return append(moving, words...)
}

// appendTargetsLine appends one line, without a line end, that says how the
// targets did in an interval.
func (r *Reporter) appendTargetsLine(dst []byte, stats []forward.TargetStats, compared []compare.Fates) []byte {
	for i := range stats {
		s := &stats[i]
		if i > 0 {
			dst = append(dst, "; "...)
		}
		dst = append(dst, s.Target...)
		if limit := limitOf(s); limit != "" {
			dst = append(dst, " limit="+limit...)
		}
		dst = fmt.Appendf(dst, " %s/s", figures.Rate(s.Rate()))
		for d, n := range r.declared.counters(s) {
			if n > 0 && d.line == "" && (d.label != "" || d.trouble) {
				dst = fmt.Appendf(dst, " %s=%d", d.element, n)
			}
		}
		if s.Latency.Count() > 0 {
			dst = fmt.Appendf(dst, " p50=%s p90=%s p99=%s max=%s", figures.Duration(s.Latency.Quantile(.5)),
				figures.Duration(s.Latency.Quantile(.9)), figures.Duration(s.Latency.Quantile(.99)), figures.Duration(s.Latency.Max()))
		}
		if s.Wait.Count() > 0 {
			dst = fmt.Appendf(dst, " wait_p99=%s", figures.Duration(s.Wait.Quantile(.99)))
		}
		for d, n := range r.declared.counters(s) {
			if n > 0 && d.line == "yes" {
				dst = fmt.Appendf(dst, " %s=%d", d.element, n)
			}
		}
		if i < len(compared) {
			dst = appendCompared(dst, &compared[i])
		}
		if s.Failing {
			dst = append(dst, " FAILING"...)
		}
	}
	return dst
}
