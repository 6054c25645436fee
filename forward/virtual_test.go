package forward

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A virtualTarget is a server at the other end of pipes, for tests in the
// virtual time of testing/synctest. Requests carry their number in X-N and
// their connection in X-Conn.
type virtualTarget struct {
	mu      sync.Mutex
	refuse  bool
	nowhere bool // the name has no address
	// reply answers the n-th request; it may sleep, and write anything to c. It
	// reports whether the connection lives on.
	reply    func(n int, r *http.Request, c net.Conn) bool
	arrivals []int64 // in ns of virtual time
	numbers  map[string][]int
	open     map[net.Conn]bool
	dialled  []string
	lookups  int
	addrs    []netip.Addr
}

func newVirtualTarget() *virtualTarget {
	return &virtualTarget{
		reply: replyOK, numbers: map[string][]int{}, open: map[net.Conn]bool{},
		addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")},
	}
}

func replyOK(_ int, _ *http.Request, c net.Conn) bool {
	_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	return err == nil
}

func replyNothing(_ int, _ *http.Request, c net.Conn) bool {
	c.Read(make([]byte, 1)) // until the client gives up
	return false
}

func replyAfter(d time.Duration) func(int, *http.Request, net.Conn) bool {
	return func(n int, r *http.Request, c net.Conn) bool {
		time.Sleep(d)
		return replyOK(n, r, c)
	}
}

// set changes how the target behaves from now on.
func (v *virtualTarget) set(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f()
}

func (v *virtualTarget) lookup(ctx context.Context, _, host string) ([]netip.Addr, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lookups++
	if v.nowhere {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return v.addrs, nil
}

func (v *virtualTarget) connect(ctx context.Context, _, addr string) (net.Conn, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dialled = append(v.dialled, addr)
	if v.refuse {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	near, far := net.Pipe()
	v.open[far] = true
	go v.serve(far)
	return near, nil
}

func (v *virtualTarget) serve(c net.Conn) {
	defer func() {
		c.Close()
		v.set(func() { delete(v.open, c) })
	}()
	br := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		at := time.Now().UnixNano()
		io.Copy(io.Discard, r.Body)
		n, _ := strconv.Atoi(r.Header.Get("X-N"))
		v.mu.Lock()
		v.arrivals = append(v.arrivals, at)
		conn := r.Header.Get("X-Conn")
		v.numbers[conn] = append(v.numbers[conn], n)
		reply, count := v.reply, len(v.arrivals)
		v.mu.Unlock()
		if !reply(count, r, c) {
			return
		}
	}
}

// seen is what a virtualTarget has noted so far.
type seen struct {
	arrivals []int64
	numbers  map[string][]int // by connection
	dialled  []string
	lookups  int
	open     int // connections
}

func (v *virtualTarget) seen() seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := seen{slices.Clone(v.arrivals), make(map[string][]int), slices.Clone(v.dialled), v.lookups, len(v.open)}
	for conn, numbers := range v.numbers {
		s.numbers[conn] = slices.Clone(numbers)
	}
	return s
}

func (v *virtualTarget) arrived() int { return len(v.seen().arrivals) }

// A virtualRun is a Forwarder with virtual targets in a bubble of synctest.
type virtualRun struct {
	*Forwarder
	t    *testing.T
	done chan struct{}
}

