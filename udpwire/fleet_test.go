package udpwire

import (
	"bytes"
	"container/heap"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"
)

// A sea joins one Sender to several replayers in virtual time, with faults drawn from a seed. Its resolver is told what
// the name's addresses are.
type sea struct {
	t    *testing.T
	rng  *rand.Rand
	now  int64
	mail mail
	seq  int

	loss float64
	jit  int64

	send  *Sender
	links map[netip.AddrPort]*seaLink
	hosts map[netip.AddrPort]*seaHost
	name  *name

	sent   []seaMessage
	last   map[uint64]int // The message of each user that was handed on last.
	got    int
	strict bool // Messages may not be lost.
}

// A seaMessage is what became of a message.
type seaMessage struct {
	user uint64
	size int
	got  *seaHost // Who handed it on; nil: nobody yet.
}

// A seaLink is a link as the sea drives it, in place of its goroutine.
type seaLink struct {
	*link
	seen  look
	ended bool
	host  netip.AddrPort
}

// A seaHost is an address and who is there; recv is nil when nobody is.
type seaHost struct {
	at     netip.AddrPort
	recv   *reception
	cut    bool // Nothing gets there and back.
	refuse bool // The machine says that nobody is there.

	leaveBy int64 // It is about to leave, and does then at the latest; 0: it is not.
}

// A letter is a datagram on its way.
type letter struct {
	at      int64
	seq     int
	deliver func()
}

type mail []letter

func (m mail) Len() int { return len(m) }
func (m mail) Less(i, j int) bool {
	return m[i].at < m[j].at || m[i].at == m[j].at && m[i].seq < m[j].seq
}
func (m mail) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *mail) Push(x any)   { *m = append(*m, x.(letter)) }
func (m *mail) Pop() any {
	l := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return l
}

// seaHosts is how many hosts a sea has room for.
const seaHosts = 8

// seaAddr is the address of host number i.
func seaAddr(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), DefaultPort)
}

func newSea(t *testing.T, seed uint64, secret string) *sea {
	w := &sea{t: t, rng: rand.New(rand.NewPCG(seed, 9)), now: 1e18, links: map[netip.AddrPort]*seaLink{},
		hosts: map[netip.AddrPort]*seaHost{}, last: map[uint64]int{}}
	cfg := SenderConfig{Replayers: []string{"replay:28020"}, Secret: []byte(secret)}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	w.send = newSender(cfg, keyringOf(t, secret), newClock())
	now := func() int64 { return w.now }
	w.send.spread.now, w.send.fleet.limbo.now = now, now
	w.name = &name{host: "replay:28020"}
	w.send.fleet.names = []*name{w.name}
	w.send.fleet.make = w.connect
	w.send.fleet.run = func(*link) {}
	return w
}

// random fills b with random bytes.
func (w *sea) random(b []byte) {
	for i := range b {
		b[i] = byte(w.rng.Uint32())
	}
}

// connect makes a link whose datagrams the sea carries.
func (w *sea) connect(host string, to netip.AddrPort) (*link, error) {
	cfg := w.send.fleet.cfg
	l := &seaLink{link: newLink(&cfg, nameOf(host, to), keyringOf(w.t, string(cfg.Secret)), newClock(), w.send.queueFull.Load), host: to}
	l.now, l.moved, l.path.to = w.send.spread.now, w.send.moved, to
	l.peer.others = func() bool { return w.send.fleet.others(l.link) }
	l.peer.out.tx.mtu, l.peer.out.tx.size = func() int { return 1500 }, newPathSize(0, 1500, to.Addr())
	l.peer.initiator.rand = w.random
	l.peer.initiator.restart(w.now)
	l.publish()
	l.peer.out.tx.write = func(b []byte, size int) (n int, err error) {
		h := w.host(to)
		if h.refuse {
			return 0, syscall.ECONNREFUSED
		}
		for ; len(b) > 0; n++ {
			k := min(size, len(b))
			d := bytes.Clone(b[:k])
			w.post(h, func() { w.arrive(h, d, to) })
			b = b[k:]
		}
		return n, nil
	}
	w.links[to] = l
	return l.link, nil
}

// host is who is at an address.
func (w *sea) host(at netip.AddrPort) *seaHost {
	if w.hosts[at] == nil {
		w.hosts[at] = &seaHost{at: at}
	}
	return w.hosts[at]
}

