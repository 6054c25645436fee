package reassembly

import (
	"testing"
	"time"

	"gor/capture"
)

// translated are the segments of a connection and, right behind each, what they
// are behind the translation of addresses, where they leave.
func translated(segs []capture.Segment, src, dst func(capture.Endpoint) capture.Endpoint) (both []capture.Segment) {
	for _, s := range segs {
		behind := s
		behind.Src, behind.Dst, behind.Leaving = src(s.Src), dst(s.Dst), true
		both = append(both, s, behind)
	}
	return both
}

func unchanged(e capture.Endpoint) capture.Endpoint { return e }

func container(capture.Endpoint) capture.Endpoint { return endpoint(9, 8080) }

func gateway(e capture.Endpoint) capture.Endpoint { return endpoint(7, e.Port+1000) }

// TestCopies: each request once, whichever address was translated, whether the
// connection's beginning was seen or not, and again when the addresses are used
// for another connection.
func TestCopies(t *testing.T) {
	for _, tt := range []struct {
		name     string
		src, dst func(capture.Endpoint) capture.Endpoint
		syn      bool
	}{
		{"destination", unchanged, container, true},
		{"destination, joined", unchanged, container, false},
		{"source", gateway, unchanged, true},
		{"source, joined", gateway, unchanged, false},
		{"both", gateway, container, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector(Config{})
			k := newClient(4000, 0xffff_fff0)
			var want []string
			for range 3 { // connections with the same addresses
				var segs []capture.Segment
				if tt.syn {
					segs = append(segs, k.syn())
				}
				for i := range 10 {
					segs = append(segs, k.data(get(i)))
					k.respond()
					k.wait(20 * time.Second) // long after anything is remembered of the segment before
					want = append(want, get(i))
				}
				segs = append(segs, k.fin())
				for _, s := range translated(segs, tt.src, tt.dst) {
					c.push(s)
				}
				k.seq += 1 << 30
				k.wait(3 * time.Minute)
			}
			stats := c.finish(t)
			same(t, c.requests, want)
			if stats.Copies != 3 || stats.Connections != 6 {
				t.Errorf("%d copies among %d connections, want 3 of 6", stats.Copies, stats.Connections)
			}
		})
	}
}

// TestCopyIsLost: where what is known of a copy was given up, it is known again
// by the next segment.
func TestCopyIsLost(t *testing.T) {
	c := newCollector(Config{})
	k := newClient(4000, 1)
	segs := translated([]capture.Segment{k.syn(), k.data(get(1)), k.data(get(2)), k.data(get(3))}, unchanged, container)
	for i, s := range segs {
		if i == 4 { // the copy of the first request is known to be one
			h := c.Assembler.conns.table.hash(&segs[1].Src, &segs[1].Dst)
			c.Assembler.conns.remove(h, c.Assembler.conns.table.find(&c.Assembler.conns.recs, h))
		}
		c.push(s)
	}
	c.finish(t)
	same(t, c.requests, []string{get(1), get(2), get(3)})
}

// TestNoCopies: connections that only resemble each other are none.
func TestNoCopies(t *testing.T) {
	type change func(s *capture.Segment)
	for _, tt := range []struct {
		name   string
		change change
	}{
		{"another client with the same numbers", func(s *capture.Segment) { s.Src = endpoint(3, 4000) }},
		{"another port with the same numbers", func(s *capture.Segment) { s.Src.Port = 4001 }},
		{"another number", func(s *capture.Segment) { s.Dst, s.Seq, s.Leaving = endpoint(9, 80), s.Seq+1, true }},
		{"another acknowledgement", func(s *capture.Segment) { s.Dst, s.Ack, s.Leaving = endpoint(9, 80), s.Ack+1, true }},
		{"much later", func(s *capture.Segment) { s.Dst, s.Time, s.Leaving = endpoint(9, 80), s.Time+5e9, true }},
		{"both leave", func(s *capture.Segment) { s.Src, s.Leaving = endpoint(3, 4000), true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCollector(Config{})
			k := newClient(4000, 1)
			segs := []capture.Segment{k.syn(), k.data(get(1)), k.data(get(2))}
			for i := range segs {
				segs[i].Leaving = tt.name == "both leave"
			}
			for _, s := range segs {
				c.push(s)
			}
			for _, s := range segs {
				tt.change(&s)
				c.push(s)
			}
			c.finish(t)
			same(t, c.requests, []string{get(1), get(2), get(1), get(2)})
		})
	}
}

// TestOwnRequests: what carries the mark is a loop where it arrives, and a
// replayer's on this machine where it leaves, whole or not; also where it was a
// guess, whose proof is that time passes.
func TestOwnRequests(t *testing.T) {
	const marked = "POST / HTTP/1.1\r\nHost: a\r\nGor-Replayed: 1\r\nContent-Length: 1\r\n\r\nx"
	for _, joined := range []bool{false, true} {
		for _, leaving := range []bool{false, true} {
			c := newCollector(Config{})
			k := newClient(4000, 1)
			push := func(text string) {
				s := k.data(text)
				s.Leaving = leaving
				c.push(s)
			}
			if !joined {
				c.push(k.syn())
			}
			push(marked)
			push(marked[:10])
			push(marked[10:60])
			push(marked[60:])
			push(get(1))
			push(marked[:len(marked)-1])
			c.Advance(k.now + int64(20*time.Second))
			want, own := map[Fate]uint64{Sent: 1, Loop: 2, Aborted: 1}, uint64(0)
			if leaving {
				want, own = map[Fate]uint64{Sent: 1}, 3
			}
			if stats := c.finish(t); stats.Own != own {
				t.Errorf("joined %t, leaving %t: %d own requests, want %d", joined, leaving, stats.Own, own)
			}
			c.fates(t, want)
		}
	}
}
