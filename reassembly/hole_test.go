package reassembly

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// A segment that comes late, as the client's timer has it sent again (RFC 6298),
// fills its hole, however long the client was silent.
func TestLateRetransmission(t *testing.T) {
	for _, after := range []time.Duration{200 * time.Millisecond, time.Second, 3200 * time.Millisecond, 7 * time.Second, 15 * time.Second, 31 * time.Second, 59 * time.Second} {
		for name, more := range map[string]int{"nothing behind it": 0, "the rest of its window behind it": 10} {
			t.Run(fmt.Sprintf("%v, %s", after, name), func(t *testing.T) {
				c, k := opened()
				whole := post(1, strings.Repeat("x", 1000*(more+2)))
				c.push(k.data(whole[:500]))
				late := k.data(whole[500:1000])
				for at := 1000; at < len(whole); at += 1000 {
					c.push(k.data(whole[at:min(at+1000, len(whole))]))
				}
				for waited := time.Duration(0); waited < after; waited += tick {
					k.wait(tick)
					c.Advance(k.now)
				}
				late.Time = k.now
				c.push(late)
				k.respond()
				c.push(k.data(get(2)))
				same(t, c.requests[1:], []string{whole, get(2)})
				if s := c.finish(t); s.MissingBytes != 0 {
					t.Errorf("%d missing bytes", s.MissingBytes)
				}
			})
		}
	}
}

// What is sent again keeps getting lost: each filling begins the time anew.
func TestHoleThatIsFilledSlowly(t *testing.T) {
	c, k := opened()
	whole := post(1, strings.Repeat("x", 1000))
	c.push(k.data(whole[:200]))
	at := k.seq
	k.data(whole[200:800])
	c.push(k.data(whole[800:]))
	for i := 200; i < 800; i += 100 {
		k.wait(40 * time.Second)
		c.push(k.at(at+uint32(i-200), capture.ACK, whole[i:i+100]))
	}
	same(t, c.requests[1:], []string{whole})
	c.finish(t)
}

// lossy is a connection that has lost a segment with the request 1 in the
// capture; the server has it.
func lossy() (*collector, *client) {
	c, k := opened()
	k.respond()
	k.data(get(1))
	k.respond()
	return c, k
}

// Where the client has had a response since, and has begun another request, the
// server was not missing anything: that is waited for three seconds and no more.
func TestCaptureLossIsGivenUpSoon(t *testing.T) {
	c, k := lossy()
	c.push(k.data(get(2)))
	k.wait(100 * time.Millisecond)
	k.respond()
	c.push(k.data(get(3)))
	k.wait(2 * time.Second)
	c.Advance(k.now)
	same(t, c.requests[1:], nil)
	k.wait(1100 * time.Millisecond)
	c.Advance(k.now)
	same(t, c.requests[1:], []string{get(2), get(3)})
	k.respond()
	c.push(k.data(get(4)))
	same(t, c.requests[3:], []string{get(4)})
	if s := c.finish(t); s.MissingBytes != uint64(len(get(1))) {
		t.Errorf("%+v", s)
	}
}

// The same where the client closes instead.
func TestCaptureLossBeforeAFIN(t *testing.T) {
	c, k := lossy()
	c.push(k.data(get(2)))
	k.respond()
	c.push(k.fin())
	k.wait(3200 * time.Millisecond)
	c.Advance(k.now)
	same(t, c.requests[1:], []string{get(2)})
	if s := c.finish(t); s.Flows != 1 || c.streams.live != 0 {
		t.Errorf("%+v", s)
	}
}

// That the server has had the bytes of one hole says nothing of the next.
func TestAnotherHoleIsWaitedFor(t *testing.T) {
	c, k := opened()
	first := k.data(get(1))
	k.respond()
	c.push(k.data(get(2)))
	k.respond()
	whole := post(3, strings.Repeat("x", 1000))
	c.push(k.data(whole[:500])) // the first hole was not one for the server
	first.Time = k.now
	c.push(first)
	same(t, c.requests[1:], []string{get(1), get(2)})
	late := k.data(whole[500:800])
	c.push(k.data(whole[800:]))
	k.wait(7 * time.Second)
	c.Advance(k.now)
	late.Time = k.now
	c.push(late)
	same(t, c.requests[1:], []string{get(1), get(2), whole})
	c.finish(t)
}

