package udpwire

import (
	"testing"
	"time"
)

func TestRoundTripLearns(t *testing.T) {
	for _, c := range []struct {
		name               string
		samples            []int64
		smoothed, shortest int64
	}{
		{"the first counts whole", []int64{800}, 800, 800},
		{"a shorter one counts half", []int64{800, 400}, 600, 400},
		{"a longer one counts an eighth", []int64{800, 1600}, 900, 800},
		{"the shortest stays", []int64{400, 800, 800}, 493, 400},
	} {
		var r roundTrip
		if r.known() {
			t.Errorf("%s: known before", c.name)
		}
		for _, s := range c.samples {
			r.learn(s)
		}
		if r.smoothed != c.smoothed || r.shortest != c.shortest || !r.known() {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

func TestResendAfter(t *testing.T) {
	for _, c := range []struct {
		name     string
		smoothed int64
		tries    uint8
		want     int64
	}{
		{"the first time at once", 80 * ms, 0, 0},
		{"then after 9/8 of a round trip and 1 ms", 80 * ms, 1, 91 * ms},
		{"as often as the path may be slow", 80 * ms, quickTries, 91 * ms},
		{"then later", 8 * ms, quickTries + 1, 20 * ms},
		{"and later", 8 * ms, quickTries + 2, 40 * ms},
		{"up to a limit", 8 * ms, quickTries + 20, resendLast},
		{"nothing known", 0, 1, firstRTT + firstRTT/8 + resendSlack},
	} {
		r := roundTrip{smoothed: c.smoothed}
		if got := r.resendAfter(c.tries); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, time.Duration(got), time.Duration(c.want))
		}
	}
}
