package udpwire

import "testing"

// TestRoundTripAfterStall: one answer that came late does not slow down recovery for long.
func TestRoundTripAfterStall(t *testing.T) {
	var o outbox
	o.begin(newOutgoing(1, nil, 0))
	now := int64(1e18)
	for i := range 6 {
		rtt := ms / 10
		if i == 0 {
			rtt = 100 * ms
		}
		now += 100 * ms
		o.measure(now, &report{echo: now - rtt})
	}
	if o.trip.smoothed > 4*ms {
		t.Errorf("round trip %d us", o.trip.smoothed/1000)
	}
}
