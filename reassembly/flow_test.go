package reassembly

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// opened is a connection whose SYN and first request were seen.
func opened() (*collector, *client) {
	c, k := newCollector(Config{MaxMemory: 4 << 20}), newClient(1, 1_000_000_000)
	c.push(k.syn())
	k.respond()
	c.push(k.data(get(0)))
	return c, k
}

// Segments of an older connection with the same addresses are dropped wherever
// their sequence numbers lie, and the connection goes on.
func TestOldDuplicates(t *testing.T) {
	old := "POST /old HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, distance := range map[string]uint32{
		"on the other side of the sequence numbers": 1 << 31, "far ahead": 1 << 30, "far behind": ^uint32(1<<30) + 1,
		"just beyond what is taken": maxWindow + 1<<20, "just behind what is taken": ^uint32(2<<20) + 1,
		"ahead, in a large window": 3 << 20, "ahead, beyond a small window": 70_000,
	} {
		for _, flags := range []capture.Flags{capture.ACK, capture.ACK | capture.FIN, capture.RST, capture.FIN} {
			t.Run(name+" "+flags.String(), func(t *testing.T) {
				c, k := newCollector(Config{MaxMemory: 4 << 20}), newClient(1, 1_000_000_000)
				c.push(k.syn())
				strange := func() { c.push(k.at(k.seq+distance, flags, old)) }
				var want []string
				if distance > maxWindow { // else it is a guess that the first data is late
					strange()
				}
				for i := range 5 {
					k.respond()
					want = append(want, get(i))
					c.push(k.data(get(i)))
					same(t, c.requests, want)
					strange()
					k.wait(20 * time.Second)
					c.Advance(k.now)
					c.balance(t)
				}
				k.wait(2 * c.cfg.GapTimeout)
				c.Advance(k.now)
				c.push(k.data(get(9)))
				c.push(k.fin())
				same(t, c.requests, append(want, get(9)))
				if s := c.finish(t); s.Captured != 6 || s.Connections != 1 || s.MissingBytes != 0 {
					t.Errorf("%+v", s)
				}
			})
		}
	}
}

// A segment that cannot be of the connection a SYN announced does not make the
// SYN forgotten.
func TestSYNIsRemembered(t *testing.T) {
	c, k := newCollector(Config{}), newClient(1, 1000)
	c.push(k.syn())
	c.push(k.at(k.seq+1<<31, capture.ACK, "POST /old HTTP/1.1\r\n\r\n"))
	second := k.seq
	k.data(get(1)[:20])
	c.push(k.data(get(1)[20:]))
	c.push(k.at(second, capture.ACK, get(1)[:20]))
	same(t, c.requests, []string{get(1)})
	if s := c.finish(t); s.Foreign != 1 {
		t.Errorf("%d foreign segments, want 1", s.Foreign)
	}
}

// A SYN for a connection that goes on may be forged or old: it is only believed
// when data comes from where it says.
func TestSYNOnALiveConnection(t *testing.T) {
	for name, isn := range map[string]uint32{"far away": 3_000_000_000, "ahead": 1_002_000_000, "behind": 997_000_000} {
		t.Run(name+", and nothing follows", func(t *testing.T) {
			c, k := opened()
			for i := range 5 {
				c.push(k.at(isn, capture.SYN, ""))
				k.respond()
				c.push(k.data(get(i + 1)))
			}
			same(t, c.requests, []string{get(0), get(1), get(2), get(3), get(4), get(5)})
			if s := c.finish(t); s.Connections != 1 || s.Foreign != 0 {
				t.Errorf("%+v", s)
			}
		})
		t.Run(name+", and its data", func(t *testing.T) {
			c, k := opened()
			c.push(k.data("GET /half"))
			again := newClient(1, isn)
			again.now = k.now
			c.push(again.syn())
			c.push(again.data(get(1)))
			c.push(again.data(get(2)))
			c.push(k.data("a late segment of the old one\n"))
			c.push(again.data(get(3)))
			same(t, c.requests, []string{get(0), get(1), get(2), get(3)})
			c.fates(t, map[Fate]uint64{Sent: 4, Aborted: 1})
			if c.conns[0] == c.conns[1] || c.conns[1] != c.conns[3] {
				t.Errorf("connections %x", c.conns)
			}
			if s := c.finish(t); s.Connections != 2 {
				t.Errorf("%+v", s)
			}
		})
		t.Run(name+", and its data out of order", func(t *testing.T) {
			c, k := opened()
			again := newClient(1, isn)
			again.now = k.now
			c.push(again.syn())
			first := again.data(get(1)[:10])
			c.push(again.data(get(1)[10:]))
			c.push(first)
			same(t, c.requests, []string{get(0), get(1)})
			c.finish(t)
		})
	}
}

