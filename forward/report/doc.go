// Package report shows a command's accounts to people and machines: on a terminal a view
// of eight lines that is drawn anew every second (view.go; package screen draws it),
// elsewhere a log line every interval; Prometheus metrics over HTTP; the status that gor
// ctl asks for; and a summary at the end, as a table or as a JSON record.
//
// It knows no counter by heart. Each part of gor declares a counter where it
// counts it, by a struct tag on the field of its Stats, and all these outputs are
// derived from that declaration:
//
//	Drops uint64 `name:"drops" unit:"packets" help:"Packets that the kernel dropped because the ring was full." trouble:"yes"`
//
// The tags, of which name, unit and help must be there:
//
//	name     the counter's name in every output; one group has it once
//	unit     what is counted: requests, packets, bytes, microseconds …
//	help     what the number means, in a sentence
//	kind     "gauge": the number may fall; a counter otherwise
//	trouble  "yes": an interval's line shows it as soon as it is not zero
//	final    "no": the summary for people does not show it: what is held at the end is held by habit
//	line     "yes": every interval's line shows it unless it is zero; "always": zero or not; "no": a target's line does not
//	view     "yes": a terminal's view shows it, or how fast it grows, as it does what every line shows
//	metric   the name in the metrics, where that is another
//	label    the family of metrics that it is a part of: fate, or of a target's counter code or kind
//
// A field is an integer or a bool, an array of integers, or a map with integers as
// keys and values. The name of an array or map has a %s, as in failed_%s, that
// stands for the element. An array's type has a method Names() []string for that,
// and may have Help(i int) string and Trouble(i int) bool in place of the tags of
// these names. Fields without a name are not shown.
//
// The accounts of a replayer's targets have more than counters: rates, status
// codes, histograms, what became of the exchanges that are compared. They are shown by functions of their own, which take the names
// from the same tags.
//
// Prometheus wants base units: what is counted in microseconds, percent or millionths (ppm) is in the
// metrics in seconds or as a ratio, by a name that says so. Beside /metrics there are
// /healthz, which says that the command lives, and /readyz, which says whether it would
// do its job now.
//
// A Reporter asks for a Snapshot whenever it has to show something; it owns the
// goroutines and the socket that it needs for that, from Start to Finish. Read
// declare.go first, then reporter.go.
package report
