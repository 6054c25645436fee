package reassembly

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// joinedBody is a client that was in the middle of a body when the capture began.
func joinedBody() (*collector, *client) {
	c, k := newCollector(Config{MaxMemory: 4 << 20}), newClient(1, 500_000)
	c.push(k.data("rest of a body"))
	return c, k
}

// lookAlike is part of a body that begins as a request does, and goes on as none.
func lookAlike(n int) string { return get(n) + "and this is only text\n" }

// A look-alike in a body is not handed on, and every request behind it is.
func TestLookAlikeAtAJoin(t *testing.T) {
	for name, body := range map[string][]string{
		"text behind it in the segment":       {lookAlike(0)},
		"text in the next segment":            {get(0), "and this is text\n"},
		"text without a line end":             {get(0), "and this is text"},
		"binary behind it":                    {get(0) + "\x00\x01"},
		"another method's end behind it":      {get(0), "xGET /invented HTTP/1.1\r\n\r\n"},
		"an odd request line behind it":       {get(0), "GET  /invented HTTP/1.1\r\n\r\n"},
		"a head that has no end":              {"GET /0 HTTP/1.1\r\nHost: a\r\nX: \x00\r\n"},
		"a body that has two lengths":         {"POST /0 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
		"a length that swallows what comes":   {"POST /0 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx"},
		"a length beyond MaxRequest":          {"POST /0 HTTP/1.1\r\nContent-Length: 900000000000\r\n\r\nx"},
		"a length beyond MaxRequest, later":   {"POST /0 HTTP/1.1\r\nContent-Le", "ngth: 900000000000\r\n\r\nx"},
		"chunks that swallow what comes":      {"POST /0 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\nx"},
		"chunks that are none":                {"POST /0 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "hello"},
		"one look-alike after the other":      {lookAlike(0), lookAlike(1), get(2), "text\n"},
		"a look-alike inside of a look-alike": {"POST /0 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx", lookAlike(1), "text"},
		"CONNECT":                             {"CONNECT a:443 HTTP/1.1\r\n\r\n"},
		"CONNECT with a body":                 {"CONNECT a:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := joinedBody()
			for _, b := range body {
				c.push(k.data(b))
				c.balance(t)
			}
			var want []string
			for i := range 50 {
				k.respond()
				want = append(want, get(100+i))
				c.push(k.data(get(100 + i)))
				c.balance(t)
			}
			c.push(k.fin())
			same(t, c.requests, want)
			c.fates(t, map[Fate]uint64{Sent: 50})
			if s := c.finish(t); s.Captured != 50 || s.GuessesFailed == 0 {
				t.Errorf("%d captured, %d guesses failed", s.Captured, s.GuessesFailed)
			}
		})
	}
}

// Where the client does not wait for responses, requests that a look-alike has
// swallowed as its body are found once it fails.
func TestSwallowedRequestsAreFound(t *testing.T) {
	head := "POST /0 HTTP/1.1\r\nContent-Length: 200\r\n\r\n"
	for name, tt := range map[string]struct {
		segments []string
		want     []string
	}{
		"in the body": {
			[]string{head + "x", get(1), get(2), get(3), get(4), strings.Repeat("x", 100) + "\n", get(5)},
			[]string{get(1), get(2), get(3), get(4)}},
		"in the body, with other look-alikes": {
			[]string{head + "x", lookAlike(10), lookAlike(11), get(1), get(2), get(3), get(4), get(5), get(6), get(7)},
			[]string{get(1), get(2), get(3), get(4), get(5), get(6), get(7)}},
		"a look-alike swallowed by a look-alike, which swallows more": {
			[]string{head + "x", head + "y", get(1), get(2), get(3), get(4), get(5), get(6), get(7), get(8), get(9), get(10), get(11), get(12)},
			[]string{get(1), get(2), get(3), get(4), get(5), get(6), get(7), get(8), get(9), get(10), get(11), get(12)}},
		"behind text without a line end": {
			[]string{get(0), "text", get(1), get(2)},
			[]string{get(1), get(2)}},
		"in a head": {
			[]string{"GET /0 HTTP/1.1\r\nHost: a\r\n", get(1), get(2), "\x00" + get(3)},
			[]string{get(1), get(2)}},
		"with the end of one in the segment where it fails": {
			[]string{head + "x", get(1), post(2, strings.Repeat("y", 300)), get(3)},
			[]string{get(1), post(2, strings.Repeat("y", 300)), get(3)}},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := joinedBody()
			for _, b := range tt.segments {
				c.push(k.data(b))
				c.balance(t)
			}
			c.push(k.fin())
			found := c.requests[:min(len(c.requests), len(tt.want))]
			same(t, found, tt.want)
			for _, r := range c.requests {
				if strings.Contains(r, "/0 ") || strings.Contains(r, "/10 ") && tt.want[len(tt.want)-1] == get(7) {
					t.Errorf("a look-alike was handed on: %q", r)
				}
			}
			if s := c.finish(t); s.GuessesFailed == 0 {
				t.Errorf("%+v", s)
			}
			if p := c.budget.pool; p.Held() != p.Idle() {
				t.Errorf("%d bytes are lent after the end", p.Held()-p.Idle())
			}
		})
	}
}

