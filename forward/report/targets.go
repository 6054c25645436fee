package report

import (
	"fmt"
	"reflect"

	"gor/forward"
)

// labelled are the families of metrics that are one metric with a label, by that
// label: their members' names are its values.
var labelled = map[string]struct{ name, help string }{
	"fate": {"gor_replay_requests_total", "Requests by what became of them. Unit: requests."},
	"code": {"gor_replay_responses_total", "Responses by status code. Unit: responses."},
	"kind": {"gor_replay_failures_total", "Requests without a response by kind of failure. Unit: requests."},
}

// appendTargetMetrics appends the targets' accounts since the start: a family for
// each declared number, or for each label that numbers are declared with.
func (r *Reporter) appendTargetMetrics(dst []byte, stats []forward.TargetStats) []byte {
	targets := make([]string, len(stats))
	for i := range stats {
		targets[i] = `target="` + escapeLabel(stats[i].Target) + `"`
	}
	done := map[string]bool{}
	for d := range r.declared.declarations(reflect.TypeFor[forward.TargetStats]()) {
		family, isLabelled := labelled[d.label]
		if !isLabelled {
			family.name, family.help = "gor_replay_"+d.metricName(), d.metricHelp()
		}
		if done[family.name] {
			continue
		}
		done[family.name] = true
		dst = appendFamily(dst, family.name, d.metricKind(), family.help)
		for i := range stats {
			dst = r.appendSamples(dst, family.name+"{"+targets[i], d, &stats[i])
		}
	}
	return appendHistograms(dst, stats, targets)
}

// appendSamples appends the number that d declares of a target's accounts, or those
// with the same label. The failures of all kinds together are one of the fates.
func (r *Reporter) appendSamples(dst []byte, series string, d *declaration, s *forward.TargetStats) []byte {
	for e, n := range r.declared.counters(s) {
		switch {
		case d.label != "" && e.label == d.label:
			dst = fmt.Appendf(dst, "%s,%s=\"%s\"} %d\n", series, e.label, e.element, n)
		case d.label == "" && e.name == d.name:
			dst = append(d.appendValue(append(append(dst, series...), "} "...), n), '\n')
		}
	}
	if d.label == "fate" {
		dst = fmt.Appendf(dst, "%s,fate=\"failed\"} %d\n", series, s.FailedTotal())
	}
	return dst
}
