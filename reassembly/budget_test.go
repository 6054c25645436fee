package reassembly

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// crowd makes the i-th of many clients.
func crowd(i int) *client {
	c := newClient(uint16(1024+i%60000), uint32(i)*7919)
	c.src.Addr[13], c.src.Addr[14] = byte(i/60000>>8), byte(i/60000)
	c.now += int64(i) * 1000
	return c
}

// below fails where more is held than the budget allows.
func below(t *testing.T, c *collector, budget int64) {
	t.Helper()
	if s := c.Stats(); int64(s.Memory) > budget {
		t.Fatalf("%d bytes held, the budget is %d: %+v", s.Memory, budget, s)
	}
}

func TestHalfRequestsStayBelowBudget(t *testing.T) {
	const budget, n = 8 << 20, 20_000
	c := newCollector(Config{MaxMemory: budget})
	head, tail := "GET /1 HTTP/1.1\r\nX: "+strings.Repeat("y", 600), "\r\n\r\n"
	all := make([]*client, n)
	for i := range all {
		all[i] = crowd(i)
		c.push(all[i].syn())
		c.push(all[i].data(head))
		below(t, c, budget)
	}
	c.balance(t)
	if s := c.Stats(); s.Fates[Shed] == 0 || s.Open < 1000 {
		t.Fatalf("%d shed, %d open: nothing was at stake", s.Fates[Shed], s.Open)
	}
	last := crowd(n)
	c.push(last.syn())
	c.push(last.data(get(2)))
	same(t, c.requests, []string{get(2)})
	all[0].now = all[n-1].now
	c.push(all[n-1].data(tail))
	same(t, c.requests[1:], []string{head + tail})
	c.push(all[0].data(tail)) // was shed first: nothing may be made up from its end
	same(t, c.requests[2:], nil)
	below(t, c, budget)
	if s := c.finish(t); s.Captured != n+1 {
		t.Errorf("%d captured, want %d", s.Captured, n+1)
	}
}

// TestNewConnectionsStayBelowBudget: what half requests hold gives way to
// connections that have but whole ones.
func TestNewConnectionsStayBelowBudget(t *testing.T) {
	const budget, half, whole = 8 << 20, 20_000, 40_000
	c := newCollector(Config{MaxMemory: budget})
	for i := range half {
		c.push(crowd(i).data("GET / HTTP/1.1\r\nX: " + strings.Repeat("y", 600)))
	}
	for i := range whole {
		k := crowd(half + i)
		c.push(k.syn())
		c.push(k.data(get(i)))
		below(t, c, budget)
	}
	if len(c.requests) != whole {
		t.Errorf("%d of %d whole requests were handed on", len(c.requests), whole)
	}
	c.finish(t)
}

func TestChunkedHalfRequestsStayBelowBudget(t *testing.T) {
	const budget, n = 2 << 20, 20_000
	c := newCollector(Config{MaxMemory: budget})
	whole := chunked(1, strings.Repeat("z", 500))
	for i := range n {
		k := crowd(i)
		c.push(k.syn())
		c.push(k.data(whole[:200]))
		below(t, c, budget)
	}
	last := crowd(n)
	c.push(last.syn())
	c.push(last.data(get(2)))
	same(t, c.requests, []string{get(2)})
	c.finish(t)
}

func TestSYNFloodCostsNothing(t *testing.T) {
	c := newCollector(Config{})
	before := c.Stats().Memory
	victim := newClient(1, 500)
	for i := range 1_000_000 {
		s := crowd(i).syn()
		c.Push(&s)
	}
	if s := c.Stats(); s.Memory != before || s.Flows != 0 || s.Captured != 0 {
		t.Fatalf("a flood of SYNs left %+v", s)
	}
	victim.now = c.clock.now
	c.push(victim.syn())
	c.push(victim.data(get(1)))
	same(t, c.requests, []string{get(1)})
}

func TestSlowRequestsStayBelowBudget(t *testing.T) {
	const budget, n = 2 << 20, 5000
	c := newCollector(Config{MaxMemory: budget})
	slow := make([]*client, n)
	for i := range slow {
		slow[i] = crowd(i)
	}
	text := "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("s", 400)
	for at := 0; at+20 <= len(text); at += 20 {
		for i, k := range slow {
			k.now = newClient(0, 0).now + int64(at*n+i)*1000
			c.push(k.data(text[at : at+20]))
		}
		below(t, c, budget)
	}
	last := crowd(n)
	last.now = c.clock.now
	c.push(last.syn())
	c.push(last.data(get(1)))
	same(t, c.requests, []string{get(1)})
	c.finish(t)
}

