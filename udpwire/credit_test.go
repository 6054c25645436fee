package udpwire

import "testing"

func TestCredit(t *testing.T) {
	c := credit{window: 1000}
	if c.bytes() != minWindow {
		t.Errorf("%d bytes for a window of 1000", c.bytes())
	}
	c.window = 4 << 20
	c.learn(1<<20, 10*ms, 10*ms)
	if want := int64(5 << 20); c.bytes() != want {
		t.Errorf("%d bytes, want %d", c.bytes(), want)
	}
	c.learn(1<<20, 10*ms, 1000*ms) // spent in queues
	if want := int64(4<<20 + 1<<20 - 1<<16); c.bytes() != want {
		t.Errorf("%d bytes, want %d", c.bytes(), want)
	}
	if c.overrun(); c.bytes() != 4<<20 {
		t.Errorf("%d bytes after an overrun", c.bytes())
	}
}
