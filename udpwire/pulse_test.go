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
		unsettled, measured bool
		want                int64
	}{
		{"nothing to confirm", pulse{beatAt: now, dataAt: now + ms, unheard: 1}, false, true, now + beatIdle},
		{"after the last DATA", pulse{beatAt: now, dataAt: now + 5*ms}, true, true, now + 15*ms},
		{"though DATA goes on", pulse{beatAt: now, dataAt: now + 99*ms}, true, true, now + beatBusy},
		{"again", pulse{beatAt: now, dataAt: now - ms, unheard: 1}, true, true, now + 20*ms},
		{"and again, less often", pulse{beatAt: now, dataAt: now - ms, unheard: 2}, true, true, now + 40*ms},
		{"up to a limit", pulse{beatAt: now, dataAt: now - ms, unheard: 1000}, true, true, now + beatBusy},
		{"round trip unknown", pulse{beatAt: now, dataAt: now + 99*ms, unheard: 1}, true, false, now + 20*ms},
	} {
		if got := c.p.due(c.unsettled, c.measured); got != c.want {
			t.Errorf("%s: in %v, want %v", c.name, time.Duration(got-now), time.Duration(c.want-now))
		}
	}
	var p pulse
	p.beat(now, 77)
	p.beat(now+ms, 78)
	if p != (pulse{beatAt: now + ms, beatCost: 78, unheard: 2}) {
		t.Errorf("%+v", p)
	}
}
