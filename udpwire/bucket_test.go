package udpwire

import "testing"

func TestBucket(t *testing.T) {
	b := bucket{every: 10, burst: 3}
	now := int64(1000)
	take := func(want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := b.take(now); got != w {
				t.Errorf("at %d, the %dth: %t", now, i+1, got)
			}
		}
	}
	take(true, true, true, false, false)
	now += 9
	take(false)
	now++
	take(true, false)
	now += 25
	take(true, true, false)
	now += 1000
	take(true, true, true, false)
	now -= 2000 // a clock that is set back
	take(true, true, true, false)
}