func TestOldestConnectionIsEvictedFirst(t *testing.T) {
	const budget = 1 << 20
	c := newCollector(Config{MaxMemory: budget})
	busy := crowd(0)
	c.push(busy.syn())
	for i := 1; c.Stats().Evicted < 1000; i++ {
		c.push(crowd(i).data(get(i)))
		busy.now = c.clock.now
		c.push(busy.data(get(0)))
		below(t, c, budget)
		if i > 100_000 {
			t.Fatal("nothing was evicted")
		}
	}
	for i, id := range c.conns {
		if c.requests[i] == get(0) && id != c.conns[1] {
			t.Fatal("the busiest connection was evicted")
		}
	}
	c.finish(t)
}

// TestShedRequestsKeepTheirEnds: while a packet of one connection is read,
// requests of another are handed on to make room for it.
func TestShedRequestsKeepTheirEnds(t *testing.T) {
	c := newCollector(Config{MaxMemory: 512 << 10})
	behind, big := newClient(1, 1), newClient(2, 1)
	want := []string{get(0), get(0)}
	c.push(behind.syn())
	c.push(behind.data(get(0)))
	behind.seq += 10 // lost
	for range 8 {
		want = append(want, post(1, strings.Repeat("y", 30_000)))
		c.push(behind.data(want[2]))
	}
	big.now = behind.now
	c.push(big.syn())
	c.push(big.data(get(0)))
	want = append(want, post(2, strings.Repeat("x", 300_000)), get(3))
	both := want[10] + want[11]
	c.push(big.data(both[:10_000]))
	same(t, c.requests, want[:2])
	c.push(big.data(both[10_000:]))
	same(t, c.requests, want)
	for i, conn := range c.conns {
		of := 0
		if i == 1 || i >= 10 {
			of = 1
		}
		if conn != c.conns[of] {
			t.Errorf("request %d is said to be of another connection: %x", i, c.conns)
		}
	}
	c.finish(t)
}

func TestHostileLengthCostsNothing(t *testing.T) {
	c := newCollector(Config{MaxMemory: 64 << 20})
	for i := range 1000 {
		c.push(crowd(i).data("POST / HTTP/1.1\r\nContent-Length: 60000000\r\n\r\nx"))
	}
	if m := c.Stats().Memory; m > 4<<20 {
		t.Errorf("%d bytes for lengths that were only announced", m)
	}
	c.finish(t)
}

func TestSilentRequestExpires(t *testing.T) {
	c := newCollector(Config{})
	k := newClient(1, 1)
	c.push(k.data(post(1, "hello")[:50]))
	c.Advance(k.now + int64(defaultIdleTimeout+time.Second))
	if s := c.Stats(); s.Fates[Expired] != 1 || s.Open != 0 {
		t.Errorf("%+v", s)
	}
	c.Advance(k.now + int64(3*defaultIdleTimeout))
	if s := c.Stats(); s.Flows != 0 {
		t.Errorf("%d connections are still known", s.Flows)
	}
}

// steady pushes the same traffic again and again, and counts allocations.
func steady(t *testing.T, name string, segments func(*client) []capture.Segment) {
	t.Run(name, func(t *testing.T) {
		a := New(Config{}, func(*Request) Fate { return Sent })
		k := newClient(1, 1)
		s := k.syn()
		a.Push(&s)
		round := segments(k)
		size := k.seq
		for i := range round {
			if end := round[i].Seq + uint32(len(round[i].Payload)); end-2 > size-2 {
				size = end
			}
		}
		step := func() {
			for i := range round {
				a.Push(&round[i])
				round[i].Seq += size - 2
				round[i].Time += int64(time.Second)
			}
		}
		for range 100 {
			step()
		}
		sent := a.Stats().Fates[Sent]
		if n := testing.AllocsPerRun(1000, step); n != 0 {
			t.Errorf("%v allocations a round", n)
		}
		if a.Stats().Fates[Sent] < sent+1000 {
			t.Errorf("only %d of 1000 rounds were handed on", a.Stats().Fates[Sent]-sent)
		}
	})
}

