package results

import (
	"time"

	"gor/forward"
	"gor/forward/compare"
)

// A Run is what came of replaying a recording, or of live traffic: what all reports are
// made of.
type Run struct {
	Source   string // what was replayed
	Live     bool   // it is no recording: the run was to end when it did
	Pace     string // how fast it was replayed, in words
	HasTimes bool   // requests were due at times of their own; if not, when they could be sent
	Loops    int    // how often
	Began    time.Time
	Elapsed  time.Duration // until the last request had its fate
	Read     uint64        // requests read, of all loops
	Whole    bool          // all there is was read; if not, something ended the run before
	Targets  []Target
	Verdict  Verdict

	// Comparison is what comparing the responses came to; nil: none were compared.
	Comparison *compare.Report

	Interrupted bool    // a signal ended the run before all there is was played
	Played      float64 // how much of the recording was, 0 to 1, as far as anybody knows; 0: nobody does
}

// A Target is what came of a run at one target. Of the requests
//
//	read = Started + SampledOut + Filtered + Unsupported + Skipped
//	Started = Answered + failed
type Target struct {
	Name string

	SampledOut  uint64 // of connections outside the target's share
	Filtered    uint64 // taken out by a filter
	Unsupported uint64 // could not be sent as they were recorded
	Skipped     uint64 // read, but the run ended before they had a response, or live ones were too many

	Sessions forward.SessionStats // where it is sent its own
	Tally                         // those that were started
	Late     Lateness             // by how much
	Timeline Timeline
	Routes   []Route // those with the most requests first

	Compared *compare.TargetReport // nil: its responses were not compared
}

// Finish fills in the targets: what the Ledger took down, and what the forwarder's
// accounts say of the requests that were not started.
func (r *Run) Finish(l *Ledger, stats []forward.TargetStats) {
	r.Targets = make([]Target, len(stats))
	for i := range stats {
		t, s := &r.Targets[i], &stats[i]
		l.fill(i, t)
		t.Name, t.SampledOut, t.Filtered, t.Unsupported = s.Target, s.SampledOut, s.Filtered, s.Unsupported
		t.Sessions = s.SessionStats
		t.Skipped = r.Read - min(r.Read, t.Started()+t.SampledOut+t.Filtered+t.Unsupported)
	}
}

// Compare says what comparing came to, by which target the others were held against; -1:
// by none. It comes after Finish.
func (r *Run) Compare(c *compare.Report, baseline int) {
	if r.Comparison = c; c == nil {
		return
	}
	next := 0 // of the report's targets, which lack the baseline
	for i := range r.Targets {
		if i != baseline && next < len(c.Targets) {
			r.Targets[i].Compared = &c.Targets[next]
			next++
		}
	}
}

// Interrupt says that a signal has ended the run, which is no interruption if it had
// nothing left to do. It comes after Finish.
func (r *Run) Interrupt() {
	r.Interrupted = !r.Whole
	for i := range r.Targets {
		r.Interrupted = r.Interrupted || r.Targets[i].Skipped > 0
	}
}

// Cut says how much was played of what was to be; empty: all.
func (r *Run) Cut() string {
	cut := "ended"
	switch {
	case r.Interrupted:
		cut = "interrupted"
	case r.Whole:
		return ""
	}
	if r.Played > 0 && r.Played < 1 {
		return cut + " after about " + percent(r.Played) + " of the recording"
	}
	return cut + " before the end of the recording"
}
