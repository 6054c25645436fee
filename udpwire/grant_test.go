package udpwire

import (
	"math/rand/v2"
	"testing"
)

// patiently makes a network's listener one whose source can wait.
func (n *network) patiently() {
	n.peer.out.patient, n.peer.initiator.flags, n.pack.part = true, helloPatient, true
}

// A consumer takes messages in at a steady pace and has room for only so many beside.
type consumer struct {
	n          *network
	messages   int // it has room for
	bytes      int64
	pace       int64 // ns for each
	next       int64 // when it is done with the first one
	queue      []int // sizes
	held, most int64 // bytes
	longest    int
	impatient  int // messages of which it was not told that their source waits
	gone       bool
}

// behind puts a consumer behind a network's replayer.
func behind(n *network, messages int, bytes, pace int64) *consumer {
	c := &consumer{n: n, messages: messages, bytes: bytes, pace: pace}
	n.recv.granter.consumer = c
	n.recv.handle = func(m *Message) {
		c.work()
		n.handle(m)
		if !m.Patient {
			c.impatient++
		}
		if len(c.queue) == 0 {
			c.next = n.now + c.pace
		}
		c.queue = append(c.queue, len(m.Body))
		c.held += int64(len(m.Body))
		c.longest, c.most = max(c.longest, len(c.queue)), max(c.most, c.held)
	}
	return c
}

// work takes in what there was time for.
func (c *consumer) work() {
	for len(c.queue) > 0 && c.next <= c.n.now {
		c.held -= int64(c.queue[0])
		c.queue = c.queue[1:]
		c.next += c.pace
	}
}

func (c *consumer) Reachable() bool { return !c.gone }

func (c *consumer) Holds() bool {
	c.work()
	return len(c.queue) > 0
}

func (c *consumer) Room() (messages int, bytes int64) {
	c.work()
	if c.gone {
		return 0, 0
	}
	return c.messages - len(c.queue), c.bytes - c.held
}

// TestGrant: a source that can wait sends no more than the consumer has room for, a chunk aside, at the consumer's pace,
// and everything arrives, whatever the path does.
func TestGrant(t *testing.T) {
	for _, tt := range []struct {
		name     string
		set      func(n *network)
		count    int
		size     int
		messages int
		bytes    int64
		secret   string
	}{
		{"small messages", func(n *network) {}, 5000, 100, 200, 1 << 20, ""},
		{"sealed", func(n *network) {}, 5000, 100, 200, 1 << 20, "a secret of some length"},
		{"less room than a chunk has messages", func(n *network) {}, 5000, 10, 3, 1 << 20, ""},
		{"messages larger than the room", func(n *network) {}, 100, 1 << 20, 1000, 100 << 10, ""},
		{"loss", func(n *network) { n.loss, n.dup, n.jit = 0.2, 0.2, 5*ms }, 3000, 300, 200, 1 << 20, ""},
		{"bursts on a long path", func(n *network) { n.bursts, n.delay = 0.01, 40*ms }, 3000, 300, 2000, 1 << 20, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNetwork(t, 1, tt.secret)
			n.patiently()
			tt.set(n)
			c := behind(n, tt.messages, tt.bytes, 2*ms)
			start := n.now
			for i := range tt.count {
				n.send(uint64(i%50), tt.size)
			}
			n.finish(600_000 * ms)
			n.balanced()
			chunk := min(chunkSize/(messageLeast+tt.size)+1, tt.count)
			if len(n.got) != tt.count || c.impatient > 0 || c.longest > tt.messages+chunk || c.most > tt.bytes+int64(max(chunkSize, tt.size+chunkSize)) {
				t.Errorf("%d of %d arrived, %d of them impatient; the consumer had %d messages and %d bytes", len(n.got), tt.count, c.impatient, c.longest, c.most)
			}
			if took, least := n.now-start, int64(tt.count)*2*ms; took > least*3/2+1000*ms {
				t.Errorf("it took %d ms, the consumer %d ms", took/ms, least/ms)
			}
		})
	}
}

