package report

import "iter"

// A Reader finds counters in accounts by what they declare, of which it reads each type's
// once. The zero value is ready; any goroutine may use it.
type Reader struct{ declared registry }

// Labelled yields the declared counters of stats that have a label, by the name of what
// they stand for: of a target's accounts, the fates, status codes and kinds of failure.
func (r *Reader) Labelled(stats any, label string) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for d, n := range r.declared.counters(stats) {
			if d.label == label && !yield(d.element, n) {
				return
			}
		}
	}
}

// Counter is the counter of a name that the accounts of a snapshot's group declare;
// false: the group is not there, or has none of that name.
func (r *Reader) Counter(s *Snapshot, group, name string) (uint64, bool) {
	for _, g := range s.Groups {
		if g.Name != group {
			continue
		}
		for d, n := range r.declared.counters(g.Stats) {
			if d.name == name {
				return n, true
			}
		}
	}
	return 0, false
}
