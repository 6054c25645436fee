package results

import (
	"strings"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/compare"
)

// outcomes takes down requests of a target that were answered with a status after a
// time, late by own, and returns the run.
func runOf(outcomes ...forward.Outcome) *Run {
	l := NewLedger(1)
	for i := range outcomes {
		l.Take(&outcomes[i])
	}
	r := &Run{Source: "a.pcap", Pace: "as recorded", HasTimes: true, Loops: 1, Elapsed: time.Second, Read: uint64(len(outcomes)), Whole: true}
	r.Finish(l, []forward.TargetStats{{Target: "http://staging"}})
	return r
}

// answered is a request that was answered, in ms after it was due.
func answered(status int, ms int) forward.Outcome {
	return forward.Outcome{
		Method: []byte("GET"), Path: []byte("/a"), Status: status, Ended: time.Duration(ms) * time.Millisecond,
	}
}

// ownLate is one that was late by so many ms because of gor.
func ownLate(ms int) forward.Outcome {
	d := time.Duration(ms) * time.Millisecond
	return forward.Outcome{Method: []byte("GET"), Path: []byte("/a"), Status: 200, Started: d, Ended: d + 1, Late: forward.Late{Own: d}}
}

func many(n int, o forward.Outcome) (all []forward.Outcome) {
	for range n {
		all = append(all, o)
	}
	return all
}

func TestVerdict(t *testing.T) {
	failed := forward.Outcome{Failure: forward.FailTimeout, Ended: time.Second}
	for _, tt := range []struct {
		name       string
		outcomes   []forward.Outcome
		thresholds string
		status     int
		says       string
	}{
		{"all well", many(100, answered(200, 5)), "", 0, ""},
		{"within", many(100, answered(200, 5)), "errors=0%,errors=0,p99=500ms,max=1s,lag=5ms,p99.9=6ms", 0, ""},
		{"nothing", nil, "", 1, "nothing was answered"},
		{"only failures", many(3, failed), "errors=1%", 1, "nothing was answered"},
		{"too many errors", append(many(98, answered(200, 5)), failed, answered(503, 5)), "errors=1%", 3, "errors=1% is 2.0% at http://staging"},
		{"as many as may be", append(many(98, answered(200, 5)), failed, answered(503, 5)), "errors=2%,errors=2", 0, ""},
		{"a number of errors", append(many(98, answered(200, 5)), failed, answered(503, 5)), "errors=1", 3, "errors=1 is 2 at"},
		{"a client's errors are none", many(9, answered(404, 5)), "errors=0", 0, ""},
		{"7 of 100 are 7 %", append(many(93, answered(200, 5)), many(7, failed)...), "errors=7%", 0, ""},
		{"too slow", append(many(98, answered(200, 5)), many(2, answered(200, 600))...), "p50=6ms,p99=500ms", 3, "p99=500ms is 600ms"},
		{"too slow once", append(many(999, answered(200, 5)), answered(200, 600)), "p99=500ms,max=500ms", 3, "max=500ms is 600ms"},
		{"gor late", append(many(90, answered(200, 5)), many(10, ownLate(11))...), "p99=1ms", 4, "could not keep the schedule"},
		{"gor late once in a while", append(many(995, answered(200, 5)), many(5, ownLate(300))...), "", 0, ""},
		{"gor late a few times", append(many(30, answered(200, 5)), many(5, ownLate(30))...), "", 0, ""},
		{"gor late six times", append(many(30, answered(200, 5)), many(6, ownLate(30))...), "", 4, "could not keep"},
		{"gor a little late", many(50, ownLate(7)), "", 0, ""},
		{"gor later than wanted", many(50, ownLate(7)), "lag=5ms", 3, "lag=5ms is 7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var thresholds []Threshold
			if tt.thresholds != "" {
				var err error
				if thresholds, err = ParseThresholds(tt.thresholds); err != nil {
					t.Fatal(err)
				}
			}
			r := runOf(tt.outcomes...)
			r.Judge(thresholds)
			if got, says := r.Verdict.ExitStatus(), r.Verdict.Error(); got != tt.status || !strings.Contains(says, tt.says) || (says == "") != (tt.status == 0) || strings.Contains(says, "\n") {
				t.Errorf("status %d, %q; want %d, %q", got, says, tt.status, tt.says)
			}
			if len(r.Verdict.Findings) != len(thresholds) {
				t.Errorf("%d findings of %d thresholds", len(r.Verdict.Findings), len(thresholds))
			}
		})
	}
}