// A server drops a SYN of an open connection with all that is in it, be it the
// connection's own again (RFC 5961 section 4).
func TestDataInARepeatedSYN(t *testing.T) {
	c, k := opened()
	c.push(k.at(k.seq-uint32(len(get(0)))-1, capture.SYN, get(0)+get(7)))
	c.push(k.data(get(1)))
	same(t, c.requests, []string{get(0), get(1)})
	c.finish(t)

	c, k = newCollector(Config{}), newClient(1, 500)
	c.push(k.data(get(0)))
	c.push(k.at(498, capture.SYN, "x"+get(0)+get(7))) // late: one byte was lost
	c.push(k.data(get(1)))
	same(t, c.requests, []string{get(0), get(1)})
	c.finish(t)
}

// What acknowledges nothing is read by no server: neither its data nor its FIN
// (tcp_rcv_established in Linux).
func TestWithoutAcknowledgement(t *testing.T) {
	c, k := opened()
	for _, flags := range []capture.Flags{0, capture.PSH, capture.URG, capture.FIN} {
		c.push(k.at(k.seq, flags, get(7)))
	}
	c.push(k.data(get(1)))
	c.push(newClient(2, 100).at(100, capture.PSH, get(8)))
	same(t, c.requests, []string{get(0), get(1)})
	if s := c.finish(t); s.Foreign != 5 || s.Connections != 1 {
		t.Errorf("%+v", s)
	}
}

// A closed connection remembers for a while which copies are its own.
func TestBehindTheEnd(t *testing.T) {
	c, k := opened()
	first := k.seq
	c.push(k.data(get(1)))
	c.push(k.fin())
	c.push(k.at(first, capture.ACK, get(1))) // a copy
	if s := c.Stats(); s.Foreign != 0 {
		t.Errorf("a copy is counted as foreign")
	}
	c.push(k.at(k.seq+1, capture.ACK, get(2)))
	c.push(k.at(k.seq, capture.ACK, get(2)))
	if s := c.Stats(); s.Foreign != 2 {
		t.Errorf("%d foreign segments, want 2", s.Foreign)
	}
	again := newClient(1, k.seq+20_000) // in the old one's window, as of a busy client
	again.now = k.now
	c.push(again.syn())
	c.push(again.data(get(3)))
	same(t, c.requests, []string{get(0), get(1), get(3)})
	c.finish(t)
}

// A segment is one with the numbers that a test gives it; at counts from the next
// byte of the connection.
type piece struct {
	at    int
	flags capture.Flags
	data  string
}

// pushAll pushes pieces of a connection, counted from where it stands.
func pushAll(c *collector, k *client, pieces []piece) {
	base := k.seq
	for _, p := range pieces {
		c.push(k.at(base+uint32(p.at), p.flags|capture.ACK, p.data))
	}
}