// post sends a datagram to or from a host.
func (w *sea) post(h *seaHost, deliver func()) {
	if h.cut || w.rng.Float64() < w.loss {
		return
	}
	w.seq++
	heap.Push(&w.mail, letter{w.now + ms/5 + w.rng.Int64N(w.jit+1), w.seq, deliver})
}

// arrive brings a datagram to whoever is at a host now.
func (w *sea) arrive(h *seaHost, d []byte, to netip.AddrPort) {
	if h.recv != nil && !h.cut {
		h.recv.setTime(w.now)
		h.recv.datagram(d, source{addr: to}) // each link has an address of its own: that of its host
	}
}

// start puts a new process at an address. instance 0 is a random one.
func (w *sea) start(at netip.AddrPort, instance uint64) {
	h := w.host(at)
	h.refuse, h.leaveBy = false, 0
	cfg := ReceiverConfig{}
	cfg.check()
	recv := newReception(cfg, keyringOf(w.t, string(w.send.fleet.cfg.Secret)), 4<<20, nil)
	recv.write = func(d []byte, to *source) error {
		d, link := bytes.Clone(d), w.links[to.addr]
		w.post(h, func() {
			if !h.cut && !link.ended {
				link.heard(d, nil)
			}
		})
		return nil
	}
	recv.responder = newResponder(recv.responder.keys, w.random)
	if instance != 0 {
		recv.responder.instance = instance
	}
	recv.handle = func(m *Message) { w.handle(h, m) }
	h.recv = &recv
}

// kill takes the process away. refuse says that the machine tells who sends there.
func (w *sea) kill(at netip.AddrPort, refuse bool) {
	h := w.host(at)
	h.recv, h.refuse, h.leaveBy = nil, refuse, 0
}

// resolve makes the name have addresses.
func (w *sea) resolve(addrs ...netip.AddrPort) { w.send.fleet.found(w.name, addrs, nil) }

// message sends a message of a user.
func (w *sea) message(user uint64, size int) {
	body := make([]byte, max(size, 8))
	binary.BigEndian.PutUint64(body, uint64(len(w.sent)))
	w.sent = append(w.sent, seaMessage{user: user, size: len(body)})
	if err := w.send.Send(&Message{User: user, Index: uint64(len(w.sent) - 1), Time: w.now, Body: body}); err != nil {
		w.t.Fatalf("message %d: %v", len(w.sent)-1, err)
	}
}

// handle is where a host hands on a message.
func (w *sea) handle(h *seaHost, m *Message) {
	i := int(m.Index)
	one := &w.sent[i]
	if binary.BigEndian.Uint64(m.Body) != m.Index || len(m.Body) != one.size || m.User != one.user {
		w.t.Fatalf("message %d is not what was sent", i)
	}
	if one.got != nil {
		w.t.Errorf("message %d came twice, to %v and %v", i, one.got.at, h.at)
	}
	one.got = h
	w.got++
	if last, any := w.last[m.User]; any && last > i && !h.cut { // what a replayer hands on that is cut off may have been given up
		w.t.Errorf("user %d: message %d to %v after %d, which went to %v", m.User, i, h.at, last, w.sent[last].got.at)
	}
	w.last[m.User] = i
}

// run lets time pass.
func (w *sea) run(d int64) {
	for until := w.now + d; w.now < until; {
		next := min(until, w.now+5*ms)
		if len(w.mail) > 0 {
			next = min(next, max(w.mail[0].at, w.now))
		}
		w.now = next
		for len(w.mail) > 0 && w.mail[0].at <= w.now {
			heap.Pop(&w.mail).(letter).deliver()
		}
		for i := range seaHosts {
			if h := w.hosts[seaAddr(i)]; h != nil && h.recv != nil {
				h.recv.setTime(w.now)
				h.recv.tick()
				w.leave(h)
			}
		}
		w.turn()
	}
}

// stop makes the process at an address leave in order.
func (w *sea) stop(at netip.AddrPort) {
	if h := w.host(at); h.recv != nil && h.leaveBy == 0 {
		h.recv.leave(w.now)
		h.leaveBy = w.now + leaveAtMost.Nanoseconds()
	}
}

// leave lets a process that is about to leave go when it may.
func (w *sea) leave(h *seaHost) {
	if h.leaveBy != 0 && (h.recv.left() || w.now >= h.leaveBy) {
		h.recv.close(w.now)
		h.recv, h.leaveBy = nil, 0
	}
}

