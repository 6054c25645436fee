package report

import "log/slog"

// record is the final accounts for machines, as attributes of a log record: an
// object for each group, and a list with an object for each target. Zeros are in it.
func (r *Reporter) record(s Snapshot) []any {
	var all []any
	for _, g := range s.Groups {
		var counters []any
		if words := s.Words[g.Name]; words != "" {
			counters = append(counters, slog.String("words", words))
		}
		for d, n := range r.declared.counters(g.Stats) {
			counters = append(counters, slog.Uint64(d.name, n))
		}
		all = append(all, slog.Group(g.Name, counters...))
	}
	var targets []map[string]any
	for i := range s.Targets {
		t := &s.Targets[i]
		counters := map[string]any{"target": t.Target, "limit": t.Limit.String(), "failed": t.FailedTotal(), "open": t.Open()}
		for d, n := range r.declared.counters(t) {
			counters[d.name] = n
		}
		if i < len(s.Compared) {
			counters["compared"] = s.Compared[i]
		}
		targets = append(targets, counters)
	}
	if targets != nil {
		all = append(all, slog.Any("targets", targets))
	}
	return all
}
