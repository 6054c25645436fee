package reassembly

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"gor/capture"
	"gor/reassembly/http1"
)

// A trueRequest is one that a client of the storm really sent.
type trueRequest struct {
	raw   []byte
	from  int  // offset in the stream
	lost  bool // a byte of it was not captured
	found bool
}

// A storm is traffic with known truth.
type storm struct {
	rng   *rand.Rand
	lossy bool
	conns []*stormConn
	segs  []capture.Segment
}

type stormConn struct {
	client, server capture.Endpoint
	isn            seq
	bytes          []byte
	requests       []*trueRequest
	alike          []int // where bodies hold what looks like a request: a segment begins there
	waits          bool  // each request is sent after the response to the one before
	fooled         bool  // a look-alike ended by chance where a request does
	got            int
}

func newStorm(seed uint64) *storm {
	s := &storm{rng: rand.New(rand.NewPCG(seed, 42)), lossy: seed%2 == 1}
	for i := range 1 + s.rng.IntN(4) {
		c := &stormConn{
			client: endpoint(byte(3+i), uint16(1024+s.rng.IntN(60000))),
			server: endpoint(2, 80),
			isn:    seq(s.rng.Uint32()),
		}
		if s.rng.IntN(3) == 0 {
			c.isn = seq(0).plus(-s.rng.IntN(2000)) // about to wrap
		}
		c.waits = s.rng.IntN(2) == 0
		for range 1 + s.rng.IntN(8) {
			raw := s.request(i, len(c.requests))
			if s.rng.IntN(8) == 0 {
				c.bytes = append(c.bytes, "\r\n"...)
			}
			for at := 0; ; at++ {
				n := bytes.Index(raw[at:], []byte(alikePrefix))
				if n < 0 {
					break
				}
				at += n
				c.alike = append(c.alike, len(c.bytes)+at)
			}
			c.requests = append(c.requests, &trueRequest{raw: raw, from: len(c.bytes)})
			c.bytes = append(c.bytes, raw...)
		}
		s.conns = append(s.conns, c)
		s.send(c)
	}
	slices.SortStableFunc(s.segs, func(a, b capture.Segment) int { return cmp.Compare(a.Time, b.Time) })
	return s
}

// alikePrefix is how all look-alikes begin.
const alikePrefix = "POST /invented"

// alike is what a body may hold: a whole request, with text behind it.
func (s *storm) alike() []byte {
	head := fmt.Appendf(nil, "%s/%x HTTP/1.1\r\nHost: no\r\n", alikePrefix, s.rng.Uint32())
	switch s.rng.IntN(3) {
	case 0:
		head = fmt.Appendf(head, "Content-Length: %d\r\n", s.rng.IntN(4000))
	case 1:
		head = append(head, "Transfer-Encoding: chunked\r\n"...)
	}
	return append(head, "\r\nand this is text, which goes on\nand on\n"...)
}

// request makes a request that no other of the storm equals.
func (s *storm) request(conn, index int) []byte {
	r := s.rng
	// At a guess, behind a hole, only known methods are told from torn ones.
	method := []string{"GET", "POST", "PURGE", "PUT", "PATCH"}[r.IntN(5)]
	b := fmt.Appendf(nil, "%s /c%d/r%d/%x HTTP/1.%d\r\nHost: a\r\n", method, conn, index, r.Uint64(), 1)
	for range r.IntN(4) {
		b = fmt.Appendf(b, "X-%x: %x\r\n", r.Uint32(), r.Uint64())
	}
	if r.IntN(10) == 0 {
		b = fmt.Appendf(b, "X-Long: %s\r\n", bytes.Repeat([]byte("y"), r.IntN(5000)))
	}
	body := make([]byte, r.IntN(100)*r.IntN(40))
	for i := range body {
		body[i] = byte(r.Uint32())
	}
	if !s.lossy && r.IntN(3) == 0 {
		body = append(body, "\r\nGET /invented HTTP/1.1\r\nHost: no\r\n\r\n"...)
	}
	for r.IntN(3) == 0 {
		body = append(append(body, '\n'), s.alike()...)
		for range r.IntN(300) {
			body = append(body, byte(r.Uint32()))
		}
	}
	switch r.IntN(3) {
	case 0:
		return append(b, "\r\n"...)
	case 1:
		b = fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(body))
		return append(b, body...)
	}
	b = append(b, "transfer-encoding: Chunked\r\n\r\n"...)
	for len(body) > 0 {
		n := 1 + r.IntN(len(body))
		b = fmt.Appendf(b, "%x", n)
		if r.IntN(4) == 0 {
			b = append(b, ";name=\"value\""...)
		}
		b = append(append(append(b, "\r\n"...), body[:n]...), "\r\n"...)
		body = body[n:]
	}
	b = append(b, "0\r\n"...)
	if r.IntN(3) == 0 {
		b = append(b, "Sum: 1\r\n"...)
	}
	return append(b, "\r\n"...)
}