// runVirtual starts a Forwarder for targets, with limits like "|10" behind
// their names.
func runVirtual(t *testing.T, cfg Config, limits []string, targets ...*virtualTarget) *virtualRun {
	t.Helper()
	for i := range targets {
		spec, err := ParseTarget(fmt.Sprintf("http://target%d%s", i, limits[i]))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Targets = append(cfg.Targets, spec)
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range targets {
		f.targets[i].route.dialer.lookup, f.targets[i].route.dialer.connect = v.lookup, v.connect
	}
	run := &virtualRun{Forwarder: f, t: t, done: make(chan struct{})}
	go func() {
		f.Run(context.Background())
		close(run.done)
	}()
	return run
}

// submit offers request n of connection conn.
func (r *virtualRun) submit(conn uint64, n int, line string) {
	r.Submit(&Request{Conn: conn << 32, Raw: fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: x\r\nX-Conn: %d\r\nX-N: %d\r\n\r\n", line, conn, n)})
}

// finish closes the Forwarder, waits for it, and checks that the accounts balance.
func (r *virtualRun) finish() []TargetStats {
	r.t.Helper()
	r.Close()
	<-r.done
	stats := r.Stats()
	for i := range stats {
		checkBalance(r.t, &stats[i])
		if stats[i].Open() != 0 {
			r.t.Errorf("%s: %d open at the end", stats[i].Target, stats[i].Open())
		}
	}
	return stats
}

// TestOrder sends 50 numbered requests on each of 200 connections.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyAfter(5 * time.Millisecond)
		r := runVirtual(t, Config{}, []string{""}, v)
		start := time.Now()
		for n := range 50 {
			for conn := range uint64(200) {
				r.submit(conn, n, "GET /")
			}
		}
		s := r.finish()[0]
		if s.Answered != 200*50 {
			t.Fatalf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
		for conn, numbers := range v.seen().numbers {
			for i, n := range numbers {
				if i != n {
					t.Fatalf("connection %s: request %d came as number %d", conn, n, i)
				}
			}
		}
		// 10,000 times 5 ms is 50 s one after the other, 0.39 s on 128 connections
		if d := time.Since(start); d > time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

// TestStuckConnection: what hangs holds up its own connection only.
func TestStuckConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = func(n int, r *http.Request, c net.Conn) bool {
			if r.URL.Path == "/hang" {
				return replyNothing(n, r, c)
			}
			return replyOK(n, r, c)
		}
		r := runVirtual(t, Config{AnswerTimeout: 5 * time.Second}, []string{""}, v)
		r.submit(1, 0, "GET /hang")
		for n := range 100 {
			r.submit(1, n, "GET /behind")
			r.submit(2, n, "GET /beside")
		}
		time.Sleep(time.Second)
		if got := len(v.seen().numbers["2"]); got != 100 {
			t.Errorf("%d of 100 came through beside the one that hangs", got)
		}
		if got := len(v.seen().numbers["1"]); got != 1 {
			t.Errorf("%d overtook the one that hangs", got-1)
		}
		s := r.finish()[0]
		if s.Answered != 200 || s.Failed[FailTimeout] != 1 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestMaxWait drops what waited too long for a target that is slow.
func TestMaxWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyAfter(time.Second)
		r := runVirtual(t, Config{Concurrency: 1, MaxWait: 3500 * time.Millisecond}, []string{""}, v)
		for n := range 10 {
			r.submit(uint64(n), n, "GET /")
		}
		time.Sleep(3800 * time.Millisecond)
		if s := r.Stats()[0]; s.Queue != 0 || s.QueueFull != 6 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
		if s := r.finish()[0]; s.Answered != 4 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestConnectionAge: after the age, connections are new ones and go to where
// the name leads then, in turn to all its addresses.
func TestConnectionAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.addrs = []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.2"), netip.MustParseAddr("fd00::3")}
		v.reply = replyAfter(10 * time.Millisecond)
		r := runVirtual(t, Config{ConnectionAge: 10 * time.Second}, []string{""}, v)
		burst := func() {
			for conn := range uint64(6) {
				r.submit(conn, 0, "GET /")
			}
			time.Sleep(2 * time.Second)
		}
		burst()
		burst()
		count := func(addr string) (n int) {
			for _, a := range v.seen().dialled {
				if a == addr {
					n++
				}
			}
			return n
		}
		if len(v.seen().dialled) != 6 || count("10.0.0.1:80") != 2 || count("10.0.0.2:80") != 2 || count("[fd00::3]:80") != 2 {
			t.Errorf("connections to %v, want two to each of three addresses", v.seen().dialled)
		}
		if n := v.seen().lookups; n > 6 {
			t.Errorf("%d look-ups for 6 connections", n)
		}
		before := v.seen().lookups
		v.set(func() { v.addrs = []netip.Addr{netip.MustParseAddr("10.9.9.9")} })
		time.Sleep(10 * time.Second)
		burst()
		if count("10.9.9.9:80") != 6 || v.seen().lookups == before {
			t.Errorf("connections to %v after the name has moved", v.seen().dialled[6:])
		}
		time.Sleep(time.Second)
		if n := v.seen().open; n != 6 {
			t.Errorf("%d connections open, want only the 6 new ones", n)
		}
		r.finish()
	})
}

// TestRenewalMeanwhile: a request that goes out while connections are renewed leaves
// none open behind the end.
func TestRenewalMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{}, []string{""}, v)
		r.submit(1, 0, "GET /")
		time.Sleep(time.Second)
		target := r.targets[0]
		target.mu.Lock()
		for w := range target.crew.workers {
			w.trace.GetConn = func(string) { target.route.renew(target.cfg) } // the worker has taken its pool
		}
		target.mu.Unlock()
		r.submit(1, 1, "GET /")
		time.Sleep(time.Second)
		r.finish()
		synctest.Wait()
		if n := v.seen().open; n != 0 || v.arrived() != 2 {
			t.Errorf("%d connections open behind the end, %d arrived", n, v.arrived())
		}
	})
}

// TestAddressThatFails: a second address is tried at once.
func TestAddressThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.addrs = []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}
		r := runVirtual(t, Config{}, []string{""}, v)
		ok := v.connect
		r.targets[0].route.dialer.connect = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "10.0.0.1:") { // drops all packets
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return ok(ctx, network, addr)
		}
		for n := range 2 {
			r.submit(uint64(n), n, "GET /")
		}
		if s := r.finish()[0]; s.Answered != 2 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}
