package udpwire

import (
	"bytes"
	"container/heap"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"
)

// ms is a millisecond of virtual time.
const ms = int64(time.Millisecond)

// A network joins one listener's peer and one replayer's reception in virtual time, with faults drawn from a seed.
type network struct {
	t     *testing.T
	rng   *rand.Rand
	now   int64
	queue packets
	count int

	loss, dup  float64 // share of datagrams
	delay, jit int64   // ns
	cut        bool    // nothing passes
	refuse     bool    // the replayer's machine says that nobody listens
	oneWay     bool    // nothing comes back
	burst      int     // datagrams still to be lost in a row
	bursts     float64 // chance that a burst of 50 begins
	drop       func(toReplayer bool, d []byte) bool
	tap        func(toReplayer bool, d []byte)
	limit      int  // largest datagram that passes; 0: any
	mtu        int  // what the listener's kernel knows of the path
	strict     bool // it refuses larger ones
	reported   bool // the next call for sending says that a datagram was too large
	router     int  // the MTU behind a router that reports what it drops; 0: none

	at     source                 // where the listener is; what is sent elsewhere is astray
	astray map[netip.AddrPort]int // bytes
	users  uint64                 // added to all users, so that each listener has its own

	stopped [2]bool     // the listener, the replayer: its process does not run
	sockets [2][]packet // what came for it meanwhile
	said    []string    // what the listener logged
	past    uint64      // messages that replayers received which are no more

	peer   peer
	pack   packer
	pool   chunkPool
	recv   *reception
	got    map[uint64]int // by Index
	order  map[uint64]uint64
	bodies [][]byte
	delays []int64
	sentAt []int64
	bytes  uint64
}

type packet struct {
	at         int64
	seq        int
	toReplayer bool
	from       source // of one to the replayer
	d          []byte
}

type packets []packet

func (q packets) Len() int { return len(q) }
func (q packets) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q packets) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *packets) Push(x any)   { *q = append(*q, x.(packet)) }
func (q *packets) Pop() any {
	old := *q
	p := old[len(old)-1]
	*q = old[:len(old)-1]
	return p
}

func newNetwork(t *testing.T, seed uint64, secret string) *network {
	n := &network{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: 1e18, delay: ms / 5, mtu: 1500, at: listenerAt,
		astray: map[netip.AddrPort]int{}, got: map[uint64]int{}, order: map[uint64]uint64{}}
	n.startListener(secret)
	n.startReplayer(secret)
	return n
}

func (n *network) random(b []byte) {
	for i := range b {
		b[i] = byte(n.rng.Uint32())
	}
}