// send cuts a connection's bytes into segments and treats them badly.
func (s *storm) send(c *stormConn) {
	r := s.rng
	now := int64(1e18) + r.Int64N(1e9)
	ack := uint32(1)
	add := func(flags capture.Flags, at seq, payload []byte, delay int64) {
		s.segs = append(s.segs, capture.Segment{
			Time: now + delay, Src: c.client, Dst: c.server, Seq: uint32(at), Ack: ack, Flags: flags | capture.ACK, Payload: payload,
		})
	}
	first := c.isn.plus(1)
	lateFrom := 0 // joined here
	if s.lossy && r.IntN(4) == 0 {
		lateFrom = r.IntN(len(c.bytes))
	} else {
		add(capture.SYN, c.isn, nil, 0)
	}
	mss := 1 + r.IntN(1500)
	aligned := c.waits || r.IntN(2) == 0 // requests begin with a segment
	lose := 0
	if s.lossy && r.IntN(2) == 0 {
		lose = 1 + r.IntN(20)
	}
	reorder := r.IntN(2) == 0 && lateFrom == 0
	next := 0
	for off := 0; off < len(c.bytes); {
		now += r.Int64N(2e6)
		end := min(len(c.bytes), off+1+r.IntN(mss))
		if aligned {
			for ; next < len(c.requests) && c.requests[next].from <= off; next++ {
			}
			if next < len(c.requests) {
				end = min(end, c.requests[next].from)
			}
			if c.waits {
				ack = 1 + 300*uint32(next) // the response to what is before came
			}
		}
		for _, at := range c.alike {
			if at > off {
				end = min(end, at)
			}
		}
		for _, q := range c.requests {
			if s.lossy && end > q.from && end < q.from+12 {
				end = min(len(c.bytes), q.from+12) // the end of a method is a method
			}
		}
		if off < lateFrom || lose > 0 && r.IntN(100) < lose {
			c.lose(off, end)
			off = end
			continue
		}
		delay := int64(0)
		if reorder && r.IntN(5) == 0 {
			delay = r.Int64N(200e6)
		}
		add(0, first.plus(off), c.bytes[off:end], delay)
		if r.IntN(10) == 0 {
			add(0, first.plus(off), c.bytes[off:end], delay+r.Int64N(300e6)) // again
		}
		if !s.lossy && r.IntN(10) == 0 { // again with other boundaries
			from := max(0, off-r.IntN(mss))
			to := min(len(c.bytes), end+r.IntN(mss))
			add(0, first.plus(from), c.bytes[from:to], delay+r.Int64N(300e6))
		}
		if r.IntN(20) == 0 && lateFrom == 0 {
			add(0, first.plus(-1), []byte{0}, r.Int64N(50e6)) // keep-alive probe
		}
		off = end
	}
	if r.IntN(2) == 0 {
		now += 1e6
		add(capture.FIN, first.plus(len(c.bytes)), nil, 0)
	}
}