// TestGrantOutlivesSilence: neither lost REPORTs nor a new session keep a source waiting that was given leave.
func TestGrantOutlivesSilence(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.patiently()
	c := behind(n, 200, 1<<20, 2*ms)
	for i := range 5000 {
		n.send(uint64(i%50), 100)
	}
	n.pack.flush()
	n.run(n.now + 1000*ms)
	n.oneWay = true
	n.run(n.now + 1500*ms)
	n.oneWay = false
	n.run(n.now + 1000*ms)
	if len(n.got) < 1000 {
		t.Errorf("%d arrived in 3.5 s", len(n.got))
	}
	n.cut = true
	n.run(n.now + 4000*ms)
	n.cut = false
	n.finish(60_000 * ms)
	n.balanced()
	if len(n.got) != 5000 || c.impatient > 0 {
		t.Errorf("%d arrived, %d impatient", len(n.got), c.impatient)
	}
}

// TestLiveNeedsNoGrant: what cannot wait goes out at once, room or not, and nobody is told that it waited.
func TestLiveNeedsNoGrant(t *testing.T) {
	n := newNetwork(t, 1, "")
	c := behind(n, 0, 0, 1000*ms)
	for i := range 1000 {
		n.send(uint64(i), 100)
	}
	n.finish(5000 * ms)
	n.balanced()
	if len(n.got) != 1000 || c.impatient != 1000 {
		t.Errorf("%d arrived, %d impatient", len(n.got), c.impatient)
	}
}

// TestMoreThanGranted: a listener that says that it can wait, and does not, gets no more of the consumer's patience than
// was granted.
func TestMoreThanGranted(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.peer.initiator.flags = helloPatient
	c := behind(n, 100, 1<<20, 1000*ms)
	for i := range 10_000 {
		n.send(uint64(i), 100)
	}
	n.finish(5000 * ms)
	if patient := len(n.got) - c.impatient; len(n.got) != 10_000 || patient > 200+chunkMessages {
		t.Errorf("%d arrived, %d of them with patience", len(n.got), patient)
	}
}

// roomFor is a consumer that only has room.
type roomFor func() (int, int64)

func (f roomFor) Room() (int, int64) { return f() }
func (f roomFor) Reachable() bool    { return true }
func (f roomFor) Holds() bool        { return false }

// TestGranter: whatever many sessions do with what they get, all together never have leave for more than there is room,
// and none that has nothing gets nothing while there is room.
func TestGranter(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 7))
		table := newSessionTable(1 << 20)
		capacity := 1 + rng.IntN(1000)
		queue := 0
		g := granter{consumer: roomFor(func() (int, int64) { return capacity - queue, 1 << 40 })}
		n := 1 + rng.IntN(20)
		for i := range n {
			s := &session{id: uint64(i + 1), heard: 1, grant: grant{patient: i > 0 || n == 1}}
			table.add(s)
		}
		var unused uint64
		for range 2000 {
			s := table.byID[1+rng.Uint64N(uint64(n))]
			switch rng.IntN(3) {
			case 0:
				g.renew(2, s, &table)
			case 1:
				if mine, _ := s.grant.unused(&s.inbox); mine > 0 {
					k := 1 + rng.Uint64N(mine)
					s.inbox.order.stats.received += k
					queue += int(k)
				}
			default:
				queue -= rng.IntN(queue + 1)
			}
			unused = 0
			for _, s := range table.byID {
				m, _ := s.grant.unused(&s.inbox)
				unused += m
			}
			if int(unused)+queue > capacity {
				t.Fatalf("seed %d: leave for %d with %d in the queue of %d", seed, unused, queue, capacity)
			}
		}
		queue = 0
		for _, s := range table.byID {
			if g.renew(2, s, &table); s.grant.patient {
				s.inbox.order.stats.received = s.grant.messages
			}
		}
		for _, s := range table.byID {
			before := s.grant.messages
			if g.renew(2, s, &table); s.grant.patient && capacity >= n && s.grant.messages == before {
				t.Fatalf("seed %d: nothing for a session that has nothing, of room for %d", seed, capacity)
			}
		}
	}
}

