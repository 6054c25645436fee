package udpwire

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// inFleetNamespace says that the test runs in the namespace made for it.
const inFleetNamespace = "GOR_TEST_FLEET"

// TestFleetForReal: three replayers behind one name, of which one is killed, another comes and one is drained, under
// 5,000 messages a second: nothing is lost but what the killed one had not confirmed, and nobody's order changes. Then
// the name gets one other address. The name server is this test's, in a namespace of its own.
func TestFleetForReal(t *testing.T) {
	if os.Getenv(inFleetNamespace) != "" {
		fleetForReal(t)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes a network namespace")
	}
	name := fmt.Sprintf("gorfleet%d", os.Getpid())
	etc := filepath.Join("/etc/netns", name)
	if err := os.MkdirAll(etc, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(etc) })
	if err := os.WriteFile(filepath.Join(etc, "resolv.conf"), []byte("nameserver 127.0.0.1\noptions timeout:1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() })
	for _, args := range [][]string{{"netns", "add", name}, {"-n", name, "link", "set", "lo", "up"}} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	cmd := exec.CommandContext(t.Context(), "ip", "netns", "exec", name, os.Args[0], "-test.run=^TestFleetForReal$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), inFleetNamespace+"=1")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// A nameServer answers every question with the addresses it was told last: those of the kind asked for.
type nameServer struct {
	conn  *net.UDPConn
	mu    sync.Mutex
	addrs []netip.Addr // None: the name does not exist.
}

func newNameServer(t *testing.T) *nameServer {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53})
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn}
	done := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if answer := s.answer(buf[:n]); answer != nil {
				conn.WriteToUDPAddrPort(answer, from)
			}
		}
	}()
	return s
}

func (s *nameServer) set(addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addrs = nil
	for _, a := range addrs {
		s.addrs = append(s.addrs, netip.MustParseAddr(a))
	}
}

