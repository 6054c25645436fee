package udpwire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// namespaces are two network namespaces joined by a cable: the listener in one, the replayer in the other.
type namespaces struct {
	t     *testing.T
	names [2]string
}

const replayerIP = "10.77.31.2"

var namespaceCount atomic.Int32

func newNamespaces(t *testing.T) *namespaces {
	if os.Geteuid() != 0 {
		t.Skip("needs root: makes network namespaces")
	}
	id := fmt.Sprintf("gorwire%d-%d", os.Getpid(), namespaceCount.Add(1))
	n := &namespaces{t: t, names: [2]string{id + "a", id + "b"}}
	t.Cleanup(func() {
		for _, name := range n.names {
			exec.Command("ip", "netns", "del", name).Run()
		}
	})
	for _, name := range n.names {
		n.run("ip", "netns", "add", name)
		n.run("ip", "-n", name, "link", "set", "lo", "up")
	}
	n.run("ip", "-n", n.names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", n.names[1])
	for i, name := range n.names {
		n.run("ip", "-n", name, "addr", "add", fmt.Sprintf("10.77.31.%d/24", i+1), "dev", "cable")
		n.run("ip", "-n", name, "link", "set", "cable", "up")
	}
	return n
}

func (n *namespaces) run(args ...string) {
	n.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		n.t.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// rule makes both sides drop what comes in and matches; an empty rule lets all pass again.
func (n *namespaces) rule(match string) {
	for _, name := range n.names {
		n.run("ip", "netns", "exec", name, "nft", "flush ruleset")
		if match != "" {
			n.run("ip", "netns", "exec", name, "nft", "table inet gor { chain in { type filter hook input priority 0; "+match+" drop; }; }")
		}
	}
}

// segmented makes the cable carry each datagram by itself, as a network does: else a rule drops dozens at a time.
func (n *namespaces) segmented() {
	for _, name := range n.names {
		n.run("ip", "netns", "exec", name, "ethtool", "-K", "cable", "tx-udp-segmentation", "off")
	}
}

// in runs f in a namespace: sockets opened there stay there.
func (n *namespaces) in(i int, f func()) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		ns, err := os.Open("/run/netns/" + n.names[i])
		if err == nil {
			defer ns.Close()
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		n.t.Fatal(err)
	}
}

// A ledger knows which messages arrived.
type ledger struct {
	seen   []atomic.Uint32
	bad    atomic.Uint64
	order  atomic.Uint64
	last   map[uint64]uint64
	delays []int64
}

func newLedger(n int) *ledger {
	return &ledger{seen: make([]atomic.Uint32, n), last: map[uint64]uint64{}}
}

// handle belongs to the receiver's goroutine.
func (l *ledger) handle(m *Message) {
	l.delays = append(l.delays, time.Now().UnixNano()-m.Time)
	if m.Index >= uint64(len(l.seen)) || len(m.Body) < 40 || binary.BigEndian.Uint64(m.Body) != m.Index ||
		sha256.Sum256(m.Body[40:]) != [32]byte(m.Body[8:]) {
		l.bad.Add(1)
		return
	}
	l.seen[m.Index].Add(1)
	if last, ok := l.last[m.User]; ok && last >= m.Index {
		l.order.Add(1)
	}
	l.last[m.User] = m.Index
}

// fill makes body a message that handle can check.
func fill(body []byte, index uint64, rng *rand.Rand) {
	for i := 40; i < len(body); i += 512 {
		body[i] = byte(rng.Uint32())
	}
	binary.BigEndian.PutUint64(body, index)
	sum := sha256.Sum256(body[40:])
	copy(body[8:], sum[:])
}

func (l *ledger) check(t *testing.T) (missing int) {
	t.Helper()
	for i := range l.seen {
		switch n := l.seen[i].Load(); {
		case n == 0:
			missing++
		case n > 1:
			t.Errorf("message %d came %d times", i, n)
		}
	}
	if l.bad.Load() > 0 {
		t.Errorf("%d messages were not what was sent", l.bad.Load())
	}
	if l.order.Load() > 0 {
		t.Errorf("%d messages out of order for their users", l.order.Load())
	}
	return missing
}

// percentile of the delays, in ms.
func (l *ledger) percentile(p float64) float64 {
	d := slices.Clone(l.delays)
	slices.Sort(d)
	if len(d) == 0 {
		return 0
	}
	return float64(d[int(float64(len(d)-1)*p)]) / 1e6
}

// paced sends n messages of a size at a rate.
func paced(t *testing.T, s *Sender, first, n, size int, rate float64) {
	rng := rand.New(rand.NewPCG(1, uint64(first)))
	body := make([]byte, size)
	start := time.Now()
	for i := range n {
		due := start.Add(time.Duration(float64(i) / rate * 1e9))
		if wait := time.Until(due); wait > 0 {
			s.Flush()
			time.Sleep(wait)
		}
		fill(body, uint64(first+i), rng)
		m := Message{User: uint64(i % 64), Index: uint64(first + i), Time: time.Now().UnixNano(), Body: body}
		if err := s.Send(&m); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush()
}

// TestLossyPath: whatever the kernel drops at random in both directions, every message arrives once, whole and in order
// within its connection, and both sides' accounts say so. The full load, whose delays stand in the documentation of
// forward/demo/live, takes a minute: go test -run LossyPath -v ./udpwire -args -full.
func TestLossyPath(t *testing.T) {
	n := newNamespaces(t)
	n.segmented()
	small, large := 6000, 150
	if *full {
		small, large = 20000, 2000
	}
	for _, loss := range []int{0, 1, 5, 20} {
		for _, secret := range []string{"", "secret"} {
			if !*full && (loss < 5 && secret == "" || loss == 0) {
				continue
			}
			t.Run(fmt.Sprintf("%d%%/sealed=%t", loss, secret != ""), func(t *testing.T) {
				n.rule(fmt.Sprintf("udp dport 1-65535 numgen random mod 100 < %d", loss))
				for _, load := range []struct {
					count, size int
					rate        float64
				}{{small, 1024, 20000}, {large, 65536, 400}} {
					w := newWire(t, n, secret, load.count)
					paced(t, w.send, 0, load.count, load.size, load.rate)
					t.Logf("%d messages of %d bytes at %.0f per second", load.count, load.size, load.rate)
					w.finish(t)
				}
			})
		}
	}
}

// TestCutPath: for three seconds nothing passes. The listener keeps what it cannot send, and sends it afterwards.
func TestCutPath(t *testing.T) {
	n := newNamespaces(t)
	const count, size, rate = 8000, 1024, 2000
	w := newWire(t, n, "secret", count)
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for w.send.Stats().MessagesSent < count/8 {
			time.Sleep(time.Millisecond)
		}
		n.rule("udp dport 1-65535")
		time.Sleep(3 * time.Second)
		n.rule("")
	}()
	paced(t, w.send, 0, count, size, rate)
	<-cut
	w.finish(t)
	if worst := w.ledger.percentile(1); worst < 1000 {
		t.Errorf("no message was late: the worst took %.1f ms", worst)
	}
}

// A wire joins a listener in the first namespace to a replayer in the second.
type wire struct {
	recv   *Receiver
	send   *Sender
	ledger *ledger
	stop   func()
}

// newWire waits until they know each other. count messages will be sent.
func newWire(t *testing.T, n *namespaces, secret string, count int) *wire {
	t.Helper()
	w := &wire{ledger: newLedger(count)}
	var err error
	n.in(1, func() { w.recv, err = Listen(ReceiverConfig{Addr: "0.0.0.0:28020", Secret: []byte(secret)}) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.recv.Run(ctx, w.ledger.handle) }()
	w.stop = func() { cancel(); <-done }
	n.in(0, func() {
		w.send, err = Dial(SenderConfig{Replayers: []string{replayerIP + ":28020"}, Secret: []byte(secret), Wait: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); w.send.Stats().ReplayersUp == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	return w
}

// finish closes both ends: every message has arrived once, and both sides' accounts agree.
func (w *wire) finish(t *testing.T) {
	t.Helper()
	count := len(w.ledger.seen)
	limit, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := w.send.Close(limit); err != nil {
		t.Error(err)
	}
	rs, ss := w.recv.Stats(), w.send.Stats()
	w.stop()
	if missing := w.ledger.check(t); missing > 0 {
		t.Errorf("%d of %d messages missing", missing, count)
	}
	if ss.MessagesSent != uint64(count) || ss.MessagesReceived+ss.MessagesLost != ss.MessagesSent ||
		rs.MessagesReceived+rs.MessagesLost != rs.MessagesSent || rs.MessagesSent != ss.MessagesSent ||
		rs.MessagesLost != ss.MessagesLost || rs.BytesReceived != ss.BytesReceived {
		t.Errorf("accounts: listener %+v\nreplayer %+v", ss, rs)
	}
	l := w.ledger
	t.Logf("delay p50 %.2f p99 %.2f max %.2f ms; %d datagrams, %d resent, %d duplicate, %d overruns",
		l.percentile(0.5), l.percentile(0.99), l.percentile(1), ss.DatagramsSent, ss.DatagramsRecovered, rs.DatagramsDuplicate, rs.SocketDropped)
}