// What is read again is every byte: a look-alike may end, by its length, before
// what looks like empty lines inside of a true body.
func TestSwallowedEmptyLines(t *testing.T) {
	second := post(2, "body\r\n\r\nbody\r\n")
	upTo := strings.Index(second, "\r\n\r\nbody\r\n")
	for _, cuts := range [][]int{{}, {upTo}, {upTo + 2}, {upTo, upTo + 4}, {upTo + 1, upTo + 6}} {
		c, k := joinedBody()
		c.push(k.data(fmt.Sprintf("POST /0 HTTP/1.1\r\nContent-Length: %d\r\n\r\nx", 1+len(get(1))+upTo)))
		c.push(k.data(get(1)))
		at := 0
		for _, cut := range append(cuts, len(second)) {
			c.push(k.data(second[at:cut]))
			at = cut
		}
		c.push(k.data(get(3)))
		c.push(k.data(get(4)))
		for _, r := range c.requests {
			if r != get(1) && r != second && r != get(3) && r != get(4) {
				t.Errorf("cut at %v: %q was never sent", cuts, r)
			}
		}
		if len(cuts) == 0 {
			same(t, c.requests, []string{get(1), second, get(3), get(4)})
		} else {
			same(t, c.requests[max(0, len(c.requests)-2):], []string{get(3), get(4)})
		}
		c.finish(t)
	}
}

// A connection that ends inside of what a look-alike has swallowed gives back what
// is proven by what follows it, and nothing else.
func TestSwallowedUntilTheEnd(t *testing.T) {
	c, k := joinedBody()
	for _, b := range []string{"POST /0 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx", get(1), get(2)} {
		c.push(k.data(b))
	}
	c.push(k.fin())
	same(t, c.requests, []string{get(1), get(2)})
	c.finish(t)

	c, k = joinedBody()
	c.push(k.data("POST /0 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx"))
	c.push(k.data(get(1)))
	c.push(k.fin())
	same(t, c.requests, nil) // an upload that was cut short may hold it
	c.fates(t, map[Fate]uint64{Aborted: 1})
	c.finish(t)
}

// A guess is handed on once something proves it, and not before.
func TestGuessIsProven(t *testing.T) {
	for name, tt := range map[string]struct {
		proof func(c *collector, k *client)
		want  []string // once it is there
	}{
		"a request line": {func(c *collector, k *client) { c.push(k.data("GET /2 HTTP/1.1\r\n")) }, []string{get(1)}},
		"a request":      {func(c *collector, k *client) { c.push(k.data(get(2))) }, []string{get(1), get(2)}},
		"a request line in pieces": {func(c *collector, k *client) {
			for _, b := range []string{"G", "ET ", "/2 HT", "TP/1.1", "\r\n"} {
				c.push(k.data(b))
			}
		}, []string{get(1)}},
		"empty lines and a request": {func(c *collector, k *client) { c.push(k.data("\r\n\r\n" + get(2))) }, []string{get(1), get(2)}},
		"FIN":                       {func(c *collector, k *client) { c.push(k.fin()) }, []string{get(1)}},
		"FIN with an empty line":    {func(c *collector, k *client) { c.push(k.at(k.seq, capture.FIN|capture.ACK, "\r\n")) }, []string{get(1)}},
		"RST":                       {func(c *collector, k *client) { c.push(k.at(k.seq, capture.RST, "")) }, []string{get(1)}},
		"silence": {func(c *collector, k *client) {
			c.Advance(k.now + int64(guessTimeout))
		}, []string{get(1)}},
		"Close": {func(c *collector, k *client) { c.Close() }, []string{get(1)}},
		"a new connection": {func(c *collector, k *client) {
			again := newClient(1, 3_000_000_000)
			again.now = k.now
			c.push(again.syn())
			c.push(again.data(get(3)))
		}, []string{get(1), get(3)}},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := joinedBody()
			c.push(k.data(get(1)))
			c.Advance(k.now + int64(guessTimeout) - int64(tick))
			k.wait(guessTimeout - 2*tick)
			if s := c.Stats(); len(c.requests) != 0 || s.Captured != 0 || s.Open != 0 {
				t.Fatalf("handed on or counted without a proof: %q, %+v", c.requests, s)
			}
			tt.proof(c, k)
			c.balance(t)
			if name == "a new connection" { // the old one is given up for it
				c.fates(t, map[Fate]uint64{Sent: 1, Aborted: 1})
				same(t, c.requests, tt.want[1:])
			} else {
				same(t, c.requests, tt.want)
			}
			if s := c.finish(t); s.GuessesFailed != 0 {
				t.Errorf("%d guesses failed", s.GuessesFailed)
			}
		})
	}
}

