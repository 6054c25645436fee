package udpwire

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"
)

var full = flag.Bool("full", false, "run the tests on real sockets with full load instead of a short one")

// lonely is a reception with one session, 7, of a listener without a secret.
func lonely(t *testing.T) (*reception, *session) {
	cfg := ReceiverConfig{}
	cfg.check()
	r := newReception(cfg, nil, 1<<20, func([]byte, *source) error { return nil })
	r.now = 1
	r.handle = func(m *Message) { t.Errorf("a message of %d bytes", len(m.Body)) }
	s := &session{id: 7, out: newOutgoing(7, nil, 0)}
	s.inbox.start(r.handle)
	r.sessions.add(s)
	return &r, s
}

// TestForgedTotals: whoever can forge a listener's control datagrams cannot make up more than its session could hold.
func TestForgedTotals(t *testing.T) {
	for name, h := range map[string]heartbeat{
		"messages": {oldest: 1, highest: 1, messages: 1 << 40},
		"bytes":    {oldest: 1, highest: 1, messages: 1, bytes: 1 << 40},
		"many":     {oldest: 1, highest: 1, messages: 1 << 20}, // more than its datagrams can hold
		"highest":  {oldest: 1, highest: 1 << 40},
		"oldest":   {oldest: 1 << 40, highest: 1 << 40},
	} {
		for _, k := range []kind{kindHeartbeat, kindBye} {
			r, _ := lonely(t)
			d := h.append(make([]byte, headerSize))
			header{kind: k, session: 7, number: 1}.put(d)
			r.datagram(d, source{})
			r.tick()
			r.close(2)
			if st := r.past; st.MessagesSent > 1 || st.MessagesLost > 1 || st.BytesSent > maxDatagram || st.BytesLost > maxDatagram ||
				st.DatagramsLost > 1 || st.Rejected[rejectMalformed] != 1 {
				t.Errorf("%s in kind %d: %+v", name, k, st)
			}
		}
	}
}

// TestForgedData: the number and the id of a datagram that anybody may have sent do not make up losses either: what a
// session cannot have sent is malformed.
func TestForgedData(t *testing.T) {
	message := func(number, id uint64) []byte {
		d := make([]byte, dataOffset)
		header{kind: kindData, session: 7, number: number}.put(d)
		putBase(d, id)
		return appendHead(d, &Message{}, 0)
	}
	for name, d := range map[string][]byte{
		"number":       message(1<<60, 1<<20),
		"id":           message(2, 1<<60),
		"both":         message(1<<60, 1<<60),
		"last number":  message(maxNumber-1, 1<<61),
		"last id":      message(2, maxNumber),
		"endless id":   message(2, 1<<64-1),
		"no id":        message(1<<60, 0),
		"same message": message(1<<60, 1),
	} {
		r, s := lonely(t)
		r.handle = func(*Message) {}
		s.inbox.order.handle = r.handle
		for _, d := range [][]byte{message(1, 1), d} {
			r.datagram(d, source{})
		}
		r.tick()
		r.close(2)
		if st := r.past; st.MessagesSent > 2 || st.MessagesSent != st.MessagesReceived+st.MessagesLost || st.DatagramsLost > 0 ||
			st.DatagramsReceived+st.Rejected[rejectMalformed] != 2 {
			t.Errorf("%s: %+v", name, st)
		}
	}
	gone := (&gone{numbers: []span{{1, 1 << 61}}}).append(make([]byte, headerSize))
	header{kind: kindGone, session: 7, number: 1}.put(gone)
	r, _ := lonely(t)
	r.datagram(gone, source{})
	r.close(2)
	if st := r.past; st.DatagramsLost > 0 {
		t.Errorf("given up before it was sent: %+v", st)
	}
}

// TestForgedReport: whoever can forge a replayer's answers cannot confirm or lose more than was sent.
func TestForgedReport(t *testing.T) {
	for name, r := range map[string]report{
		"messages":      {next: 1, messages: 1 << 40},
		"bytes":         {next: 1, bytes: 1 << 40},
		"lost messages": {next: 1, messages: 1, lostMessages: 1<<64 - 1},
		"lost bytes":    {next: 1, bytes: 1, lostBytes: 1<<64 - 1},
		"next":          {next: 1 << 40, highest: 1 << 40},
	} {
		n := newNetwork(t, 1, "")
		n.load(100)
		n.run(n.now + 50*ms)
		before := n.peer.out.reported.messages
		d := r.append(make([]byte, headerSize))
		header{kind: kindReport, session: n.peer.out.channel.session, number: 1 << 30}.put(d)
		n.peer.datagram(n.now, d)
		if n.peer.accounts.rejects[rejectMalformed] != 1 || n.peer.out.reported.messages != before {
			t.Errorf("%s: believed: %+v", name, n.peer.out.reported)
		}
		n.finish(1000 * ms)
		if n.peer.accounts.received.messages != 100 || n.peer.accounts.lost.messages != 0 {
			t.Errorf("%s: %+v", name, n.peer.accounts)
		}
	}
}

// TestMalformedCountsOnce: a datagram whose frames make no sense is rejected, and not received as well.
func TestMalformedCountsOnce(t *testing.T) {
	r, _ := lonely(t)
	d := make([]byte, dataOffset, 64)
	header{kind: kindData, session: 7, number: 1}.put(d)
	putBase(d, 1)
	r.datagram(append(d, 1, 9, 9), source{})
	r.close(2)
	if st := r.past; st.DatagramsReceived != 0 || st.DatagramBytesReceived != 0 || st.Rejected[rejectMalformed] != 1 {
		t.Errorf("%+v", st)
	}
}

