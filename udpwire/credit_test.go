package udpwire

import "testing"

func TestCredit(t *testing.T) {
	c := credit{window: 1000}
	if c.underWay() != minWindow {
		t.Errorf("%d bytes for a window of 1000", c.underWay())
	}
	c.window = 4 << 20
	c.learn(1<<20, 10*ms, 10*ms)
	if want := int64(5 << 20); c.underWay() != want {
		t.Errorf("%d bytes, want %d", c.underWay(), want)
	}
	c.learn(1<<20, 10*ms, 1000*ms) // spent in queues
	if want := int64(4<<20 + 1<<20 - 1<<16); c.underWay() != want {
		t.Errorf("%d bytes, want %d", c.underWay(), want)
	}
	if c.overrun(); c.underWay() != 4<<20 {
		t.Errorf("%d bytes after an overrun", c.underWay())
	}
}