// What Linux does at the end of a stream: text behind a FIN is dropped (RFC 9293
// section 3.10.7.4), a FIN that lies inside of data is dropped as a copy
// (tcp_ofo_queue), and a RST is believed where it is next, only (RFC 5961 section 3.2).
func TestEnds(t *testing.T) {
	const fin, rst = capture.FIN, capture.RST
	a, b := get(1), get(2)
	n := len(a)
	for _, tt := range []struct {
		name   string
		pieces []piece
		want   []string
	}{
		{"FIN", []piece{{0, 0, a}, {n, fin, ""}}, []string{a}},
		{"FIN with data", []piece{{0, fin, a}}, []string{a}},
		{"data behind a FIN", []piece{{0, fin, a}, {n + 1, 0, b}}, []string{a}},
		{"data that takes the FIN's place", []piece{{0, fin, a}, {n, 0, b}}, []string{a}},
		{"data behind a FIN, early", []piece{{n + 1, 0, b}, {0, fin, a}}, []string{a}},
		{"FIN early, then what is before it", []piece{{n, fin, ""}, {0, 0, a}, {n, 0, b}}, []string{a}},
		{"FIN with early data", []piece{{n, fin, b}, {0, 0, a}, {n + len(b) + 1, 0, get(3)}}, []string{a, b}},
		{"early data behind an early FIN", []piece{{n, fin, ""}, {n, 0, b}, {0, 0, a}}, []string{a}},
		{"two early FINs: the first counts", []piece{{n, fin, ""}, {n + len(b), fin, ""}, {n, 0, b}, {0, 0, a}}, []string{a}},
		{"two early FINs, the nearer one later", []piece{{n + len(b), fin, ""}, {n, fin, ""}, {n, 0, b}, {0, 0, a}}, []string{a}},
		{"FIN inside of data that came", []piece{{0, 0, a + b}, {n, fin, ""}, {n + len(b), 0, get(3)}}, []string{a, b, get(3)}},
		{"FIN again", []piece{{0, 0, a}, {n, fin, ""}, {n, fin, ""}}, []string{a}},
		{"FIN behind a hole that is not filled", []piece{{0, 0, a}, {n + 10, fin, ""}}, []string{a}},
		{"FIN out of the window", []piece{{0, 0, a}, {n + maxWindow + 1, fin, ""}, {n, 0, b}}, []string{a, b}},
		{"FIN of long ago", []piece{{0, 0, a}, {-2 << 20, fin, ""}, {n, 0, b}}, []string{a, b}},
		{"RST", []piece{{0, 0, a}, {n, rst, ""}, {n, 0, b}}, []string{a}},
		{"RST with a diagnosis", []piece{{0, 0, a}, {n, rst, b}}, []string{a}},
		{"RST behind the next byte", []piece{{0, 0, a}, {n - 1, rst, ""}, {n, 0, b}}, []string{a, b}},
		{"RST ahead", []piece{{0, 0, a}, {n + 5, rst, ""}, {n, 0, b}}, []string{a, b}},
		{"RST ahead, where data ends", []piece{{n, rst, ""}, {0, 0, a}, {n, 0, b}}, []string{a, b}},
		{"RST far ahead", []piece{{0, 0, a}, {n + 1<<20, rst, ""}, {n, 0, b}}, []string{a, b}},
		{"RST out of the window", []piece{{0, 0, a}, {n + maxWindow + 1, rst, ""}, {n, 0, b}}, []string{a, b}},
		{"FIN takes the place of a RST that is not next", []piece{{n + 5, rst, ""}, {n, fin, ""}, {0, 0, a}, {n, 0, b}}, []string{a}},
		{"RST does not take a FIN's place", []piece{{n, fin, ""}, {n + 5, rst, ""}, {0, 0, a}, {n, 0, b}}, []string{a}},
		{"FIN and RST", []piece{{0, 0, a}, {n, fin | rst, ""}, {n, 0, b}}, []string{a}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, k := opened()
			pushAll(c, k, tt.pieces)
			same(t, c.requests[1:], tt.want)
			c.Advance(k.now + 2*int64(c.cfg.GapTimeout))
			same(t, c.requests[1:], tt.want)
			if s := c.finish(t); s.Captured != uint64(1+len(tt.want)) || c.streams.live != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// Linux takes the byte before the urgent pointer out of the stream, be it in this
// segment or in a later one; a pointer of 0 counts as 1 (tcp_check_urg).
func TestUrgent(t *testing.T) {
	whole := post(1, "0123456789")
	head := len(whole) - 10
	for _, tt := range []struct {
		name  string
		sends [][2]int // urgent pointer (-1: none) and length of the payload
		out   []int    // the offsets of urgent bytes in what is sent
	}{
		{"none", [][2]int{{-1, 99}}, nil},
		{"in the segment", [][2]int{{5, 99}}, []int{4}},
		{"first byte", [][2]int{{1, 99}}, []int{0}},
		{"pointer 0", [][2]int{{0, 99}}, []int{0}},
		{"last byte of the segment", [][2]int{{20, 20}, {-1, 99}}, []int{19}},
		{"first byte of the next segment", [][2]int{{21, 20}, {-1, 99}}, []int{20}},
		{"in the next segment", [][2]int{{30, 20}, {-1, 99}}, []int{29}},
		{"several segments later", [][2]int{{40, 10}, {-1, 10}, {-1, 10}, {-1, 99}}, []int{39}},
		{"announced again and again", [][2]int{{40, 10}, {30, 10}, {20, 10}, {10, 99}}, []int{39}},
		{"twice, one after the other", [][2]int{{10, 20}, {10, 99}}, []int{9, 29}},
		{"moved before it came", [][2]int{{35, 10}, {30, 99}}, []int{39}},
		{"in the body", [][2]int{{head + 5, 20}, {-1, 99}}, []int{head + 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := whole
			for _, at := range tt.out {
				sent = sent[:at] + "!" + sent[at:]
			}
			sent += get(2)
			var segments []capture.Segment
			c, k := opened()
			for _, s := range tt.sends {
				n := min(s[1], len(sent))
				seg := k.data(sent[:n])
				if s[0] >= 0 {
					seg.Flags |= capture.URG
					seg.Urgent = uint16(s[0])
				}
				segments = append(segments, seg)
				sent = sent[n:]
			}
			segments = append(segments, k.data(sent))
			for _, s := range segments {
				c.push(s)
			}
			same(t, c.requests[1:], []string{whole, get(2)})
			c.finish(t)
		})
	}
}

// An urgent pointer into what was read before changes nothing any more, and one
// whose byte was lost takes no other byte.
func TestUrgentBehindAndLost(t *testing.T) {
	c, k := opened()
	late := k.at(k.seq-10, capture.ACK|capture.URG, get(0)[len(get(0))-10:])
	late.Urgent = 3
	c.push(late)
	c.push(k.data(get(1)))
	same(t, c.requests, []string{get(0), get(1)})

	k.respond()
	first := k.data(get(2))
	first.Flags, first.Urgent = first.Flags|capture.URG, uint16(len(get(2))+3)
	c.push(first)
	k.data("lost!")
	c.push(k.data(get(3)))
	k.wait(2 * c.cfg.GapTimeout)
	c.Advance(k.now)
	c.push(k.data(get(4)))
	same(t, c.requests, []string{get(0), get(1), get(2), get(3), get(4)})
	if s := c.Stats(); s.MissingBytes != 5 {
		t.Errorf("%d missing bytes, want 5", s.MissingBytes)
	}
	if c.streams.live != 0 {
		t.Error("the lost byte is still waited for")
	}
	// Sequence numbers come round.
	body := make([]byte, 1<<16)
	c.push(k.data(fmt.Sprintf("POST /5 HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", int64(1<<32)-int64(len(body)))))
	for range 1<<16 - 1 {
		s := k.at(k.seq, capture.ACK, "")
		s.Payload = body
		c.Push(&s)
		k.seq += uint32(len(body))
	}
	for i := range 1 << 12 { // 100 KB
		c.push(k.data(get(i)))
		if last := c.requests[len(c.requests)-1]; last != get(i) {
			t.Fatalf("%q, want %q", last, get(i))
		}
	}
	c.finish(t)
}

// TestFlowReadsTheStream is TCP alone: whatever the cuts, the order and the copies,
// the reader is given the bytes that were sent, once and in order. Here they are
// the body of one request.
func TestFlowReadsTheStream(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 7))
		body := make([]byte, 1+r.IntN(20_000))
		for i := range body {
			body[i] = byte(r.Uint32())
		}
		whole := post(int(seed), string(body))
		c, k := newCollector(Config{MaxMemory: 4 << 20}), newClient(1, r.Uint32())
		c.push(k.syn())
		var segments []capture.Segment
		for rest := whole; len(rest) > 0; {
			n := min(1+r.IntN(1448), len(rest))
			segments = append(segments, k.data(rest[:n]))
			rest = rest[n:]
		}
		for range r.IntN(len(segments) + 1) { // copies, with other ends
			from := r.IntN(len(whole))
			to := from + 1 + r.IntN(min(3000, len(whole)-from))
			segments = append(segments, k.at(k.seq-uint32(len(whole)-from), capture.ACK, whole[from:to]))
		}
		segments = append(segments, k.fin())
		r.Shuffle(len(segments), func(i, j int) {
			if d := i - j; d < 30 && d > -30 || seed%2 == 0 {
				segments[i], segments[j] = segments[j], segments[i]
			}
		})
		for _, s := range segments {
			s.Time = k.now
			c.push(s)
			c.balance(t)
		}
		if len(c.requests) != 1 || c.requests[0] != whole {
			t.Fatalf("seed %d: %d requests, want one of %d bytes, as it was sent", seed, len(c.requests), len(whole))
		}
		if s := c.finish(t); s.MissingBytes != 0 || s.Foreign != 0 || c.streams.live != 0 {
			t.Fatalf("seed %d: %+v", seed, s)
		}
	}
}