// answer returns the answer to a question; nil: it is none.
func (s *nameServer) answer(ask []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(ask) != nil || len(m.Questions) != 1 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if len(s.addrs) == 0 {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range s.addrs {
		h := dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: m.Questions[0].Type, Class: dnsmessage.ClassINET, TTL: 1}
		switch {
		case a.Is4() && h.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && h.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	b, err := m.Pack()
	if err != nil {
		return nil
	}
	return b
}

// A realFleet is the replayers of the test and what they handed on.
type realFleet struct {
	t      *testing.T
	mu     sync.Mutex
	got    map[uint64]int // By Index.
	last   map[uint64]uint64
	bad    int
	counts map[string]int
}

// A realReplayer is one of them.
type realReplayer struct {
	recv *Receiver
	stop context.CancelFunc
	done chan struct{}
}

func (f *realFleet) start(ip string) *realReplayer {
	f.t.Helper()
	recv, err := Listen(ReceiverConfig{Addr: net.JoinHostPort(ip, "28020")})
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &realReplayer{recv: recv, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		recv.Run(ctx, func(m *Message) { f.handle(ip, m) })
	}()
	f.t.Cleanup(func() { cancel(); <-r.done })
	return r
}

// kill ends a replayer without a word.
func (r *realReplayer) kill() {
	r.recv.sock.conn.Close()
	<-r.done
}

// drain ends a replayer in order and returns how long that took.
func (r *realReplayer) drain() time.Duration {
	start := time.Now()
	r.stop()
	<-r.done
	return time.Since(start)
}

func (f *realFleet) handle(ip string, m *Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got[m.Index]++
	f.counts[ip]++
	if last, any := f.last[m.User]; f.got[m.Index] > 1 || any && last > m.Index || binary.BigEndian.Uint64(m.Body) != m.Index {
		if f.bad++; f.bad < 10 {
			f.t.Errorf("user %d: message %d to %s (%d times) after %d", m.User, m.Index, ip, f.got[m.Index], last)
		}
	}
	f.last[m.User] = m.Index
}

// split returns how many messages each replayer has got since the last call.
func (f *realFleet) split() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	was := f.counts
	f.counts = map[string]int{}
	return was
}

func fleetForReal(t *testing.T) {
	dns := newNameServer(t)
	f := &realFleet{t: t, got: map[uint64]int{}, last: map[uint64]uint64{}, counts: map[string]int{}}
	ips := []string{"127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4", "127.0.1.5"}
	one, two, three := f.start(ips[0]), f.start(ips[1]), f.start(ips[2])
	cfg := SenderConfig{Replayers: []string{"replay.test:28020"}}
	if err := cfg.check(); err != nil {
		t.Fatal(err)
	}
	s := newSender(cfg, nil, newClock())
	s.fleet.looks.every = 100 * time.Millisecond
	s.fleet.resolve(lookUp)
	const rate = 5000
	sent, begun := uint64(0), time.Now()
	send := func(what string, d time.Duration) {
		for start := time.Now(); time.Since(start) < d; {
			for range int(time.Since(begun).Seconds()*rate) - int(sent) {
				body := make([]byte, 300)
				binary.BigEndian.PutUint64(body, sent)
				if err := s.Send(&Message{User: sent % 997, Index: sent, Time: time.Now().UnixNano(), Body: body}); err != nil {
					t.Fatal(err)
				}
				sent++
			}
			s.Flush()
			time.Sleep(2 * time.Millisecond)
		}
		t.Logf("%-25s %v", what, f.split())
	}
	send("no such name", 300*time.Millisecond)
	if st := s.Stats(); st.ReplayersDown != 1 || st.MessagesPending != sent {
		t.Errorf("without an address: %d down, %d of %d pending", st.ReplayersDown, st.MessagesPending, sent)
	}
	dns.set(ips[:3]...)
	send("three", 800*time.Millisecond)
	if st := s.Stats(); st.ReplayersUp != 3 || st.MessagesLost != 0 {
		t.Errorf("%d replayers up, %d messages lost", st.ReplayersUp, st.MessagesLost)
	}
	unconfirmed := s.Stats().MessagesPending
	one.kill()
	send("one killed", time.Second)
	if st := s.Stats(); st.ReplayersUp != 2 {
		t.Errorf("%d replayers up", st.ReplayersUp)
	}
	four := f.start(ips[3])
	dns.set(ips[:4]...)
	send("a fourth has come", time.Second)
	if st := s.Stats(); st.ReplayersUp != 3 {
		t.Errorf("%d replayers up", st.ReplayersUp)
	}
	took := make(chan time.Duration, 1)
	go func() { took <- two.drain() }()
	send("the second is drained", time.Second)
	if d := <-took; d > 500*time.Millisecond {
		t.Errorf("draining took %v", d)
	}
	five := f.start(ips[4])
	dns.set(ips[4])
	send("the name is a fifth's", time.Second)
	if st := s.Stats(); st.ReplayersUp != 1 || st.ReplayersDown != 0 || len(s.fleet.addresses) != 1 {
		t.Errorf("%d replayers up, %d down", st.ReplayersUp, st.ReplayersDown)
	}
	limit, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(limit); err != nil {
		t.Error(err)
	}
	for _, r := range []*realReplayer{three, four, five} {
		r.drain()
	}
	st := s.Stats()
	t.Logf("%d messages; %d lost with the one killed, of which about %d were not confirmed", sent, st.MessagesLost, unconfirmed)
	if missing := int(sent) - len(f.got); st.MessagesSent != sent || st.MessagesPending != 0 || st.MessagesLost > unconfirmed+100 || missing > int(st.MessagesLost) ||
		st.MessagesReceived+st.MessagesLost != sent {
		t.Errorf("%d sent: %d received, %d lost, %d pending, %d missing", sent, st.MessagesReceived, st.MessagesLost, st.MessagesPending, missing)
	}
}