// turn does what the links' goroutines do.
func (w *sea) turn() {
	for i := range seaHosts {
		l := w.links[seaAddr(i)]
		if l == nil || l.ended {
			continue
		}
		l.turn()
		if l.peer.state == departed {
			l.ended = true
			close(l.done)
			w.send.fleet.changed()
		} else if is := l.look(); is != l.seen {
			l.seen = is
			w.send.fleet.changed()
		}
	}
}

// load sends messages of a few users for a while: one each millisecond.
func (w *sea) load(count int) {
	for i := range count {
		size := w.rng.IntN(600)
		if w.rng.IntN(300) == 0 {
			size = 80000
		}
		w.message(w.rng.Uint64N(50), size)
		if i%3 == 0 {
			w.send.Flush()
		}
		w.run(ms)
	}
}

// settle lets time pass, with a lookup of the name every 5 seconds, until every message's fate is known.
func (w *sea) settle() {
	look := w.now + 5000*ms
	w.send.Flush()
	for end := w.now + 60_000*ms; w.now < end && (w.send.Stats().MessagesPending > 0 || w.send.spread.holds.any()); {
		if w.now >= look {
			w.resolve(w.name.addrs...)
			look += 5000 * ms
		}
		w.send.Flush()
		w.run(20 * ms)
	}
}

// check compares the accounts with what came.
func (w *sea) check(what string) {
	w.t.Helper()
	st := w.send.Stats()
	if st.MessagesPending != 0 || st.MessagesSent != uint64(len(w.sent)) || st.MessagesSent != st.MessagesReceived+st.MessagesLost ||
		st.MessagesReceived > uint64(w.got) {
		w.t.Errorf("%s: %d given, %d sent = %d received + %d lost + %d pending; %d arrived", what, len(w.sent), st.MessagesSent,
			st.MessagesReceived, st.MessagesLost, st.MessagesPending, w.got)
	}
	if w.strict && (st.MessagesLost != 0 || w.got != len(w.sent)) {
		w.t.Errorf("%s: %d of %d arrived, %d are said to be lost", what, w.got, len(w.sent), st.MessagesLost)
	}
}

// Three replayers behind a name: all get messages, and what they get is what was sent.
func TestFleetSpreads(t *testing.T) {
	w := newSea(t, 1, "")
	w.strict = true
	for i := range 3 {
		w.start(seaAddr(i+1), 0)
	}
	w.load(50) // before the name has an address
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3))
	w.load(2000)
	w.settle()
	w.check("three replayers")
	count := map[netip.AddrPort]int{}
	for _, m := range w.sent {
		if m.got != nil {
			count[m.got.at]++
		}
	}
	if len(count) != 3 {
		t.Errorf("messages went to %v", count)
	}
	if st := w.send.Stats(); st.Replayers != 3 || st.ReplayersUp != 3 {
		t.Errorf("%d replayers, %d up", st.Replayers, st.ReplayersUp)
	}
}

// Whatever happens to replayers that come, go, die and are cut off, each message is handed on once at most, each user's
// in their order, and the accounts know of each. Where none is killed and no cut lasts, nothing is lost.
func TestFleetChanges(t *testing.T) {
	seeds := uint64(300)
	if *full {
		seeds = 5000
	}
	for seed := range seeds {
		if t.Run(fmt.Sprint(seed), func(t *testing.T) { fleetChanges(t, seed) }); t.Failed() {
			return
		}
	}
}

func fleetChanges(t *testing.T, seed uint64) {
	w := newSea(t, seed, []string{"", "a secret of many letters"}[seed%2])
	w.strict = seed%4 < 2
	w.loss, w.jit = []float64{0, 0.02, 0.1}[seed%3], []int64{0, ms}[seed/3%2]
	in := map[int]bool{}
	for i := 1; i <= 3; i++ {
		w.start(seaAddr(i), 0)
		in[i] = true
	}
	w.rename(in)
	for range 12 {
		w.load(w.rng.IntN(300))
		w.change(in)
		if w.rng.IntN(4) == 0 {
			w.run(w.rng.Int64N(5000) * ms)
			w.send.Flush()
		}
	}
	for i := range in {
		h := w.host(seaAddr(i))
		for h.cut = false; h.leaveBy != 0; {
			w.run(20 * ms)
		}
		if h.recv == nil {
			w.start(h.at, 0)
		}
	}
	w.load(100)
	w.settle()
	w.check("in the end")
}