// Of copies with other bytes the first one that is next counts, and what waits
// never takes the place of what is next (tcp_data_queue).
func TestOtherCopies(t *testing.T) {
	whole := post(1, "0123456789")
	n := len(whole)
	for name, pieces := range map[string][]piece{
		"the same place again":  {{0, 0, whole[:n-5]}, {n - 10, 0, "other"}, {n - 5, 0, whole[n-5:]}},
		"what is next wins":     {{n - 8, 0, "other"}, {0, 0, whole}},
		"partly read":           {{0, 0, whole[:n-5]}, {n - 10, 0, "other" + whole[n-5:]}},
		"the earlier one waits": {{n - 10, 0, whole[n-10:]}, {n - 5, 0, "other"}, {0, 0, whole[:n-10]}},
		"the larger one wins":   {{n - 5, 0, "odd"}, {n - 10, 0, whole[n-10:]}, {0, 0, whole[:n-10]}},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := opened()
			pushAll(c, k, pieces)
			same(t, c.requests[1:], []string{whole})
			c.finish(t)
		})
	}
}

// Text behind a FIN is nobody's, also while no place to begin at was found.
func TestBehindTheEndOfAJoin(t *testing.T) {
	c, k := joinedBody()
	c.push(k.fin())
	c.push(k.at(k.seq, capture.ACK, get(1)))
	c.push(k.at(k.seq+1, capture.ACK, get(2)))
	same(t, c.requests, nil)
	if s := c.finish(t); s.Foreign != 2 || s.Captured != 0 {
		t.Errorf("%+v", s)
	}
}