func keyringOf(t testing.TB, secret string) *keyring {
	k, err := newKeyring([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (n *network) startListener(secret string) {
	n.pool = chunkPool{}
	n.peer = peer{name: "replayer", log: slog.New((*logBook)(n)), dropped: func() uint64 { return 0 }, others: func() bool { return false },
		initiator: initiator{keys: keyringOf(n.t, secret), rand: n.random}}
	n.peer.out.tx.write = func(b []byte, segment int) (k int, err error) {
		if n.refuse {
			return 0, syscall.ECONNREFUSED
		}
		if size := min(segment, len(b)); n.router > 0 && size > payload(n.router) && n.mtu != n.router {
			n.mtu = n.router // what the kernel learns from the report, which comes back later
			n.reported = true
			return (len(b) + segment - 1) / segment, nil
		} else if n.reported {
			n.reported = false
			return 0, syscall.EMSGSIZE
		}
		if n.strict && min(segment, len(b)) > payload(n.mtu) {
			return 0, syscall.EMSGSIZE
		}
		for ; len(b) > 0; k++ {
			m := min(segment, len(b))
			n.put(true, b[:m])
			b = b[m:]
		}
		return k, nil
	}
	n.peer.out.tx.mtu, n.peer.out.tx.size = func() int { return n.mtu }, newPathSize(0, n.mtu, listenerAt.addr.Addr())
	n.peer.out.pool = &n.pool
	n.peer.out.begin(outgoing{})
	n.peer.initiator.restart(n.now)
	n.pack = packer{hand: func(c *chunk) *chunk {
		if c != nil {
			n.peer.out.push(c)
			n.peer.drain(n.now)
		}
		return n.pool.get(chunkSize)
	}, size: func() int { return n.peer.out.tx.size.full }}
	if n.peer.initiator.keys != nil {
		n.pack.tag = tagSize
	}
}

func (n *network) startReplayer(secret string) {
	cfg := ReceiverConfig{}
	cfg.check()
	recv := newReception(cfg, keyringOf(n.t, secret), 4<<20, func(d []byte, to *source) error {
		if to.addr != n.at.addr {
			n.astray[to.addr] += len(d)
			return nil
		}
		n.put(false, d)
		return nil
	})
	recv.responder, recv.handle = newResponder(keyringOf(n.t, secret), n.random), n.handle
	n.recv = &recv
}

// put sends a datagram into the network.
func (n *network) put(toReplayer bool, d []byte) {
	if n.tap != nil {
		n.tap(toReplayer, d)
	}
	if n.cut || !toReplayer && n.oneWay || n.limit > 0 && len(d) > n.limit || n.drop != nil && n.drop(toReplayer, d) {
		return
	}
	if n.burst == 0 && n.rng.Float64() < n.bursts {
		n.burst = 50
	}
	if n.burst > 0 {
		n.burst--
		return
	}
	for copies := 1; copies > 0; copies-- {
		if n.rng.Float64() < n.dup {
			copies++
		}
		if n.rng.Float64() < n.loss {
			continue
		}
		at := n.now + n.delay
		if n.jit > 0 {
			at += n.rng.Int64N(n.jit)
		}
		n.count++
		heap.Push(&n.queue, packet{at, n.count, toReplayer, n.at, bytes.Clone(d)})
	}
}

var listenerAt = source{addr: netip.MustParseAddrPort("10.0.0.1:1111")}

// run lets time pass until the given moment.
func (n *network) run(until int64) {
	for n.now < until {
		next := until
		if len(n.queue) > 0 {
			next = min(next, n.queue[0].at)
		}
		if !n.stopped[listener] {
			next = min(next, max(n.peer.due(), n.now+ms/10))
		}
		if !n.stopped[replayer] {
			next = min(next, max(n.recv.due, n.now+ms/10))
		}
		if n.now = max(next, n.now); !n.stopped[replayer] {
			n.recv.setTime(n.now)
		}
		for len(n.queue) > 0 && n.queue[0].at <= n.now {
			n.deliver(heap.Pop(&n.queue).(packet))
		}
		n.tick()
	}
}

// The sides.
const (
	listener = iota
	replayer
)

// deliver brings a datagram to its side, or into the socket of one that does not run.
func (n *network) deliver(p packet) {
	switch {
	case p.toReplayer && n.stopped[replayer]:
		n.sockets[replayer] = append(n.sockets[replayer], p)
	case p.toReplayer:
		countsOnce(n.t, n.recv.counted, p.d, func() { n.recv.datagram(p.d, p.from) })
	case n.stopped[listener]:
		n.sockets[listener] = append(n.sockets[listener], p)
	default:
		countsOnce(n.t, n.peer.accounts.counted, p.d, func() { n.peer.datagram(n.now, p.d) })
	}
}

// tick does what time brings on the sides that run. Each is to be called again when the first of its parts wants to be,
// and no later.
func (n *network) tick() {
	if !n.stopped[replayer] {
		n.recv.tick()
		for _, s := range n.recv.sessions.byID {
			if n.recv.due > s.inbox.due() {
				n.t.Errorf("the reception is due in %d us, a session in %d us", (n.recv.due-n.now)/1000, (s.inbox.due()-n.now)/1000)
			}
		}
	}
	if !n.stopped[listener] {
		n.peer.tick(n.now)
		p := &n.peer
		if due := p.due(); p.state.asking() && due > p.initiator.nextAt || p.state.beating() && due > p.out.beat() ||
			p.state == leaving && due > p.farewell.byeAt || p.state != departed && due > n.now+restEvery {
			n.t.Errorf("the peer is due in %d us, a part of it before", (due-n.now)/1000)
		}
	}
}

// stop stops a side while f runs, as SIGSTOP does. It goes on with what time has brought, since its wait for datagrams
// has ended long ago, and then reads those that have come.
func (n *network) stop(side int, f func()) {
	n.stopped[side] = true
	f()
	n.stopped[side] = false
	if side == replayer {
		n.recv.setTime(n.now)
	}
	n.tick()
	for _, p := range n.sockets[side] {
		n.deliver(p)
	}
	n.sockets[side] = nil
}

// A logBook keeps what the listener of a network logs. It is a slog.Handler.
type logBook network

func (*logBook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logBook) WithAttrs([]slog.Attr) slog.Handler     { return b }
func (b *logBook) WithGroup(string) slog.Handler          { return b }
func (b *logBook) Handle(_ context.Context, r slog.Record) error {
	b.said = append(b.said, r.Message)
	return nil
}

// send packs a message and remembers it. Its Index is its place among all sent.
func (n *network) send(conn uint64, size int) {
	body := make([]byte, size)
	n.random(body[:min(size, 64)])
	n.bodies = append(n.bodies, body)
	n.sentAt = append(n.sentAt, n.now)
	n.bytes += uint64(size)
	conn += n.users
	n.pack.add(&Message{User: conn, Conn: ^conn, Index: uint64(len(n.bodies) - 1), Time: n.now, Body: body})
}

func (n *network) handle(m *Message) {
	n.got[m.Index]++
	if n.got[m.Index] > 1 {
		n.t.Errorf("message %d came twice", m.Index)
	}
	if m.Index >= uint64(len(n.bodies)) || !bytes.Equal(m.Body, n.bodies[m.Index]) {
		n.t.Fatalf("message %d is not what was sent", m.Index)
	}
	if last, ok := n.order[m.User]; ok && last > m.Index {
		n.t.Errorf("user %d: message %d after %d", m.User, m.Index, last)
	}
	n.order[m.User] = m.Index
	n.delays = append(n.delays, n.now-n.sentAt[m.Index])
}

// finish closes the listener as Close does and lets both sides settle.
func (n *network) finish(wait int64) {
	n.pack.flush()
	n.peer.farewell.begin(n.peer.contact.ran.total)
	for end := n.now + wait; n.now < end && n.peer.state != departed; {
		n.run(n.now + 10*ms)
	}
}

// totals returns both sides' accounts, the sessions that are open included.
func (n *network) totals() (st ReceiverStats, past peerAccounts) {
	st = n.recv.past
	for _, s := range n.recv.sessions.byID {
		s.addTo(&st)
	}
	return st, n.peer.accounts
}

// balanced checks that both sides know the same: everything received, or received and lost.
func (n *network) balanced() {
	n.t.Helper()
	st, past := n.totals()
	sent := uint64(len(n.bodies))
	if st.MessagesSent != sent || st.MessagesReceived+st.MessagesLost != sent || st.MessagesReceived != uint64(len(n.got)) {
		n.t.Errorf("replayer: %d sent, received %d + lost %d; handled %d", sent, st.MessagesReceived, st.MessagesLost, len(n.got))
	}
	if past.received.messages != st.MessagesReceived || past.lost.messages != st.MessagesLost {
		n.t.Errorf("listener: received %d lost %d, replayer: %d and %d", past.received.messages, past.lost.messages, st.MessagesReceived, st.MessagesLost)
	}
	if st.BytesReceived+st.BytesLost != n.bytes || past.received.bytes != st.BytesReceived || past.lost.bytes != st.BytesLost {
		n.t.Errorf("bytes: sent %d, replayer %d + %d, listener %d + %d", n.bytes, st.BytesReceived, st.BytesLost, past.received.bytes, past.lost.bytes)
	}
	if why := rejectMalformed; st.Rejected[why] > 0 || n.peer.accounts.rejects[why] > 0 {
		n.t.Errorf("malformed: %d at the replayer, %d at the listener", st.Rejected[why], n.peer.accounts.rejects[why])
	}
	if n.pool.out > chunkSize {
		n.t.Errorf("%d bytes of buffer not given back", n.pool.out)
	}
}

func TestRecovery(t *testing.T) {
	faults := []struct {
		name string
		set  func(*network)
	}{
		{"clean", func(n *network) {}},
		{"loss 1%", func(n *network) { n.loss = 0.01 }},
		{"loss 5%", func(n *network) { n.loss = 0.05 }},
		{"loss 20%", func(n *network) { n.loss = 0.20 }},
		{"loss 50%", func(n *network) { n.loss = 0.50 }},
		{"duplication", func(n *network) { n.dup = 0.3 }},
		{"reordering", func(n *network) { n.jit = 5 * ms }},
		{"bursts", func(n *network) { n.bursts = 0.01 }},
		{"long path", func(n *network) { n.delay, n.jit, n.loss = 40*ms, ms, 0.05 }},
		{"everything", func(n *network) { n.loss, n.dup, n.jit, n.bursts = 0.1, 0.1, 10*ms, 0.001 }},
	}
	for _, f := range faults {
		for _, secret := range []string{"", "secret"} {
			for seed := range uint64(2) {
				t.Run(fmt.Sprintf("%s/sealed=%t/%d", f.name, secret != "", seed), func(t *testing.T) {
					n := newNetwork(t, seed, secret)
					f.set(n)
					for i := range 3000 {
						size := n.rng.IntN(1200)
						if i%100 == 0 {
							size = n.rng.IntN(100000)
						}
						n.send(n.rng.Uint64N(20), size)
						if i%4 == 0 {
							n.pack.flush()
							n.run(n.now + ms/5)
						}
					}
					n.finish(20000 * ms)
					n.balanced()
					if len(n.got) != len(n.bodies) {
						t.Errorf("%d of %d messages arrived", len(n.got), len(n.bodies))
					}
				})
			}
		}
	}
}

// TestRecoveryKeepsUp: on a long path with heavy loss far more is missing at any time than one REPORT can name. All of
// it is asked for within a round trip, else what waits for its turn grows without end.
func TestRecoveryKeepsUp(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.delay, n.loss = 40*ms, 0.2
	n.run(n.now + 2000*ms)
	for i := range 800 { // for two seconds
		n.send(uint64(i), 65536)
		n.pack.flush()
		n.run(n.now + 5*ms/2)
	}
	n.finish(20000 * ms)
	n.allArrived()
	n.balanced()
	slices.Sort(n.delays)
	if late := n.delays[len(n.delays)*9/10]; late > 600*ms {
		t.Errorf("a tenth took more than %d ms", late/ms)
	}
}

// TestFirstResendAtOnce: a datagram asked for the first time is sent again at once. Of 47 datagrams in a row one is
// lost: the message is there one round trip after the datagrams behind that one.
func TestFirstResendAtOnce(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.run(n.now + 2000*ms)
	first := true
	n.drop = func(toReplayer bool, d []byte) bool {
		lost := toReplayer && kind(d[4]) == kindData && first
		first = first && !lost
		return lost
	}
	n.send(1, 65536)
	n.pack.flush()
	n.run(n.now + 3*n.delay + ms/2)
	if len(n.got) != 1 || n.delays[0] > 3*n.delay+ms/2 {
		t.Errorf("%d arrived after %d us", len(n.got), n.delays)
	}
}

// TestTotalsAhead: the totals of a HEARTBEAT may be ahead of the highest number: a message counts from its first
// datagram on, and a batch before all of it has left.
func TestTotalsAhead(t *testing.T) {
	var in inbox
	in.start(func(*Message) { t.Error("a message") })
	m := Message{Body: make([]byte, MaxMessage)}
	frame := append(appendHead(nil, &m, 0), m.Body...)
	body := appendFragmentHead([]byte{7: 1}, 1000, 0, len(frame))
	if !in.data(1, 1, append(body, frame[:1000]...)) {
		t.Error("the first datagram is malformed")
	}
	if !in.heartbeat(1, &heartbeat{oldest: 1, highest: 1, messages: 1 + maxGrams, bytes: MaxMessage + maxGrams}, 100) {
		t.Error("a true HEARTBEAT is malformed")
	}
}