func (c *stormConn) lose(from, to int) {
	for _, q := range c.requests {
		if q.from < to && from < q.from+len(q.raw) {
			q.lost = true
		}
	}
}

// TestStorm sends thousands of streams, and checks that each whole request
// comes out once, unchanged and in order, that no other does, and the accounts.
// GOR_SEEDS=N tries more of them.
func TestStorm(t *testing.T) {
	seeds := uint64(1500)
	if testing.Short() {
		seeds = 400
	}
	if n, err := strconv.ParseUint(os.Getenv("GOR_SEEDS"), 10, 64); err == nil {
		seeds = n
	}
	for seed := range seeds {
		if err := runStorm(seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func runStorm(seed uint64) (err error) {
	s := newStorm(seed)
	emitted := uint64(0)
	a := New(Config{MaxMemory: 8 << 20}, func(r *Request) Fate {
		emitted++
		if e := s.check(r); e != nil && err == nil {
			err = e
		}
		return Sent
	})
	lent := make([]byte, 0, 8192)
	for i := range s.segs {
		seg := s.segs[i]
		lent = append(lent[:0], seg.Payload...)
		seg.Payload = lent
		a.Push(&seg)
		for j := range lent {
			lent[j] = '#' // nothing may be kept of what was lent
		}
		if e := checkAccounts(a, false); e != nil && err == nil {
			err = e
		}
	}
	a.Close()
	if err == nil {
		err = checkAccounts(a, true)
	}
	if err != nil {
		return err
	}
	if st := a.Stats(); st.Fates[Sent] != emitted || st.Fates[Malformed] != 0 {
		return fmt.Errorf("%d emitted, accounts %v", emitted, st)
	}
	for i, c := range s.conns {
		for k, q := range c.requests {
			if !q.found && !q.lost && !s.excused(c, k) {
				return fmt.Errorf("connection %d: whole request %d of %d is missing (lossy %v): %.60q", i, k, len(c.requests), s.lossy, q.raw)
			}
		}
	}
	return nil
}

// excused reports whether request k may be missing though it is whole: the one
// before is not, so that it can only be found where a segment begins.
func (s *storm) excused(c *stormConn, k int) bool {
	if !s.lossy || c.fooled {
		return c.fooled
	}
	if s.isGuess(c, k) && k+1 < len(c.requests) && c.requests[k+1].lost {
		return true // what would have proven it was lost
	}
	if s.isGuess(c, k) && k == len(c.requests)-1 && !c.waits && len(c.alike) > 0 {
		return true // a look-alike's length goes on beyond it: no response has shown that it is none
	}
	for ; k > 0; k-- {
		if s.beginsSegment(c, c.requests[k]) {
			return false
		}
		if c.requests[k-1].lost {
			return true
		}
	}
	return c.requests[0].from > 0 && !s.beginsSegment(c, c.requests[0])
}

// isGuess reports whether request k is found by how its segment begins, and has
// to be proven by what follows.
func (s *storm) isGuess(c *stormConn, k int) bool {
	return k == 0 || !c.requests[k-1].found
}

func (s *storm) beginsSegment(c *stormConn, q *trueRequest) bool {
	for _, seg := range s.segs {
		if seg.Src == c.client && len(seg.Payload) > 0 && seq(seg.Seq).minus(c.isn.plus(1+q.from)) == 0 {
			return http1.StartsRequest(seg.Payload)
		}
	}
	return false
}

// check finds the true request that r has to be.
func (s *storm) check(r *Request) error {
	for _, c := range s.conns {
		if c.client != r.Client {
			continue
		}
		for k := c.got; k < len(c.requests); k++ {
			if q := c.requests[k]; bytes.Equal(q.raw, r.Raw) {
				if q.lost {
					return fmt.Errorf("request %d was not whole and came out", k)
				}
				q.found, c.got = true, k+1
				return nil
			}
		}
		if s.lossy && c.endsLikeRequest(r.Raw) {
			c.fooled = true
			return nil
		}
		return fmt.Errorf("this was never sent, or before: %.80q", r.Raw)
	}
	return fmt.Errorf("no such client %v", r.Client)
}

// endsLikeRequest reports whether a look-alike ends, by chance, where a request
// does: nobody can know that it is none.
func (c *stormConn) endsLikeRequest(raw []byte) bool {
	for _, at := range c.alike {
		if end := at + len(raw); bytes.HasPrefix(c.bytes[at:], raw) {
			end += http1.EmptyLines(c.bytes[end:])
			return end == len(c.bytes) || slices.ContainsFunc(c.requests, func(q *trueRequest) bool { return end >= q.from-2 && end <= q.from })
		}
	}
	return false
}

// checkAccounts checks the accounts and what belongs to them.
func checkAccounts(a *Assembler, closed bool) error {
	st := a.Stats()
	sum := st.Open
	for _, n := range st.Fates {
		sum += n
	}
	switch {
	case st.Captured != sum:
		return fmt.Errorf("captured %d, fates and open %d: %+v", st.Captured, sum, st)
	case closed && (st.Open != 0 || a.streams.live != 0 || a.budget.pool.Held() != a.budget.pool.Idle()):
		return fmt.Errorf("not all was given back: %d open, %d streams, %d of %d bytes idle", st.Open, a.streams.live, a.budget.pool.Idle(), a.budget.pool.Held())
	}
	return nil
}

// TestPushAll: in batches of whatever size comes out what comes out one by one,
// connections that begin and end within a batch included.
func TestPushAll(t *testing.T) {
	for seed := range uint64(100) {
		segs := newStorm(seed).segs
		for i := 0; i < len(segs); i += 7 { // and what is passed over
			segs = slices.Insert(segs, i, capture.Segment{Time: segs[i].Time, Src: segs[i].Src, Dst: segs[i].Dst, Flags: capture.ACK})
		}
		one, all := newCollector(Config{MaxMemory: 8 << 20}), newCollector(Config{MaxMemory: 8 << 20})
		for i := range segs {
			one.Push(&segs[i])
		}
		r := rand.New(rand.NewPCG(seed, 1))
		for rest := segs; len(rest) > 0; {
			n := min(1+r.IntN(100), len(rest))
			all.PushAll(rest[:n])
			rest = rest[n:]
		}
		a, b := one.finish(t), all.finish(t)
		a.Memory, a.PeakMemory = b.Memory, b.PeakMemory // how full the table's parts are is left to chance
		if a != b {
			t.Fatalf("seed %d: accounts %+v one by one, %+v together", seed, a, b)
		}
		if !slices.Equal(one.requests, all.requests) || !slices.Equal(one.conns, all.conns) || !slices.Equal(one.index, all.index) {
			t.Fatalf("seed %d: other requests together than one by one", seed)
		}
	}
}

// TestPushAllMistrustsLookups: a record that was found for a segment may be
// another connection's when it is the segment's turn.
func TestPushAllMistrustsLookups(t *testing.T) {
	c := newCollector(Config{})
	a, b := newClient(1, 100), newClient(2, 200)
	c.push(a.syn())
	c.push(a.data(get(1)))
	c.push(b.syn())
	again := newClient(1, 900_000_000)
	again.now = a.now
	b.now = a.now
	c.PushAll([]capture.Segment{again.syn(), b.data(get(2)), again.data(get(3)), b.data(get(4)), again.data(get(5))})
	same(t, c.requests, []string{get(1), get(2), get(3), get(4), get(5)})
	if n := c.conns; n[1] != n[3] || n[2] != n[4] || n[0] == n[1] || n[0] == n[2] || n[1] == n[2] {
		t.Errorf("the requests' connections are %x", n)
	}
	if s := c.finish(t); s.Connections != 3 || s.Flows != 2 {
		t.Errorf("%+v", s)
	}
}
