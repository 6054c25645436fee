package reassembly

import (
	"strings"
	"testing"
)

// endless are messages of which nobody can know where they end.
var endless = map[string]string{
	"length and chunked":   "POST /m HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	"two lengths":          "POST /m HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
	"signed length":        "POST /m HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
	"a chunk that is none": "POST /m HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
	"NUL":                  "GET /m HTTP/1.1\r\nX: \x00\r\n\r\n",
}

// eachEndless runs a test for each of them, which was sent in one piece, or in
// two.
func eachEndless(t *testing.T, test func(t *testing.T, c *collector, k *client)) {
	for name, in := range endless {
		for how, at := range map[string]int{"": 0, ", in two pieces": len(in) - 3} {
			t.Run(name+how, func(t *testing.T) {
				c, k := newCollector(Config{}), newClient(1, 1)
				c.push(k.syn())
				c.push(k.data(get(0)))
				k.respond()
				if at > 0 {
					c.push(k.data(in[:at]))
				}
				c.push(k.data(in[at:]))
				same(t, c.requests, []string{get(0)})
				if s := c.Stats(); s.Fates[Malformed] != 1 || s.Captured != 2 {
					t.Fatalf("%+v", s)
				}
				test(t, c, k)
			})
		}
	}
}

// Without a response behind it, nothing behind such a message is believed, but
// all of it is counted.
func TestDoubtWithoutAResponse(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		before := c.Stats()
		bytes := 0
		for i := range 100 {
			c.push(k.data(get(i)))
			bytes += len(get(i))
		}
		c.push(k.data(get(1) + get(2) + "te"))
		c.push(k.data("xt"))
		bytes += len(get(1)+get(2)) + 4
		c.push(k.fin())
		same(t, c.requests, []string{get(0)})
		c.fates(t, map[Fate]uint64{Sent: 1, Malformed: 1})
		s := c.finish(t)
		if n := s.DoubtfulRequests - before.DoubtfulRequests; n != 102 {
			t.Errorf("%d doubtful requests, want 102", n)
		}
		if n := s.DoubtfulBytes - before.DoubtfulBytes; n != uint64(bytes) {
			t.Errorf("%d doubtful bytes, want %d", n, bytes)
		}
	})
}

// What follows in the same segment is counted as well.
func TestDoubtInTheSameSegment(t *testing.T) {
	for name, in := range endless {
		c, k := newCollector(Config{}), newClient(1, 1)
		c.push(k.syn())
		c.push(k.data(in + "\r\n\r\n" + strings.Repeat(get(1), 10)))
		same(t, c.requests, nil)
		s := c.finish(t)
		if s.DoubtfulRequests != 10 || s.DoubtfulBytes < uint64(10*len(get(1))) || s.Captured != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// After a response reading is back in step, and two requests with a response
// between them prove it.
func TestDoubtEndsWithResponses(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		c.push(k.data("hello"))
		k.respond()
		c.push(k.data(get(1)))
		same(t, c.requests, []string{get(0)})
		k.respond()
		c.push(k.data(get(2)))
		same(t, c.requests, []string{get(0), get(1), get(2)})
		c.push(k.data(get(3))) // nothing is in doubt any more
		same(t, c.requests[3:], []string{get(3)})
		c.fates(t, map[Fate]uint64{Sent: 4, Malformed: 1})
		c.finish(t)
	})
}

// A response in between and another request line are not enough: the body may
// hold both look-alikes, and the server may have responded early.
func TestDoubtNeedsTwoResponses(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		k.respond()
		for i := range 20 {
			c.push(k.data(get(i + 1)))
		}
		same(t, c.requests, []string{get(0)})
		c.push(k.data("text\n"))
		c.push(k.fin())
		same(t, c.requests, []string{get(0)})
		s := c.finish(t)
		if s.Captured != 2 || s.DoubtfulRequests < 20 {
			t.Errorf("%+v", s)
		}
	})
}