func TestNothingAllocatedPerPacket(t *testing.T) {
	steady(t, "whole", func(k *client) []capture.Segment {
		return []capture.Segment{k.data(get(1))}
	})
	steady(t, "cut in two", func(k *client) []capture.Segment {
		return []capture.Segment{k.data(get(1)[:9]), k.data(get(1)[9:])}
	})
	steady(t, "reordered", func(k *client) []capture.Segment {
		b := post(1, strings.Repeat("b", 3000))
		s := []capture.Segment{k.data(b[:1000]), k.data(b[1000:2000]), k.data(b[2000:])}
		s[0].Time, s[1].Time = s[2].Time, s[2].Time
		s[0], s[2] = s[2], s[0]
		return s
	})
	steady(t, "twice", func(k *client) []capture.Segment {
		s := k.data(get(1))
		return []capture.Segment{s, s}
	})
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// idle opens n connections, each with one whole request behind it, and returns
// what each costs of the heap and of the accounts.
func idle(tb testing.TB, n int) (perHeap, perAccount float64) {
	before := heap()
	a := New(Config{MaxMemory: 1 << 30}, func(*Request) Fate { return Sent })
	for i := range n {
		k := crowd(i)
		for _, s := range []capture.Segment{k.syn(), k.data(get(1))} {
			a.Push(&s)
		}
	}
	after := heap()
	if s := a.Stats(); s.Flows != uint64(n) || s.Fates[Sent] != uint64(n) {
		tb.Fatalf("%+v", s)
	}
	m := a.budget.held()
	runtime.KeepAlive(a)
	return float64(after-before) / float64(n), float64(m) / float64(n)
}

func TestIdleConnectionIsCheap(t *testing.T) {
	perHeap, perAccount := idle(t, 100_000)
	if perHeap > 128 || perAccount > 128 {
		t.Errorf("an idle connection costs %.0f bytes of heap, %.0f in the accounts; the limit is 128", perHeap, perAccount)
	}
}

func BenchmarkIdleConnections(b *testing.B) {
	for b.Loop() {
		perHeap, perAccount := idle(b, 800_000)
		b.ReportMetric(perHeap, "heap-B/conn")
		b.ReportMetric(perAccount, "accounted-B/conn")
	}
}

// TestSlabGrows: by an eighth, so that little is idle, and to no more than the
// limit asks for.
func TestSlabGrows(t *testing.T) {
	const limit = 100*slabBlock + 1
	s := slab{limit: limit}
	seen := make(map[*conn]bool)
	for n := 1; n <= limit; n++ {
		i, c := s.get()
		if int(i) != n || c != s.at(i) || seen[c] || *c != (conn{}) {
			t.Fatalf("record %d is number %d, %+v", n, i, c)
		}
		seen[c] = true
		c.next, *s.skip(i) = seq(n), int64(n)
		if held := len(s.blocks) * slabBlock; held > n*9/8+2*slabBlock || held > limit+slabBlock {
			t.Fatalf("room for %d records, %d are in use", held, n)
		}
	}
	for i := uint32(1); i <= limit; i++ {
		if s.at(i).next != seq(i) || *s.skip(i) != int64(i) {
			t.Fatalf("record %d has another's content", i)
		}
	}
}

// However many wait, one tick takes no longer than some thousands of them do, and
// each has its turn.
func TestManyThatWait(t *testing.T) {
	const turns = 3
	c := newCollector(Config{})
	k := newClient(1, 100)
	for i := range (turns-1)*maxWaits + maxWaits/2 {
		k.src = endpoint(byte(i>>16), uint16(i))
		k.now -= 1e6                         // all at once
		c.push(k.at(1, capture.ACK, get(1))) // a guess
	}
	k.wait(guessTimeout)
	for turn := range turns {
		k.wait(tick)
		c.Advance(k.now)
		if n := len(c.requests); n > (turn+1)*maxWaits || turn == turns-1 && n < (turns-1)*maxWaits+maxWaits/2 {
			t.Fatalf("%d requests after turn %d", n, turn)
		}
	}
	c.finish(t)
}