// TestGranterForgetsTheSilent: what was granted to a session that has gone silent is there for others.
func TestGranterForgetsTheSilent(t *testing.T) {
	table := newSessionTable(1 << 20)
	g := granter{consumer: roomFor(func() (int, int64) { return 1000, 1 << 20 })}
	silent, s := &session{id: 1, heard: 1, grant: grant{patient: true}}, &session{id: 2, heard: 1, grant: grant{patient: true}}
	table.add(silent)
	table.add(s)
	g.renew(2, silent, &table)
	g.renew(2, s, &table)
	if silent.grant.messages != 500 || s.grant.messages != 500 {
		t.Errorf("%d and %d", silent.grant.messages, s.grant.messages)
	}
	s.heard = 2 + idleGive
	if g.renew(2+idleGive, s, &table); s.grant.messages != 1000 {
		t.Errorf("%d when the other is silent", s.grant.messages)
	}
}

// TestForlorn: a source that can wait is told when there is nobody to wait for, and when there is again.
func TestForlorn(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.patiently()
	c := behind(n, 200, 1<<20, ms)
	for i := range 5000 {
		n.send(uint64(i%50), 100)
	}
	n.pack.flush()
	expect := func(want bool, after int64) {
		t.Helper()
		n.run(n.now + after*ms)
		if got := n.peer.forlorn.since != 0; got != want {
			t.Errorf("forlorn %t, want %t", got, want)
		}
	}
	expect(false, 100)
	n.cut = true
	expect(false, 11_500)
	expect(true, 1000)
	n.cut = false
	expect(false, 1000)
	c.gone = true
	expect(true, 1500)
	c.gone = false
	expect(false, 5000)
	c.gone = true
	expect(true, 1500)
	for i := range 1000 {
		n.send(uint64(i%50), 100)
	}
	before := n.now
	n.finish(60_000 * ms)
	if took := n.now - before; took > 100*ms || !n.peer.farewell.abandoned || n.peer.state != departed {
		t.Errorf("left after %d ms, abandoned %t", took/ms, n.peer.farewell.abandoned)
	}
	n.run(n.now + 100*ms)
	if st, past := n.totals(); st.MessagesReceived < 5000 || st.MessagesReceived > 5700 || past.received.messages != st.MessagesReceived || past.lost.messages != 0 {
		t.Errorf("the replayer received %d, the listener knows of %d, and %d lost", st.MessagesReceived, past.received.messages, past.lost.messages)
	}
}

// TestHeld: a source that can wait leaves when what it sent has gone on from the replayer, and not before.
func TestHeld(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.patiently()
	n.loss = 0.2
	behind(n, 2000, 1<<20, 2*ms)
	start := n.now
	for i := range 1000 {
		n.send(uint64(i), 100)
	}
	n.finish(60_000 * ms)
	n.balanced()
	if took := n.now - start; n.peer.state != departed || n.peer.farewell.abandoned || took < 2000*ms || took > 2500*ms {
		t.Errorf("left after %d ms: %+v", took/ms, n.peer.farewell)
	}
}

// TestHeldByNobody: it leaves in time when what it sent cannot go on, and knows.
func TestHeldByNobody(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.patiently()
	c := behind(n, 2000, 1<<20, 10_000*ms)
	for i := range 1000 {
		n.send(uint64(i), 100)
	}
	n.finish(5000 * ms)
	if n.peer.state == departed || len(n.got) != 1000 {
		t.Errorf("%d arrived, and it has left", len(n.got))
	}
	c.gone = true
	n.finish(1000 * ms)
	n.balanced()
	if n.peer.state != departed || !n.peer.farewell.abandoned {
		t.Errorf("it has not left: %+v", n.peer.farewell)
	}
}

// TestForlornIsForThePatient: a live source has nobody to wait for, either.
func TestForlornIsForThePatient(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.cut = true
	n.run(n.now + 60_000*ms)
	if n.peer.forlorn.since != 0 {
		t.Error("forlorn")
	}
}

// TestDraining: nothing new begins at a replayer that says that it is about to leave.
func TestDraining(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.send(1, 100)
	n.pack.flush()
	n.run(n.now + 500*ms)
	n.recv.leave(n.now)
	n.run(n.now + ms)
	n.send(1, 100)
	n.pack.flush()
	n.run(n.now + 100*ms)
	if len(n.got) != 1 || n.peer.out.pending.first == nil {
		t.Errorf("%d arrived", len(n.got))
	}
	n.recv.close(n.now)
	n.startReplayer("")
	n.order = map[uint64]uint64{}
	n.finish(5000 * ms)
	if len(n.got) != 2 {
		t.Errorf("%d arrived when another had come", len(n.got))
	}
}
