package reassembly

import (
	"testing"
	"time"
)

// TestRebase: where a live source's clock is set back, timers go on, and requests
// have the times that their packets say.
func TestRebase(t *testing.T) {
	for _, rebase := range []bool{true, false} {
		var last int64
		c := New(Config{Rebase: rebase, GapTimeout: 5 * time.Second}, func(r *Request) Fate {
			last = r.Last
			return Sent
		})
		push := func(k *client, text string) {
			s := k.data(text)
			c.Push(&s)
		}
		k, other := newClient(4000, 1), newClient(4001, 1)
		for _, k := range []*client{k, other} {
			s := k.syn()
			c.Push(&s)
		}
		push(k, get(1))
		k.seq += 5 // a hole
		push(k, get(2))
		now := k.now
		now -= int64(time.Hour)
		for range 10 { // ten seconds of an hour ago
			now += int64(time.Second)
			c.Advance(now)
		}
		other.now = now
		push(other, get(3))
		if rebase && last != other.now {
			t.Errorf("the request is of %v, not of its packet", time.Unix(0, last))
		}
		if missing := c.Stats().MissingBytes > 0; missing != rebase {
			t.Errorf("rebase %t: the hole was given up: %t", rebase, missing)
		}
	}
}