// Without a response in between the client may still send it again.
func TestLossWithoutResponsesIsWaitedFor(t *testing.T) {
	c, k := lossy()
	for i := range laterRequests - 1 {
		c.push(k.data(get(2 + i)))
	}
	k.wait(59 * time.Second)
	c.Advance(k.now)
	same(t, c.requests[1:], nil)
	k.wait(2 * time.Second)
	c.Advance(k.now)
	if len(c.requests) != laterRequests {
		t.Errorf("%d requests after the hole was given up", len(c.requests)-1)
	}
	c.finish(t)
}

// So many requests over a time in which the client would have sent the bytes again.
func TestManyLaterRequestsEndTheWaiting(t *testing.T) {
	c, k := lossy()
	for i := range laterRequests {
		k.wait(time.Duration(laterTime) / (laterRequests - 1))
		c.push(k.data(get(2 + i)))
	}
	if len(c.requests) != 1+laterRequests {
		t.Errorf("%d requests behind the hole, want %d", len(c.requests)-1, laterRequests)
	}
	c.finish(t)
}

// More than a server's window behind a hole: it has been told of the bytes.
func TestManyBytesBehindAHole(t *testing.T) {
	c, k := newCollector(Config{}), newClient(1, 7)
	c.push(k.syn())
	const size = 10 << 20
	head := fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", size)
	c.push(k.data(head))
	k.data("lost!")
	block := strings.Repeat("x", 32<<10)
	for sent := 5; sent < size; {
		n := min(len(block), size-sent)
		c.push(k.data(block[:n]))
		sent += n
	}
	c.push(k.data(get(1)))
	same(t, c.requests, []string{get(1)})
	c.fates(t, map[Fate]uint64{Gap: 1, Sent: 1})
	c.finish(t)
}

// A connection that misses something holds up no other.
func TestHolesHoldUpNoOtherConnection(t *testing.T) {
	c, k := lossy()
	c.push(k.data(get(2)))
	for i := range 20 {
		other := newClient(uint16(100+i), uint32(i)*1_000_000)
		other.now = k.now + int64(i)
		c.push(other.syn())
		c.push(other.data(get(10 + i)))
		if len(c.requests) != 2+i {
			t.Fatalf("request %d waits for another connection", i)
		}
	}
	c.finish(t)
}

// The length of a body tells where the next request begins, whatever was lost in
// it; nothing is guessed behind it.
func TestLossInABody(t *testing.T) {
	for name, whole := range map[string]string{
		"of known length": post(1, strings.Repeat("x", 3000)), "in one chunk": chunked(1, strings.Repeat("x", 3000)),
	} {
		t.Run(name, func(t *testing.T) {
			c, k := opened()
			c.push(k.data(whole[:1000]))
			k.data(whole[1000:2000])
			c.push(k.data(whole[2000:]))
			c.push(k.data("PURGE /2 HTTP/1.1\r\n\r\n"))
			k.wait(c.cfg.GapTimeout + tick)
			c.Advance(k.now)
			same(t, c.requests[1:], []string{"PURGE /2 HTTP/1.1\r\n\r\n"})
			c.fates(t, map[Fate]uint64{Gap: 1, Sent: 2})
			c.finish(t)
		})
	}
}

// A lone segment far ahead is hardly of the connection, and a hole of that size
// with more behind it is a loss.
func TestFarAhead(t *testing.T) {
	for name, tt := range map[string]struct {
		distance, more int
		missing        uint64
	}{
		"alone and near":             {nearWindow, 0, nearWindow},
		"alone and far":              {nearWindow + 1, 0, 0},
		"far, and much comes behind": {nearWindow + 1, 100, nearWindow + 1},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := opened()
			at := k.seq
			k.seq += uint32(tt.distance)
			c.push(k.data(get(1)))
			for range tt.more {
				c.push(k.data(post(2, strings.Repeat("x", 1000))))
			}
			k.wait(c.cfg.GapTimeout + tick)
			c.Advance(k.now)
			if s := c.Stats(); s.MissingBytes != tt.missing {
				t.Fatalf("%d missing bytes, want %d", s.MissingBytes, tt.missing)
			}
			if tt.missing == 0 {
				c.push(k.at(at, capture.ACK, get(3)))
				same(t, c.requests[1:], []string{get(3)})
			}
			c.finish(t)
		})
	}
}