// A relay stands between a listener and a replayer and keeps what the listener sent.
type relay struct {
	in, out *net.UDPConn

	mu       sync.Mutex
	recorded [][]byte
	passed   int // datagrams handed to the replayer
	listener *net.UDPAddr
}

// newRelay ends with the test.
func newRelay(t *testing.T, to net.Addr) *relay {
	in, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := net.DialUDP("udp4", nil, to.(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{in: in, out: out}
	var both sync.WaitGroup
	both.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, from, err := in.ReadFromUDP(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			r.listener = from
			if len(r.recorded) < 5000 {
				r.recorded = append(r.recorded, append([]byte(nil), b[:n]...))
			}
			if _, err := out.Write(b[:n]); err == nil {
				r.passed++
			}
			r.mu.Unlock()
		}
	})
	both.Go(func() {
		b := make([]byte, 1<<16)
		for {
			n, err := out.Read(b)
			if err != nil {
				return
			}
			r.mu.Lock()
			to := r.listener
			r.mu.Unlock()
			in.WriteToUDP(b[:n], to)
		}
	})
	t.Cleanup(func() { in.Close(); out.Close(); both.Wait() })
	return r
}

// TestStranger: random datagrams, recorded ones, and recorded ones with a byte changed come as fast as they can be
// sent. None gets through, none is kept, each is counted by reason, and the genuine traffic goes on. Ten seconds of it:
// go test -run Stranger -v ./udpwire -args -full.
func TestStranger(t *testing.T) {
	const rate, size = 2000, 1000
	length := 2 * time.Second
	if *full {
		length = 10 * time.Second
	}
	recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", Secret: []byte("the true secret")})
	if err != nil {
		t.Fatal(err)
	}
	count := int(length.Seconds()) * rate
	seen, strange := make([]int, count), 0
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- recv.Run(ctx, func(m *Message) {
			if m.Index >= uint64(count) || len(m.Body) != size || sha256.Sum256(m.Body[32:]) != [32]byte(m.Body) {
				strange++
				return
			}
			seen[m.Index]++
		})
	}()
	path := newRelay(t, recv.Addr())
	send, err := Dial(SenderConfig{Replayers: []string{path.in.LocalAddr().String()}, Secret: []byte("the true secret"), MTU: 1500})
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, size)
	message := func(i int) {
		binary.BigEndian.PutUint64(body[32:], uint64(i))
		sum := sha256.Sum256(body[32:])
		copy(body, sum[:])
		if err := send.Send(&Message{User: uint64(i % 50), Index: uint64(i), Time: int64(i + 1), Body: body}); err != nil {
			t.Error(err)
		}
		send.Flush()
	}
	first := count / 4
	for i := range first { // what the stranger will have recorded
		message(i)
		time.Sleep(length / time.Duration(count) / 4)
	}

	path.mu.Lock()
	recorded := path.recorded
	path.mu.Unlock()
	before := heapInUse()
	flood := make(chan int)
	end := time.Now().Add(length)
	go func() { flood <- harass(t, recv.Addr(), recorded, end) }()
	for i := first; i < count; i++ {
		message(i)
		time.Sleep(time.Until(end) / time.Duration(count-i))
	}
	sent := <-flood
	limit, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	if err := send.Close(limit); err != nil {
		t.Error(err)
	}
	grown := heapInUse() - before
	sessions := recv.Stats().Sessions
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	st := recv.Stats()
	t.Logf("%d hostile datagrams in %v; heap %+d bytes; %+v", sent, length, grown, st)
	for i, n := range seen {
		if n != 1 {
			t.Errorf("message %d came %d times", i, n)
		}
	}
	if strange > 0 || st.MessagesReceived != uint64(count) || st.MessagesLost != 0 {
		t.Errorf("%d strange messages, %d received, %d lost, %d sent", strange, st.MessagesReceived, st.MessagesLost, count)
	}
	path.mu.Lock()
	came := uint64(sent + path.passed)
	path.mu.Unlock()
	counted := st.DatagramsReceived + st.DatagramsDuplicate + st.SocketDropped
	for _, n := range st.Rejected {
		counted += n
	}
	if counted > came || counted < came-came/100 { // what the kernel drops before the socket is in no account
		t.Errorf("%d datagrams came, %d are in the accounts", came, counted)
	}
	if grown > 8<<20 {
		t.Errorf("%d bytes of memory more than before", grown)
	}
	if sessions > 1 {
		t.Errorf("%d sessions of one listener", sessions)
	}
	for _, why := range []reason{rejectMagic, rejectAuth, rejectReplayed} {
		if st.Rejected[why] == 0 {
			t.Errorf("none rejected as %s", why)
		}
	}
}

func heapInUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// harass sends until end and returns how many.
func harass(t *testing.T, to net.Addr, recorded [][]byte, end time.Time) (sent int) {
	conn, err := net.Dial("udp4", to.String())
	if err != nil {
		t.Error(err)
		return 0
	}
	defer conn.Close()
	random := rand.New(rand.NewPCG(1, 2))
	junk := make([]byte, 1400)
	for ; sent%64 != 0 || time.Now().Before(end); sent++ {
		d := recorded[random.IntN(len(recorded))]
		switch sent % 4 {
		case 0:
			for i := range 4 {
				binary.BigEndian.PutUint64(junk[i*8:], random.Uint64())
			}
			d = junk[:random.IntN(len(junk))]
		case 1, 2:
			d = append(junk[:0], d...)
			d[random.IntN(len(d))] ^= 1 << random.IntN(8)
		}
		if _, err := conn.Write(d); err != nil {
			t.Error(err)
			break
		}
	}
	return sent
}
