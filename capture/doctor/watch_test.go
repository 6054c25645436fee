package doctor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// TestOtherWay names what goes the way that is not captured, by the ports it goes to.
func TestOtherWay(t *testing.T) {
	for _, tt := range []struct {
		name   string
		total  uint64
		sights []sight
		want   string
	}{
		{"nothing", 0, nil, ""},
		{"leaving", 2468, []sight{{leaving: true}, {leaving: true}},
			"about 1,200 requests/s to port 80 leave this machine: --direction out takes these, --direction both all"},
		{"arriving", 1, []sight{{}}, "less than a request/s to port 80 arrive at this machine: --direction in takes these, --direction both all"},
		{"two ports", 100, []sight{{port: 81, leaving: true}, {leaving: true}},
			"about 50 requests/s to ports 80, 81 leave this machine: --direction out takes these, --direction both all"},
		{"TLS, others' frames and a replayer's", 3, []sight{{leaving: true, payload: aHello}, {otherHost: true}, {leaving: true, payload: replayed}}, ""},
	} {
		look := &capture.Look{Wanted: make([]capture.Sample, 1), Elapsed: 2 * time.Second}
		for i, s := range tt.sights {
			look.Wanted[0].Seen = append(look.Wanted[0].Seen, s.sighting(i))
		}
		look.Wanted[0].Total = tt.total
		if got, rate := sayOtherWay(newTraffic(look)); got != tt.want || rate > 0 != (tt.want != "") {
			t.Errorf("%s: %q and %v, want %q", tt.name, got, rate, tt.want)
		}
	}
}

// TestInstead: of all findings the worst is said, with what to type, and where more is
// to be seen; of none, nothing.
func TestInstead(t *testing.T) {
	findings := []Finding{
		{OK, "a", "ok", "fine", ""}, {Warning, "b", "w", "strange", "do this"}, {Problem, "c", "p", "bad\n", "-p 8080"}, {Problem, "d", "p", "worse", ""},
	}
	for n, want := range map[int]string{0: "", 1: "", 2: "strange: do this (gor doctor", 3: "bad?: -p 8080 (gor doctor", 4: "bad?: -p 8080 ("} {
		if got := instead(findings[:n]); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%d findings: %q, want %q", n, got, want)
		}
	}
	if got := instead(slices.Clone(findings[3:])); !strings.HasPrefix(got, "worse (gor") {
		t.Error(got)
	}
}