// rename makes the name have the addresses of the hosts that are in.
func (w *sea) rename(in map[int]bool) {
	var addrs []netip.AddrPort
	for i := range seaHosts {
		if in[i] {
			addrs = append(addrs, seaAddr(i))
		}
	}
	w.resolve(addrs...)
}

// change makes something happen.
func (w *sea) change(in map[int]bool) {
	i := 1 + w.rng.IntN(6)
	h := w.host(seaAddr(i))
	switch n := w.rng.IntN(7); {
	case n == 0: // one comes
		if h.recv == nil {
			w.start(h.at, 0)
		}
		in[i] = true
		w.rename(in)
	case n == 1 && len(in) > 1: // one leaves the name
		delete(in, i)
		w.rename(in)
	case n == 2 && !w.strict: // one is killed
		w.kill(h.at, w.rng.IntN(2) == 0)
	case n == 3 && !w.strict: // one is restarted at once
		w.start(h.at, 0)
	case n == 4: // one is cut off, or again there
		h.cut = !h.cut
		if w.strict && h.cut {
			long := w.rng.Int64N(3000) * ms
			if w.send.spread.holds.any() { // who waits already gives up a replayer that is silent
				long = min(long, silentAfter-100*ms)
			}
			w.run(long)
			h.cut = false
		}
	case n == 5: // one leaves in order, and another process takes its place now or later
		w.stop(h.at)
		w.load(w.rng.IntN(300))
		if w.rng.IntN(2) == 0 && h.recv == nil {
			w.start(h.at, 0)
		}
	case n == 6: // nothing
	}
}

// burst sends small messages of many users, ten each millisecond, and flushes like a listener does.
func (w *sea) burst(count int) {
	for i := range count {
		w.message(w.rng.Uint64N(5000), 100)
		if i%10 == 0 {
			w.send.Flush()
			w.run(ms)
		}
	}
}

// harbour returns a sea with n replayers behind the name, all of which have answered.
func harbour(t *testing.T, n int) *sea {
	w := newSea(t, uint64(n), "")
	var addrs []netip.AddrPort
	for i := range n {
		addrs = append(addrs, seaAddr(i+1))
		w.start(addrs[i], 0)
	}
	w.resolve(addrs...)
	w.run(100 * ms)
	w.send.Flush()
	return w
}

// shares returns who gets each user's messages.
func (w *sea) shares() map[uint64]*link {
	w.send.Flush()
	all := map[uint64]*link{}
	for user := range uint64(5000) {
		all[user], _ = w.send.spread.place(user)
	}
	return all
}

// movedShare is the share of users that have another replayer than before.
func movedShare(before, after map[uint64]*link) float64 {
	n := 0
	for user := range before {
		if before[user] != after[user] {
			n++
		}
	}
	return float64(n) / float64(len(before))
}

// When one of three goes, a third of the users move, 5 % more at most; when a fourth comes, a quarter.
func TestFleetMovesFew(t *testing.T) {
	w := harbour(t, 3)
	three := w.shares()
	w.start(seaAddr(4), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3), seaAddr(4))
	w.run(1000 * ms)
	four := w.shares()
	if share := movedShare(three, four); share > 1.0/4+0.05 || share < 1.0/4-0.05 {
		t.Errorf("%.2f of the users moved when a fourth came", share)
	}
	w.stop(seaAddr(2))
	w.run(1000 * ms)
	if share := movedShare(four, w.shares()); share > 1.0/4+0.05 || share < 1.0/4-0.05 {
		t.Errorf("%.2f of the users moved when one of four left", share)
	}
}

// What is never sent to a replayer that dies goes to the others; what was sent and not confirmed is lost, and no more.
func TestFleetSpreadsWhatTheDeadHadNotSent(t *testing.T) {
	w := harbour(t, 3)
	w.burst(1000)
	dead := w.links[seaAddr(2)]
	unconfirmed := dead.peer.out.begun.messages() - dead.peer.out.reported.messages
	w.kill(seaAddr(2), true)
	w.burst(3000)
	if c := dead.peer.out.pending.first; c != nil && !c.numbered {
		t.Error("the dead replayer's link still has what it never sent")
	}
	w.settle()
	w.check("after a death")
	if st := w.send.Stats(); st.MessagesLost > unconfirmed+20 || len(w.sent)-w.got > int(st.MessagesLost) {
		t.Errorf("%d of %d arrived, %d are said to be lost, %d were not confirmed when one died", w.got, len(w.sent), st.MessagesLost, unconfirmed)
	}
	if st := w.send.Stats(); st.ReplayersUp != 2 || st.ReplayersDown != 1 {
		t.Errorf("%d replayers up, %d down", st.ReplayersUp, st.ReplayersDown)
	}
}