// A run that a signal has ended passes no threshold, whatever came of what ran; without
// thresholds it is what was wanted, and one that had nothing left to do is no other than
// if there had been no signal.
func TestVerdictInterrupted(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		outcomes             []forward.Outcome
		skipped              uint64
		whole, isSignalled   bool
		played               float64
		thresholds           string
		status               int
		says, table, lacking string
	}{
		{"all well so far", many(100, answered(200, 5)), 40, false, true, .314, "errors=1%", 1, "interrupted after about 31.4% of the recording, so that", "; interrupted after about 31.4% of the recording", "above"},
		{"above so far", many(100, answered(500, 5)), 40, false, true, .314, "errors=1%,p99=1s", 1, "the rest; so far above the threshold: errors=1% is 100% at", "; interrupted", "p99"},
		{"gor late so far", many(100, ownLate(30)), 40, false, true, .314, "errors=1%", 1, "interrupted", "; interrupted", "schedule"},
		{"nobody knows how much", many(100, answered(200, 5)), 0, false, true, 0, "errors=1%", 1, "interrupted before the end of the recording, so", "interrupted before the end", "after about"},
		{"while the last responses came", many(100, answered(200, 5)), 1, true, true, .9999, "errors=1%", 1, "interrupted after about >99.9%", "; interrupted", "above"},
		{"no thresholds", many(100, answered(200, 5)), 40, false, true, .314, "", 0, "", "; interrupted after about 31.4%", "ended"},
		{"nothing answered yet", nil, 40, false, true, 0, "errors=1%", 1, "interrupted", "; interrupted", ""},
		{"nothing left to do", many(100, answered(200, 5)), 0, true, true, 1, "errors=1%", 0, "", "as recorded\n", "interrupted"},
		{"nothing left to do, and above", many(100, answered(500, 5)), 0, true, true, 1, "errors=1%", 3, "errors=1% is 100%", "as recorded\n", "interrupted"},
		{"by --duration", many(100, answered(200, 5)), 40, false, false, .314, "errors=1%", 0, "", "; ended after about 31.4% of the recording", "interrupted"},
		{"by --duration, and above", many(100, answered(500, 5)), 40, false, false, .314, "errors=1%", 3, "errors=1% is 100%", "; ended after", "interrupted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := runOf(tt.outcomes...)
			r.Whole, r.Played = tt.whole, tt.played
			r.Targets[0].Skipped = tt.skipped
			if tt.isSignalled {
				r.Interrupt()
			}
			var thresholds []Threshold
			if tt.thresholds != "" {
				thresholds, _ = ParseThresholds(tt.thresholds)
			}
			r.Judge(thresholds)
			says, table := r.Verdict.Error(), string(AppendTable(nil, r))
			if got := r.Verdict.ExitStatus(); got != tt.status || !strings.Contains(says, tt.says) || (says == "") != (tt.status == 0) || strings.Contains(says, "\n") {
				t.Errorf("status %d, %q; want %d, %q", got, says, tt.status, tt.says)
			}
			first, _, _ := strings.Cut(table, "\n\n")
			if !strings.Contains(first+"\n", tt.table) || tt.lacking != "" && strings.Contains(first+says, tt.lacking) {
				t.Errorf("%q, %q", first, says)
			}
		})
	}
}

// Without a schedule nobody can miss it.
func TestVerdictAtFullSpeed(t *testing.T) {
	r := runOf(many(50, ownLate(300))...)
	r.HasTimes = false
	r.Judge(nil)
	if got := r.Verdict.ExitStatus(); got != 0 {
		t.Errorf("status %d", got)
	}
}

func TestParseThresholds(t *testing.T) {
	for _, s := range []string{
		"", "errors", "errors=", "errors=x", "errors=-1", "errors=101%", "errors=NaN%", "errors=1.5", "p99", "p99=5", "p99=-1s", "p0=1s", "p100=1s", "p=1s",
		"pp=1s", "p9e1=1s", "q=1", "lag=x", "max=", "errors=1%,", "errors=1%;p99=1s", "p99 =1s",
	} {
		if got, err := ParseThresholds(s); err == nil {
			t.Errorf("%q is %+v", s, got)
		}
	}
}

func FuzzParseThresholds(f *testing.F) {
	f.Add("errors=1%,p99=500ms,lag=5ms,max=1s,errors=3")
	r := runOf(many(5, answered(200, 5))...)
	f.Fuzz(func(t *testing.T, s string) {
		thresholds, err := ParseThresholds(s)
		if err != nil {
			return
		}
		r.Judge(thresholds)
		for _, finding := range r.Verdict.Findings {
			again, err := ParseThresholds(finding.Threshold)
			if err != nil || len(again) != 1 {
				t.Fatalf("%q is shown as %q: %v", s, finding.Threshold, err)
			}
		}
	})
}

// A run of which most is undecided says so, unless what is known is above the bound.
func TestUndecided(t *testing.T) {
	bounds, err := ParseThresholds("different=10%")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		same, different, undecided uint64
		status                     int
	}{
		{100, 0, 0, 0}, {60, 0, 40, 0}, {40, 0, 60, 1}, {0, 0, 100, 1}, {20, 20, 60, 3}, {80, 20, 0, 3},
	} {
		r := &Run{Targets: []Target{{Name: "a", Tally: Tally{Answered: 1}}}}
		c := &compare.TargetReport{}
		c.Compared, c.Same, c.Different, c.Undecided = tt.same+tt.different+tt.undecided, tt.same, tt.different, tt.undecided
		r.Targets[0].Compared = c
		r.Judge(bounds)
		if got := r.Verdict.ExitStatus(); got != tt.status || got == 1 && !strings.Contains(r.Verdict.Error(), "of 100 at a") {
			t.Errorf("%+v: status %d: %s", tt, got, r.Verdict.Error())
		}
	}
}
