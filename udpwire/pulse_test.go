package udpwire

import (
	"testing"
	"time"
)

func TestPulse(t *testing.T) {
	const now = 1000 * ms
	for _, c := range []struct {
		name                string
		p                   pulse
		unsettled, measured bool // with a round trip of 20 ms
		want                int64
	}{
		{"nothing to confirm", pulse{beatAt: now, dataAt: now + ms}, false, true, now + beatIdle},
		{"nothing to confirm but that anybody is there", pulse{beatAt: now, dataAt: now + ms, unheard: 1}, false, true, now + 40*ms},
		{"and again, less often", pulse{beatAt: now, dataAt: now + ms, unheard: 4}, false, true, now + 80*ms},
		{"after the last DATA", pulse{beatAt: now, dataAt: now + 5*ms}, true, true, now + 15*ms},
		{"though DATA goes on", pulse{beatAt: now, dataAt: now + 99*ms}, true, true, now + beatBusy},
		{"again", pulse{beatAt: now, dataAt: now - ms, unheard: 1}, true, true, now + 10*ms},
		{"and again, less often", pulse{beatAt: now, dataAt: now - ms, unheard: 2}, true, true, now + 20*ms},
		{"up to a limit", pulse{beatAt: now, dataAt: now - ms, unheard: 1000}, true, true, now + beatBusy},
		{"in time, lest DATA stop", pulse{beatAt: now, dataAt: now + 99*ms, waiting: now + ms}, true, true, now + 31*ms},
		{"asked already", pulse{beatAt: now + 32*ms, dataAt: now + 99*ms, waiting: now + ms}, true, true, now + 109*ms},
		{"round trip unknown", pulse{beatAt: now, dataAt: now + 99*ms, unheard: 2}, true, false, now + 20*ms},
	} {
		var trip roundTrip
		if c.measured {
			trip.learn(20 * ms)
		}
		if got := c.p.due(c.unsettled, &trip); got != c.want {
			t.Errorf("%s: in %v, want %v", c.name, time.Duration(got-now), time.Duration(c.want-now))
		}
	}
	var p pulse
	p.beat(now, 77)
	p.beat(now+ms, 78)
	if p != (pulse{beatAt: now + ms, beatCost: 78, unheard: 2, waiting: now}) {
		t.Errorf("%+v", p)
	}
}
