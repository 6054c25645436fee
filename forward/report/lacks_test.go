package report

import (
	"strings"
	"testing"
	"time"
)

// TestLacks: what is missing for what was asked for is among what is wrong, in the view and at the end, and does not make the
// command unready.
func TestLacks(t *testing.T) {
	s := Snapshot{Lacks: "no answers come"}
	v := &view{declared: new(registry), wrong: map[string]time.Time{}}
	if v.update(time.Now(), s, "", nil); len(v.wrong) != 1 {
		t.Errorf("%v", v.wrong)
	} else if _, is := v.wrong[s.Lacks]; !is {
		t.Errorf("%v", v.wrong)
	}
	r := new(Reporter)
	if got := string(r.appendSummary(nil, s)); got != "  wrong     no answers come\n" {
		t.Errorf("%q", got)
	}
	if got := string(r.appendSummary(nil, Snapshot{})); strings.Contains(got, "wrong") {
		t.Errorf("%q", got)
	}
	if got := r.notReady(s); got != "" {
		t.Errorf("%q", got)
	}
}