// A late SYN vouches for a guess at the connection's first byte, whole or half
// read, and for no other.
func TestLateSYNVouches(t *testing.T) {
	syn := func(c *client) capture.Segment { return c.at(499_999, capture.SYN, "") }
	t.Run("whole", func(t *testing.T) {
		c, k := newCollector(Config{}), newClient(1, 500_000)
		c.push(k.data(get(1)))
		same(t, c.requests, nil)
		c.push(syn(k))
		same(t, c.requests, []string{get(1)})
		c.push(k.data(get(2))) // nothing is a guess from now on
		same(t, c.requests, []string{get(1), get(2)})
		c.finish(t)
	})
	t.Run("half", func(t *testing.T) {
		c, k := newCollector(Config{}), newClient(1, 500_000)
		c.push(k.data(post(1, "body")[:50]))
		c.push(syn(k))
		c.push(k.data(post(1, "body")[50:]))
		same(t, c.requests, []string{post(1, "body")})
		c.finish(t)
	})
	t.Run("another", func(t *testing.T) {
		c, k := newCollector(Config{}), newClient(1, 500_000)
		c.push(k.data(lookAlike(0)))
		c.push(k.data(get(1)))
		c.push(syn(k))
		c.push(k.data("text\n"))
		same(t, c.requests, nil)
		if s := c.finish(t); s.GuessesFailed != 2 || s.Captured != 0 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("a copy, where its first was seen", func(t *testing.T) {
		c, k := newCollector(Config{GapTimeout: time.Second}), newClient(1, 499_999)
		first := k.syn()
		c.push(first)
		k.data("lost")
		c.push(k.data(get(1))) // waits
		c.Advance(k.now + 2e9)
		k.wait(2 * time.Second)
		copied := first
		copied.Time = k.now
		c.push(copied)
		same(t, c.requests, nil)
		c.push(k.data("text\n"))
		same(t, c.requests, nil)
		if s := c.finish(t); s.GuessesFailed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// Part of a line is no proof: until its end is there, it may be text.
func TestPartOfALineProvesNothing(t *testing.T) {
	for _, part := range []string{"G", "GET", "GET /2 HTT", "text", "\r\n", "\r\n\r\n"} {
		c, k := joinedBody()
		c.push(k.data(get(1)))
		c.push(k.data(part))
		same(t, c.requests, nil)
		if s := c.Stats(); s.Captured != 0 || s.GuessesFailed != 0 {
			t.Errorf("%q: %+v", part, s)
		}
		c.push(k.data(" and more text\n"))
		same(t, c.requests, nil)
		if s := c.finish(t); s.Captured != 0 || s.GuessesFailed != 1 {
			t.Errorf("%q: %+v", part, s)
		}
	}
}

// At the end, a request line that was cut short may prove a guess; a word, or what
// is no request, shows that the guess was none.
func TestGuessAtTheEnd(t *testing.T) {
	for rest, proven := range map[string]bool{"": true, "GE": false, "a": false, "GET /2": true, "\r\n": true, "some text": false, "\x00": false, "GET  /": false} {
		c, k := joinedBody()
		c.push(k.data(get(1)))
		c.push(k.data(rest))
		c.push(k.fin())
		if got := len(c.requests) == 1; got != proven {
			t.Errorf("%q behind it: handed on %v, want %v", rest, got, proven)
		}
		s := c.finish(t)
		if want := map[bool]uint64{true: 0, false: 1}[proven]; s.GuessesFailed != want {
			t.Errorf("%q behind it: %d guesses failed", rest, s.GuessesFailed)
		}
	}
}

// A guess that asks to speak another protocol, and that nothing followed when it was
// believed, may have been granted that.
func TestGuessedUpgrade(t *testing.T) {
	const upgrade = "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
	for name, believe := range map[string]func(c *collector, k *client){
		"silence": func(c *collector, k *client) {
			k.wait(guessTimeout)
			c.Advance(k.now)
		},
		"late SYN": func(c *collector, k *client) {
			c.push(k.at(k.seq-uint32(len(upgrade))-1, capture.SYN, ""))
		},
	} {
		for rest, upgraded := range map[string]uint64{"\x81\x05hello": 1, get(2): 0} {
			t.Run(name, func(t *testing.T) {
				c, k := newCollector(Config{}), newClient(1, 500)
				c.push(k.data(upgrade))
				believe(c, k)
				same(t, c.requests, []string{upgrade})
				c.push(k.data(rest))
				if s := c.finish(t); s.Streams[Upgraded] != upgraded || s.Fates[Sent] != 2-upgraded || s.Captured != s.Fates[Sent] {
					t.Errorf("%q behind it: %+v", rest, s)
				}
			})
		}
	}
}

// After bytes were lost the next request is a guess, as at a join.
func TestGuessAfterLoss(t *testing.T) {
	lose := func(t *testing.T) (*collector, *client) {
		c, k := newCollector(Config{GapTimeout: time.Second}), newClient(1, 500)
		c.push(k.syn())
		c.push(k.data("POST /0 HTTP/1.1\r\nX: "))
		k.data("the length was here")
		c.push(k.data("some of the body"))
		k.wait(2 * time.Second)
		c.Advance(k.now)
		c.fates(t, map[Fate]uint64{Gap: 1})
		return c, k
	}
	t.Run("a look-alike", func(t *testing.T) {
		c, k := lose(t)
		for _, b := range []string{lookAlike(1), get(2), get(3)} {
			k.respond()
			c.push(k.data(b))
		}
		same(t, c.requests, []string{get(2), get(3)})
		if s := c.finish(t); s.GuessesFailed != 1 || s.Captured != 3 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("a request", func(t *testing.T) {
		c, k := lose(t)
		c.push(k.data(get(1)))
		same(t, c.requests, nil)
		c.push(k.fin())
		same(t, c.requests, []string{get(1)})
		c.finish(t)
	})
	t.Run("loss behind it", func(t *testing.T) {
		c, k := lose(t)
		c.push(k.data(get(1)))
		k.data("lost")
		c.push(k.data(get(2)))
		c.push(k.data(get(3)))
		k.wait(2 * time.Second)
		c.Advance(k.now)
		same(t, c.requests, []string{get(2), get(3)})
		c.fates(t, map[Fate]uint64{Gap: 2, Sent: 2})
		c.finish(t)
	})
	t.Run("loss inside of it", func(t *testing.T) {
		c, k := lose(t)
		c.push(k.data("POST /1 HTTP/1.1\r\nContent-Length: 100000\r\n\r\nx"))
		k.data("lost")
		c.push(k.data(get(2))) // its length was a guess, too: nothing is skipped by it
		c.push(k.data(get(3)))
		k.wait(2 * time.Second)
		c.Advance(k.now)
		same(t, c.requests, []string{get(2), get(3)})
		c.fates(t, map[Fate]uint64{Gap: 2, Sent: 2})
		c.finish(t)
	})
}

// A response while a body flows shows that there was none; one before it begins,
// as 100 (Continue), shows nothing.
func TestResponseInsideOfAGuess(t *testing.T) {
	body := get(7) + strings.Repeat("x", 100)
	whole := post(1, body)
	head := whole[:len(whole)-len(body)]
	t.Run("100 (Continue)", func(t *testing.T) {
		c, k := joinedBody()
		c.push(k.data(head))
		k.respond()
		c.push(k.data(body))
		c.push(k.data(get(2)))
		same(t, c.requests, []string{whole, get(2)})
		c.finish(t)
	})
	t.Run("no response", func(t *testing.T) {
		c, k := joinedBody()
		c.push(k.data(head + body[:3]))
		c.push(k.data(body[3:]))
		c.push(k.data(get(2)))
		same(t, c.requests, []string{whole, get(2)})
		c.finish(t)
	})
	t.Run("a response", func(t *testing.T) {
		c, k := joinedBody()
		c.push(k.data(head + "x"))
		k.respond()
		c.push(k.data(get(2)))
		k.respond()
		c.push(k.data(get(3)))
		same(t, c.requests, []string{get(2), get(3)})
		if s := c.finish(t); s.GuessesFailed != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// The empty line that ends a head may begin a segment in which another request
// follows.
func TestEmptyLineEndsAGuess(t *testing.T) {
	c, k := joinedBody()
	c.push(k.data("GET /1 HTTP/1.1\r\nHost: a\r\n"))
	c.push(k.data("\r\n" + get(2)))
	same(t, c.requests, []string{get(1), get(2)})
	c.finish(t)
}

// A guess takes part in the budget, and is the first to go: then it is counted,
// and what follows it is a guess as well.
func TestGuessIsShed(t *testing.T) {
	c, k := joinedBody()
	c.push(k.data(get(1)))
	c.shed(c.cfg.MaxMemory, nil)
	c.fates(t, map[Fate]uint64{Shed: 1})
	c.push(k.data("text\n"))
	c.push(k.data(get(2)))
	c.push(k.data(get(3)))
	same(t, c.requests, []string{get(2), get(3)})
	c.fates(t, map[Fate]uint64{Shed: 1, Sent: 2})
	c.finish(t)

	c, k = joinedBody()
	c.push(k.data(get(1)))
	c.push(k.data("te"))
	c.shed(c.cfg.MaxMemory, nil)
	c.push(k.data("xt / HTTP/1.1\r\n\r\n")) // no request: nobody knows where it begins
	same(t, c.requests, nil)
	c.fates(t, map[Fate]uint64{Shed: 1})
	c.finish(t)
}

// A guess that nothing has room for is shed when it is whole, and reading goes on
// by a guess.
func TestGuessWithoutRoomIsShed(t *testing.T) {
	c, k := newCollector(Config{MaxMemory: 1 << 20, MaxRequest: 8 << 20}), newClient(1, 500)
	c.push(k.data("text"))
	c.push(k.data(post(1, strings.Repeat("x", 2<<20))))
	c.push(k.data("text\n"))
	c.push(k.data(get(2)))
	c.push(k.data(get(3)))
	same(t, c.requests, []string{get(2), get(3)})
	c.fates(t, map[Fate]uint64{Shed: 1, Sent: 2})
	c.finish(t)
}

// A guess that gor sent itself is proven and then not handed on.
func TestMarkedGuess(t *testing.T) {
	c, k := joinedBody()
	marked := "GET / HTTP/1.1\r\nGor-Replayed: 1\r\n\r\n"
	c.push(k.data(marked))
	if s := c.Stats(); s.Captured != 0 {
		t.Fatalf("%+v", s)
	}
	c.push(k.data(get(2)))
	same(t, c.requests, []string{get(2)})
	c.fates(t, map[Fate]uint64{Loop: 1, Sent: 1})
	c.finish(t)
}

// The request that comes first in a proven stream keeps its place: numbers count
// what began, and the guess began before its proof.
func TestGuessIsNumberedBeforeItsProof(t *testing.T) {
	c, k := joinedBody()
	for i := range 3 {
		c.push(k.data(get(i)))
	}
	same(t, c.requests, []string{get(0), get(1), get(2)})
	for i, n := range c.index {
		if n != uint64(i) {
			t.Errorf("request %d has number %d", i, n)
		}
	}
	c.finish(t)
}

// A hostile body of nothing but look-alikes that fail at their end costs no more
// than a few copies of each byte.
func TestLookAlikesAreBounded(t *testing.T) {
	c, k := joinedBody()
	for range 300 {
		c.push(k.data("POST / HTTP/1.1\r\nContent-Length: 3000\r\n\r\n"))
	}
	c.push(k.data(strings.Repeat("x", 6000) + "\n"))
	same(t, c.requests, nil)
	if s := c.finish(t); s.Captured != 0 || s.GuessesFailed > 300 {
		t.Errorf("%+v", s)
	}
}
