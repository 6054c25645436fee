package results

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gor/forward/figures"
)

// Exit statuses of a run beside 0, 1 (failed) and 2 (wrong usage).
const (
	ExitThreshold = 3 // a threshold of --fail-above was exceeded
	ExitSchedule  = 4 // gor could not keep the schedule
)

const (
	// A run is not valid if more than 1 - keptShare of the requests, and more than
	// fewLate, started later than maxOwnLate because of this program alone: its
	// machine was too slow or too busy, and what was measured is that. A few say
	// nothing about a run of a few hundred.
	keptShare  = .99
	fewLate    = 5
	maxOwnLate = 10 * time.Millisecond
)

// A Threshold is a bound that a run has to stay within at every target.
type Threshold struct {
	Given string // as it was written
	Name  string // errors, different, lag, max, or p and a percentile such as p99.9

	Count     uint64        // of errors, or of responses that differ
	IsPercent bool          // Percent takes its place
	Percent   float64       // of the requests, or of those compared
	Duration  time.Duration // of the others
}

// ParseThresholds reads a list such as errors=1%,different=0.5%,p99=500ms,lag=5ms.
func ParseThresholds(s string) ([]Threshold, error) {
	var all []Threshold
	for part := range strings.SplitSeq(s, ",") {
		t, err := parseThreshold(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func parseThreshold(s string) (Threshold, error) {
	name, value, _ := strings.Cut(s, "=")
	t := Threshold{Given: s, Name: name}
	var err error
	switch q, isQuantile := t.quantile(); {
	case t.counts() && strings.HasSuffix(value, "%"):
		t.IsPercent = true
		t.Percent, err = strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
		if err == nil && !(t.Percent >= 0 && t.Percent <= 100) {
			err = strconv.ErrRange
		}
	case t.counts():
		t.Count, err = strconv.ParseUint(value, 10, 64)
	case name == "lag", name == "max", isQuantile && q > 0 && q < 1:
		t.Duration, err = time.ParseDuration(value)
		if err == nil && t.Duration < 0 {
			err = strconv.ErrRange
		}
	default:
		err = strconv.ErrSyntax
	}
	if err != nil {
		return t, fmt.Errorf("%q: give errors=1%% or errors=10, different=0.5%%, p99=500ms (any percentile), max=2s, or lag=5ms", s)
	}
	return t, nil
}

// counts reports whether t bounds a number or share of requests.
func (t *Threshold) counts() bool { return t.Name == "errors" || t.Name == "different" }

// quantile is the share that a name such as p99.9 stands for.
func (t *Threshold) quantile() (q float64, ok bool) {
	digits, ok := strings.CutPrefix(t.Name, "p")
	if !ok || strings.Trim(digits, "0123456789.") != "" {
		return 0, false
	}
	q, err := strconv.ParseFloat(digits, 64)
	return q / 100, err == nil
}

// A Finding is what a run came to at one target, held against a threshold.
type Finding struct {
	Target    string
	Threshold string // as it was given
	Value     string
	Exceeded  bool
}

// check holds one target against t.
func (t *Threshold) check(target *Target) Finding {
	f := Finding{Target: target.Name, Threshold: t.Given}
	if t.counts() {
		n, of := target.Errors(), target.Started()
		if t.Name == "different" {
			n, of = target.Compared.Different, target.Compared.Compared
		}
		f.Value, f.Exceeded = strconv.FormatUint(n, 10), n > t.Count
		if t.IsPercent {
			f.Value = figures.Percent(share(n, of))
			f.Exceeded = float64(n)*100 > t.Percent*float64(of)
		}
		return f
	}
	var got time.Duration
	switch t.Name {
	case "lag":
		got = target.Late.Own.Quantile(keptShare)
	case "max":
		got = target.Latency.Max()
	default:
		q, _ := t.quantile()
		got = target.Latency.Quantile(q)
	}
	f.Value, f.Exceeded = figures.Duration(got), got > t.Duration
	return f
}

// A Verdict says whether a run is what was wanted.
type Verdict struct {
	Cut      string    // it was interrupted, so that thresholds cannot be judged: how much was played; empty: they can, or there are none
	NoAnswer bool      // not one request was answered, at any target, where that says that the run failed
	Blind    bool      // nothing was compared, and there is a threshold for what differs
	Unsure   string    // of most of what was compared nobody knows whether it differs, though there is a threshold for that, and none is exceeded: of how much; empty: it is known
	Fates    []string  // what became of them instead
	OwnLate  bool      // gor could not keep the schedule
	Findings []Finding // each threshold at each target
}

// Judge holds a run against thresholds.
func (r *Run) Judge(thresholds []Threshold) {
	v := Verdict{NoAnswer: !r.Live || len(thresholds) > 0}
	if r.Interrupted && len(thresholds) > 0 {
		v.Cut = r.Cut()
	}
	for i := range r.Targets {
		t := &r.Targets[i]
		v.NoAnswer = v.NoAnswer && t.Answered == 0
		v.Fates = append(v.Fates, append(t.ends(), t.notStarted()...)...)
		v.OwnLate = v.OwnLate || r.HasTimes && t.Late.tooMuch()
		for _, threshold := range thresholds {
			if threshold.Name != "different" || t.Compared != nil && t.Compared.Compared > 0 {
				v.Findings = append(v.Findings, threshold.check(t))
			}
		}
	}
	if slices.ContainsFunc(thresholds, func(t Threshold) bool { return t.Name == "different" }) {
		v.Blind = !r.hasCompared()
		if len(v.exceeded()) == 0 {
			v.Unsure = r.undecided()
		}
	}
	r.Verdict = v
}

// hasCompared reports whether anything was compared at each target that something was to
// be at.
func (r *Run) hasCompared() bool {
	any := false
	for i := range r.Targets {
		if c := r.Targets[i].Compared; c != nil && c.Compared == 0 {
			return false
		} else if c != nil {
			any = true
		}
	}
	return any
}

// undecided says where most of what was compared may differ or not, and in how many.
func (r *Run) undecided() string {
	for i := range r.Targets {
		if c := r.Targets[i].Compared; c != nil && c.Undecided > c.Compared/2 {
			return fmt.Sprintf("%d of %d at %s", c.Undecided, c.Compared, r.Targets[i].Name)
		}
	}
	return ""
}

// tooMuch reports whether more requests were late because of this program than a
// valid run may have.
func (l *Lateness) tooMuch() bool {
	n := l.Own.Count()
	late := n - l.Own.Below(maxOwnLate)
	return late > fewLate && float64(late) > (1-keptShare)*float64(n)
}

// ExitStatus is what the command ends with.
func (v *Verdict) ExitStatus() int {
	switch {
	case v.NoAnswer, v.Cut != "", v.Blind, v.Unsure != "":
		return 1
	case v.OwnLate:
		return ExitSchedule
	case len(v.exceeded()) > 0:
		return ExitThreshold
	}
	return 0
}

// exceeded are the thresholds that were, for people.
func (v *Verdict) exceeded() (over []string) {
	for _, f := range v.Findings {
		if f.Exceeded {
			over = append(over, fmt.Sprintf("%s is %s at %s", f.Threshold, f.Value, f.Target))
		}
	}
	return over
}

// Error is why the command does not end with 0, in one line; empty if it does.
func (v *Verdict) Error() string {
	over := "above the threshold: " + strings.Join(v.exceeded(), "; ")
	switch status := v.ExitStatus(); {
	case status == 0:
		return ""
	case status == 1 && v.Cut != "" && len(v.exceeded()) > 0:
		return v.Cut + ", so that the thresholds say nothing about the rest; so far " + over
	case status == 1 && v.Cut != "":
		return v.Cut + ", so that the thresholds say nothing about the rest"
	case status == 1 && v.Unsure != "" && !v.NoAnswer:
		return "it is not known yet whether most differ, so that nothing can be said of that: undecided are " + v.Unsure + " (--echo 100%, or more requests, will tell)"
	case status == 1 && !v.NoAnswer:
		return "nothing was compared, so that nothing can be said of what differs: no answers of production came, or none that belongs to a response (gor help compare)"
	case status == 1:
		return strings.TrimSuffix("nothing was answered: "+strings.Join(v.Fates, " "), ": ")
	case status == ExitSchedule:
		return fmt.Sprintf("gor could not keep the schedule: more than 1%% of the requests started over %v late, and nothing but gor was the cause; give it a faster machine or a slower pace", maxOwnLate)
	}
	return over
}