// A keep-alive probe, and a window probe's byte before the next, are no data.
func TestProbes(t *testing.T) {
	c, k := opened()
	for i := range 5 {
		c.push(k.at(k.seq-1, capture.ACK, "\x00"))
		c.push(k.at(k.seq-1, capture.ACK, ""))
		c.push(k.data(get(i + 1)))
	}
	same(t, c.requests[1:], []string{get(1), get(2), get(3), get(4), get(5)})
	if s := c.finish(t); s.Foreign != 0 {
		t.Errorf("%+v", s)
	}
}

// A stream longer than half of the sequence numbers still knows what is its own.
func TestLongStream(t *testing.T) {
	c, k := newCollector(Config{MaxMemory: 4 << 20, MaxRequest: 1 << 20}), newClient(1, 7)
	c.push(k.syn())
	const blocks = 5 << 10 // of 1 MiB each
	c.push(k.data("POST / HTTP/1.1\r\nContent-Length: 5368709120\r\n\r\n"))
	block := strings.Repeat("x", 1<<20)
	s := k.data(block)
	for i := range blocks {
		s.Time += int64(time.Millisecond)
		c.Push(&s)
		s.Seq += uint32(len(block))
		if i%500 == 0 {
			copied := s
			copied.Seq -= uint32(len(block))
			c.Push(&copied)
		}
	}
	k.seq, k.now = s.Seq, s.Time
	c.push(k.data(get(1)))
	same(t, c.requests, []string{get(1)})
	c.fates(t, map[Fate]uint64{TooLarge: 1, Sent: 1})
	c.finish(t)
}