// A replayer alone keeps what comes while it is away, in whatever way it went.
func TestFleetOfOneKeeps(t *testing.T) {
	for _, how := range []string{"killed", "left", "cut off"} {
		w := harbour(t, 1)
		w.burst(200)
		w.run(200 * ms)
		switch how {
		case "killed":
			w.kill(seaAddr(1), true)
		case "left":
			w.stop(seaAddr(1))
		case "cut off":
			w.host(seaAddr(1)).cut = true
		}
		w.burst(5000)
		w.host(seaAddr(1)).cut = false
		if how != "cut off" {
			w.start(seaAddr(1), 0)
		}
		w.burst(200)
		w.settle()
		w.strict = how != "killed"
		w.check(how)
	}
}

// A replayer told to leave under load loses nothing, whether others are there or not, though its BYE is lost.
func TestFleetLeavingLosesNothing(t *testing.T) {
	for _, n := range []int{1, 3} {
		for seed := range 20 {
			w := harbour(t, n)
			w.strict, w.loss, w.jit = true, 0.05*float64(seed%2), int64(seed)*ms/4
			w.burst(500)
			w.stop(seaAddr(1))
			bye := w.host(seaAddr(1)).recv.write
			w.host(seaAddr(1)).recv.write = func(d []byte, to *source) error {
				if kind(d[4]) == kindBye {
					return nil
				}
				return bye(d, to)
			}
			w.burst(3000)
			if w.host(seaAddr(1)).recv != nil {
				t.Errorf("of %d: still there after 300 ms", n)
			}
			w.start(seaAddr(1), 0)
			w.burst(500)
			w.settle()
			w.check(fmt.Sprintf("one of %d leaves", n))
		}
	}
}

// Nothing is held longer than it takes to have it confirmed.
func TestFleetHoldsShortly(t *testing.T) {
	w := harbour(t, 2)
	w.burst(300)
	w.start(seaAddr(3), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3))
	held := int64(0)
	for range 100 {
		w.burst(50)
		if w.send.spread.holds.any() {
			held++
		}
	}
	if w.send.spread.holds.any() || held > 8 {
		t.Errorf("messages waited after %d of 100 times 5 ms", held)
	}
	w.strict = true
	w.settle()
	w.check("one has come")
}

// Beyond its bound a hold gives way: no message is lost to it, and memory stays bounded.
func TestFleetHoldsBounded(t *testing.T) {
	const limit = 8 << 10
	w := harbour(t, 2)
	w.send.spread.holds.limit = limit
	few := func(count int) {
		for i := range count {
			if w.message(w.rng.Uint64N(50), 100); i%10 == 9 {
				w.send.Flush()
				w.run(ms)
			}
		}
	}
	few(300)
	w.host(seaAddr(1)).cut = true // for a second: it is not called silent, and what it was sent is not confirmed
	few(100)
	w.start(seaAddr(3), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3))
	held := int64(0)
	for range 1000 {
		few(10)
		if held = max(held, w.send.spread.holds.bytes.Load()); held > limit+1000 {
			t.Fatalf("%d bytes wait", held)
		}
	}
	if held < limit/2 {
		t.Errorf("at most %d bytes waited", held)
	}
	w.host(seaAddr(1)).cut = false
	w.last = map[uint64]int{} // order gave way
	w.settle()
	w.strict = true
	w.check("bounded")
	if w.send.spread.holds.bytes.Load() != 0 {
		t.Errorf("%d bytes wait of no message", w.send.spread.holds.bytes.Load())
	}
}