// Neither the end of the connection nor silence proves a guess behind a doubt: a
// server that refused the message closes, and reads nothing of what follows.
func TestDoubtAndTheEnd(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		before := c.Stats().DoubtfulRequests
		k.respond()
		c.push(k.data(get(1)))
		c.push(k.fin())
		same(t, c.requests, []string{get(0)})
		if s := c.finish(t); s.Captured != 2 || s.DoubtfulRequests != before+1 || s.GuessesFailed != 1 {
			t.Errorf("%+v", s)
		}
	})
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		k.respond()
		c.push(k.data(get(1)))
		k.wait(2 * guessTimeout)
		c.Advance(k.now)
		same(t, c.requests, []string{get(0)})
		k.respond()
		c.push(k.data(get(2)))
		same(t, c.requests, []string{get(0), get(1), get(2)})
		c.finish(t)
	})
}

// A body that drips in look-alikes is never handed on.
func TestDoubtAndDrip(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		for i := range 50 {
			k.wait(500e6)
			if i == 10 {
				k.respond() // 400 (Bad Request)
			}
			c.push(k.data(get(i + 1)))
			c.balance(t)
		}
		same(t, c.requests, []string{get(0)})
		s := c.finish(t)
		if s.Captured-s.Fates[Sent] > 2 {
			t.Errorf("%+v", s)
		}
	})
}

// A hole behind a doubtful message ends no doubt.
func TestDoubtAndLoss(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		k.respond()
		c.push(k.data(get(1)))
		k.data("lost")
		k.respond()
		for i := range 3 {
			c.push(k.data(get(2 + i)))
		}
		k.wait(c.cfg.GapTimeout)
		c.Advance(k.now)
		same(t, c.requests, []string{get(0)})
		k.respond()
		c.push(k.data(get(10)))
		k.respond()
		c.push(k.data(get(11)))
		same(t, c.requests, []string{get(0), get(10), get(11)})
		c.finish(t)
	})
}

// A guess behind a doubt began with the response before it: a segment of its
// body that begins with a request line is still its own.
func TestDoubtAndBodyLikeARequest(t *testing.T) {
	eachEndless(t, func(t *testing.T, c *collector, k *client) {
		whole := post(1, "text"+get(7))
		k.respond()
		c.push(k.data(strings.TrimSuffix(whole, get(7))))
		c.push(k.data(get(7)))
		k.respond()
		c.push(k.data(get(2)))
		same(t, c.requests, []string{get(0), whole, get(2)})
		c.finish(t)
	})
}

// A guess behind a doubt that finds no room leaves the doubt as it was: nothing
// behind it is believed without a proof of its own.
func TestDoubtedGuessWithoutRoom(t *testing.T) {
	for _, end := range []string{"x", "xy"} {
		t.Run(end, func(t *testing.T) {
			c, k := newCollector(Config{MaxMemory: 1 << 20}), newClient(1, 1)
			c.push(k.syn())
			c.push(k.data(endless["two lengths"]))
			k.respond()
			for rest := []byte(strings.TrimSuffix(post(1, strings.Repeat("z", 2<<20)+end), end)); len(rest) > 0; {
				n := min(len(rest), 1<<16)
				c.push(k.data(string(rest[:n])))
				rest = rest[n:]
			}
			for _, b := range end {
				c.push(k.data(string(b)))
			}
			c.push(k.data(get(2)))
			c.push(k.data(get(3)))
			same(t, c.requests, nil)
			c.fates(t, map[Fate]uint64{Malformed: 1, Shed: 1})
			c.finish(t)
		})
	}
}

// What is not spoken here ends reading as what is malformed does.
func TestDoubtBehindUnsupported(t *testing.T) {
	c, k := newCollector(Config{}), newClient(1, 1)
	c.push(k.syn())
	c.push(k.data("GET / HTTP/2.0\r\n\r\n" + get(1)))
	c.push(k.data(get(2)))
	for i := range 2 {
		k.respond()
		c.push(k.data(get(3 + i)))
	}
	same(t, c.requests, []string{get(3), get(4)})
	c.fates(t, map[Fate]uint64{Sent: 2, Unsupported: 1})
	if s := c.finish(t); s.DoubtfulRequests != 2 {
		t.Errorf("%+v", s)
	}
}
