//go:build linux

package live

import (
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A change is what happens to a mirror under load: to a process, or to the path
// between listener and replayer.
type change struct {
	name string
	long bool // only with -full
	told bool // ICMP tells of it, or may not

	// make makes the change, and what ends it: when it returns the world is as
	// good as before. It is given where the wire's datagrams pass.
	make func(m *changing)

	// lost is how many requests may be missing, of those that were sent while
	// the world was not whole; anyLoss: that many. What is sent a second later
	// may never be.
	lost int
}

// anyLoss is for a listener that is not there: what it does not see is no loss.
const anyLoss = 1 << 30

// killedLoss is what may be lost with a replayer that is killed: what it held,
// and what was sent and is not confirmed. New data stops 50 ms after the last
// response, or three round trips: at the full rate that is 100 requests, and
// several times that where a busy machine makes the round trip long.
const killedLoss = 1000

// A changing is a mirror whose wire goes through a router, while it is under load.
//
//	web 10.99.8.1 --- 10.99.8.2 router 10.99.9.1 --- 10.99.9.2 stage
type changing struct {
	*mirror
	router       *namespace
	listen, play func() // Starts the listener, or the replayer, as at first.
	stranger     func() // Starts a replayer with another secret.
}

const (
	routedWire   = "10.99.9.2:28020"
	changeBefore = time.Second
	changeAfter  = 2 * time.Second
)

// changes are the matrix.
func changes() []change {
	replayerDies := func(away time.Duration) func(*changing) {
		return func(m *changing) {
			m.replayer.kill()
			time.Sleep(away)
			m.play()
		}
	}
	listenerDies := func(away time.Duration) func(*changing) {
		return func(m *changing) {
			m.listener.kill()
			time.Sleep(away)
			m.listen()
		}
	}
	stops := func(of func(*changing) *process, d time.Duration) func(*changing) {
		return func(m *changing) {
			of(m).cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(d)
			of(m).cmd.Process.Signal(syscall.SIGCONT)
		}
	}
	listener, replayer := func(m *changing) *process { return m.listener }, func(m *changing) *process { return m.replayer }
	cut := func(what string, d time.Duration) func(*changing) {
		return func(m *changing) {
			m.router.command("nft", "add table inet cut; add chain inet cut f { type filter hook forward priority 0; }; add rule inet cut f "+what+" drop")
			time.Sleep(d)
			m.router.command("nft", "delete table inet cut")
		}
	}
	const both = "udp dport 28020 drop; add rule inet cut f udp sport 28020"
	return []change{
		{name: "replayer killed, back at once", told: true, make: replayerDies(0), lost: killedLoss},
		{name: "replayer killed, back after 1 s", told: true, make: replayerDies(time.Second), lost: killedLoss},
		{name: "replayer killed, back after 30 s", long: true, told: true, make: replayerDies(30 * time.Second), lost: killedLoss},
		{name: "replayer killed, another with another secret for 1 s", told: true, make: replaced, lost: killedLoss},
		{name: "listener killed, back at once", make: listenerDies(0), lost: anyLoss},
		{name: "listener killed, back after 1 s", long: true, make: listenerDies(time.Second), lost: anyLoss},
		{name: "cut 3 s", make: cut(both, 3*time.Second)},
		{name: "cut 70 s", long: true, make: cut(both, 70*time.Second)},
		{name: "cut towards the replayer 5 s", make: cut("udp dport 28020", 5*time.Second)},
		{name: "cut towards the listener 5 s", make: cut("udp sport 28020", 5*time.Second)},
		{name: "replayer stopped 10 s", long: true, make: stops(replayer, 10*time.Second)},
		{name: "replayer stopped 70 s", long: true, make: stops(replayer, 70*time.Second)},
		{name: "replayer stopped 3 s", make: stops(replayer, 3*time.Second)},
		{name: "listener stopped 3 s", make: stops(listener, 3*time.Second), lost: anyLoss},
		{name: "listener stopped 70 s", long: true, make: stops(listener, 70*time.Second), lost: anyLoss},
		{name: "another source port", make: anotherPort},
		{name: "MTU lowered at the interface", make: mtu(func(m *changing) *namespace { return m.web }, "link set w8 mtu %d")},
		{name: "MTU lowered by a route", told: true, make: mtu(func(m *changing) *namespace { return m.web }, "route replace 10.99.9.0/24 via 10.99.8.2 mtu %d")},
		{name: "MTU lowered behind the router", told: true, make: mtu(func(m *changing) *namespace { return m.router }, "link set r9 mtu %d")},
		{name: "MTU lowered where nobody says so", make: mtu(func(m *changing) *namespace { return m.stage }, "link set s9 mtu %d")},
	}
}

// replaced starts a replayer with another secret instead of one that is killed.
func replaced(m *changing) {
	m.replayer.kill()
	m.stranger()
	time.Sleep(time.Second)
	m.replayer.kill()
	m.play()
}

// mtu lowers it in two steps and raises it again.
func mtu(where func(*changing) *namespace, command string) func(*changing) {
	return func(m *changing) {
		for _, size := range []int{1280, 576, 1500} {
			where(m).ip(fmt.Sprintf(command, size))
			time.Sleep(2 * time.Second)
		}
	}
}

// anotherPort makes the listener's datagrams come from another port from here
// on, as a NAT that was restarted does.
func anotherPort(m *changing) {
	sockets := m.web.command("ss", "-Hun", "dst", routedWire)
	fields := strings.Fields(sockets)
	if len(fields) < 4 {
		m.t.Fatalf("no socket to the replayer: %q", sockets)
	}
	port := fields[2][strings.LastIndexByte(fields[2], ':')+1:]
	m.router.command("nft", fmt.Sprintf(`
		table ip nat {
			chain there { type filter hook prerouting priority -300; udp dport 28020 udp sport set 40001; }
			chain back { type filter hook postrouting priority 300; udp sport 28020 udp dport set %s; }
		}`, port))
}

// changeRate is how many requests come each second: 2,000 with -full, one change
// after the other.
func changeRate() float64 {
	if *full {
		return 2000
	}
	return scaled(500.)
}

// TestLiveChange: what changes under load, with ICMP to tell and without. Nothing arrives twice, nothing is lost but what a process that
// was killed held, everything sent a second after the change arrives, and the
// accounts of both sides agree.
func TestLiveChange(t *testing.T) {
	needRoot(t)
	needTools(t, "nft", "ss")
	for _, icmp := range []bool{true, false} {
		for _, c := range changes() {
			if c.long && !*full || icmp && !c.told || testing.Short() && c.lost == 0 {
				continue
			}
			name := c.name + ", with ICMP"
			if !icmp {
				name = c.name + ", without ICMP"
			}
			t.Run(name, func(t *testing.T) {
				if !*full {
					t.Parallel()
				}
				underChange(t, c, icmp)
			})
		}
	}
}

// newChanging makes the mirror and its router.
func newChanging(t *testing.T, icmp, long bool) *changing {
	m := &changing{mirror: newMirror(t), router: newNamespace(t)}
	m.web.link("w8", "10.99.8.1/24", m.router, "r8", "10.99.8.2/24")
	m.router.link("r9", "10.99.9.1/24", m.stage, "s9", "10.99.9.2/24")
	m.router.command("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
	m.web.ip("route add 10.99.9.0/24 via 10.99.8.2")
	m.stage.ip("route add 10.99.8.0/24 via 10.99.9.1")
	if !icmp {
		for _, n := range []*namespace{m.web, m.router, m.stage} {
			n.command("nft", `table ip silent {
				chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }
			}`)
		}
	}
	secret := secretFile(t, "thirty-two bytes for both of them")
	m.listen = func() { m.mirror.listen("-r", routedWire, "--secret-file", secret) }
	args := []string{"--secret-file", secret}
	if long { // when it ends, a minute's requests come at once, and the target is slower than that
		args = append(args, "--buffer-size", "512MiB", "--buffer", "1000000", "--max-wait", "2m")
	}
	m.play = func() { m.replay(args...) }
	m.stranger = func() { m.replay("--secret-file", secretFile(t, "thirty-two bytes that nobody knows")) }
	return m
}

// underChange runs one.
func underChange(t *testing.T, c change, icmp bool) {
	m := newChanging(t, icmp, c.long)
	m.startServer()
	m.play()
	m.listen()
	listener, replayer := m.listener, m.replayer

	s := &stream{m: m.mirror}
	s.start()
	time.Sleep(changeBefore)
	c.make(m)
	ended := time.Now()
	s.mark()
	time.Sleep(changeAfter)
	loads, after := s.stop()

	total, late := 0, 0
	for i, l := range loads {
		if total += l.count; i >= after {
			late += l.count
		}
	}
	if c.lost == 0 {
		m.sink.await(total)
	} else { // some will never come; those sent afterwards will
		awaitCount(func() int { return m.sink.of(loads[max(after, 0):]) }, late)
	}
	back := m.sink.firstSince(ended)
	m.listener.interrupt()
	m.replayer.interrupt()
	listen, replay := finalAccounts(t, m.listener), finalAccounts(t, m.replayer)
	listen.checkListener(t)
	replay.checkTargets(t)
	missing := m.sink.judge(t, loads, after)
	t.Logf("%d of %d requests missing; the first one %v after the change", missing, total, back.Sub(ended))
	if missing > c.lost {
		t.Errorf("%d of %d requests are missing, at most %d may be", missing, total, c.lost)
	}
	if m.listener == listener && m.replayer == replayer {
		for _, name := range []string{"messages_sent", "messages_received", "messages_lost", "bytes_received"} {
			if a, b := listen.Wire[name], replay.Wire[name]; a != b {
				t.Errorf("%s: the listener says %d, the replayer %d", name, a, b)
			}
		}
	}
	if t.Failed() {
		t.Logf("listener: %v\n%s\nreplayer: %v\n%s", listen, m.listener.stderr.String(), replay, m.replayer.stderr.String())
	}
}

// A stream is a load that goes on until it is stopped, in pieces.
type stream struct {
	m     *mirror
	mu    sync.Mutex
	loads []*load
	after int  // Loads from here on began a second after the mark.
	ended bool // No more are to begin.
	at    time.Time
	done  chan error
}

// start begins to send.
func (s *stream) start() {
	s.done = make(chan error, 1)
	s.after = -1
	go func() {
		for {
			l := s.next()
			if l == nil {
				s.done <- nil
				return
			}
			if err := l.run(); err != nil {
				s.done <- err
				return
			}
			l.close()
		}
	}()
}

// next is the next piece, a quarter of a second; nil: there is none.
func (s *stream) next() *load {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	if s.after < 0 && !s.at.IsZero() && time.Since(s.at) > time.Second {
		s.after = len(s.loads)
	}
	l := s.m.newLoad(uint64(1+len(s.loads)*10000), int(changeRate()/4))
	l.rate, l.conns = changeRate(), 16
	s.loads = append(s.loads, l)
	return l
}

// mark notes that the change has ended.
func (s *stream) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = time.Now()
}

// stop ends the stream and returns its pieces, and which of them began a second
// after the mark.
func (s *stream) stop() (loads []*load, after int) {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	if err := <-s.done; err != nil {
		s.m.t.Fatalf("load: %v", err)
	}
	return s.loads, s.after
}

// firstSince is when the first request after a time arrived.
func (s *sink) firstSince(at time.Time) (first time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, start := range s.starts {
		if start.After(at) && (first.IsZero() || start.Before(first)) {
			first = start
		}
	}
	return first
}

// of is how many requests of the loads have arrived.
func (s *sink) of(loads []*load) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range loads {
		for id := l.first; id < l.first+uint64(l.count); id++ {
			if s.ids[id] > 0 {
				n++
			}
		}
	}
	return n
}

// judge fails if a request of the loads arrived twice or changed, or is missing
// though it was sent with or after load number after. It returns how many are missing.
func (s *sink) judge(t testing.TB, loads []*load, after int) (missing int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if after < 0 || after >= len(loads) {
		t.Fatalf("no load a second after the change: %d of %d", after, len(loads))
	}
	twice, late := 0, 0
	for i, l := range loads {
		for id := l.first; id < l.first+uint64(l.count); id++ {
			switch n := s.ids[id]; {
			case n > 1:
				twice++
			case n == 0 && i >= after:
				late++
			case n == 0:
				missing++
			}
		}
	}
	if twice+late+len(s.corrupt)+s.disorder > 0 {
		t.Errorf("%d arrived twice, %d sent a second after the change are missing, %d out of order, corrupt: %.3q", twice, late, s.disorder, s.corrupt)
	}
	return missing
}