// Two addresses of one process are one replayer; the IPv4 one is kept. When it dies the other is tried again.
func TestFleetAliases(t *testing.T) {
	w := newSea(t, 7, "")
	w.strict = true
	w.start(seaAddr(1), 77)
	w.start(seaAddr(2), 77)
	w.start(seaAddr(3), 0)
	w.resolve(seaAddr(2), seaAddr(1), seaAddr(3))
	w.burst(1000)
	if n := len(w.send.spread.view.members); n != 2 {
		t.Errorf("%d replayers, want 2", n)
	}
	w.run(2000 * ms)
	if st := w.send.Stats(); st.Replayers != 2 || st.ReplayersUp != 2 || len(w.send.fleet.addresses) != 2 {
		t.Errorf("%d replayers, %d up, %d links", st.Replayers, st.ReplayersUp, len(w.send.fleet.addresses))
	}
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3)) // as every few seconds
	if len(w.send.fleet.addresses) != 2 {
		t.Error("a second way to a replayer is tried while the first works")
	}
	w.settle()
	w.check("two ways to one")
	w.strict = false
	w.kill(seaAddr(1), true)
	w.kill(seaAddr(2), true)
	w.run(1000 * ms)
	w.start(seaAddr(1), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3))
	w.run(1000 * ms)
	w.burst(100)
	if n := len(w.send.spread.view.members); n != 2 {
		t.Errorf("%d replayers after one came back at its other address, want 2", n)
	}
}

func TestAddressPreferred(t *testing.T) {
	four, six := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("[::1]:1")
	for _, tt := range []struct {
		a, b   address
		better bool
	}{
		{address{at: four}, address{at: six}, true},
		{address{at: six}, address{at: four}, false},
		{address{at: four}, address{at: four}, false},
		{address{at: six}, address{at: four, left: true}, true},
		{address{at: four, left: true}, address{at: six}, false},
	} {
		if got := tt.a.better(&tt.b); got != tt.better {
			t.Errorf("%+v better than %+v: %t", tt.a, tt.b, got)
		}
	}
}

// An address that never answered gets nothing while others live, and is no replayer in the accounts; one that leaves the
// name is forgotten, dead or alive, and its accounts stay.
func TestFleetForgets(t *testing.T) {
	w := newSea(t, 8, "")
	w.strict = true
	w.start(seaAddr(2), 0)
	w.start(seaAddr(3), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3)) // nobody is at the first
	w.burst(1000)
	if st := w.send.Stats(); st.Replayers != 2 || st.ReplayersUp != 2 || st.ReplayersDown != 0 {
		t.Errorf("%d replayers, %d up, %d down", st.Replayers, st.ReplayersUp, st.ReplayersDown)
	}
	w.resolve(seaAddr(2))
	w.burst(1000)
	w.run(1000 * ms)
	w.send.fleet.changed()
	if n := len(w.send.fleet.addresses); n != 1 {
		t.Errorf("%d addresses are kept, want 1", n)
	}
	if len(w.host(seaAddr(3)).recv.sessions.byID) > 0 {
		t.Error("the session with who has left has not ended")
	}
	w.settle()
	w.check("one left the name")
	w.kill(seaAddr(2), false)
	w.start(seaAddr(4), 0)
	w.resolve(seaAddr(4))
	w.run(10_000 * ms)
	w.burst(100)
	w.run(10_000 * ms)
	if n := len(w.send.fleet.addresses); n != 1 || w.send.fleet.addresses[0].at != seaAddr(4) {
		t.Errorf("%d addresses are kept, want the new one", n)
	}
	w.settle()
	w.strict = false
	w.check("the dead was forgotten")
}

// A name that does not resolve yet, or for a while: messages are kept, and nobody is forgotten.
func TestFleetWaitsForName(t *testing.T) {
	w := newSea(t, 9, "")
	w.strict = true
	w.burst(1000)
	if st := w.send.Stats(); st.ReplayersDown != 1 || st.Replayers != 1 {
		t.Errorf("of an unknown name %d of %d replayers are down", st.ReplayersDown, st.Replayers)
	}
	w.send.fleet.found(w.name, nil, fmt.Errorf("no such host"))
	w.burst(1000)
	w.start(seaAddr(1), 0)
	w.resolve(seaAddr(1))
	w.burst(100)
	w.send.fleet.found(w.name, nil, fmt.Errorf("server away"))
	w.send.fleet.found(w.name, nil, nil)
	w.burst(1000)
	if len(w.send.fleet.addresses) != 1 || w.send.fleet.addresses[0].leaving {
		t.Error("an address was forgotten because the name server is away")
	}
	w.settle()
	w.check("a name that resolves later")
}
