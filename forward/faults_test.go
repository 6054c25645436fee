package forward

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestFaults runs a target that fails beside one that does not, for ten
// seconds in the middle of twenty: the other gets all it would get anyway, at
// the same speed; the failing one is back within two seconds.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind Failure // of most failures; failures: none expected
		bad  func(v *virtualTarget)
	}{
		{"hanging", FailTimeout, func(v *virtualTarget) { v.reply = replyNothing }},
		{"closing at random", FailReset, func(v *virtualTarget) {
			v.reply = func(n int, r *http.Request, c net.Conn) bool {
				return uint32(n)*2654435761>>16&1 == 0 && replyOK(n, r, c)
			}
		}},
		{"answering 500", failures, func(v *virtualTarget) {
			v.reply = func(_ int, _ *http.Request, c net.Conn) bool {
				_, err := io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
				return err == nil
			}
		}},
		{"refusing", FailRefused, func(v *virtualTarget) {
			v.refuse = true
			for c := range v.open {
				c.Close()
			}
		}},
		{"resolving to nothing", FailDNS, func(v *virtualTarget) {
			v.nowhere = true
			v.refuse = true // once more than the first time
			for c := range v.open {
				c.Close()
			}
		}},
		{"one byte per second", FailTimeout, func(v *virtualTarget) {
			v.reply = func(_ int, _ *http.Request, c net.Conn) bool {
				for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n01234567890123456789") {
					if _, err := c.Write([]byte{b}); err != nil {
						return false
					}
					time.Sleep(time.Second)
				}
				return true
			}
		}},
		{"not HTTP", FailProtocol, func(v *virtualTarget) {
			v.reply = func(_ int, _ *http.Request, c net.Conn) bool {
				io.WriteString(c, "SSH-2.0-OpenSSH_9.2\r\n\r\n")
				return false
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				good, bad := newVirtualTarget(), newVirtualTarget()
				good.reply = replyAfter(2 * time.Millisecond)
				r := runVirtual(t, Config{Buffer: 1000, MaxWait: 3 * time.Second, AnswerTimeout: 4 * time.Second, Timeout: 5 * time.Second}, []string{"", ""}, good, bad)
				n := 0
				offer := func(d time.Duration) {
					for end := time.Now().Add(d); time.Now().Before(end); n++ {
						r.submit(uint64(n%200), n/200, "GET /")
						time.Sleep(4 * time.Millisecond)
					}
				}
				offer(5 * time.Second)
				bad.set(func() { tt.bad(bad) })
				offer(10 * time.Second)
				if s := r.Stats()[1]; s.Queue > 1000 || s.InFlight > 2*DefaultConcurrency {
					t.Errorf("%d wait, %d in flight", s.Queue, s.InFlight)
				}
				bad.set(func() { bad.refuse, bad.nowhere, bad.reply = false, false, replyOK })
				offer(2 * time.Second)
				before := r.Stats()[1]
				offer(3 * time.Second)
				after := Interval(r.Stats(), []TargetStats{{}, before})[1]
				if after.Status[200] < 700 || after.Failing {
					t.Errorf("two seconds after it is back: %s", AppendLine(nil, []TargetStats{after}))
				}
				stats := r.finish()
				if g := &stats[0]; g.Answered != uint64(n) || g.Latency.Quantile(.99) > 3*time.Millisecond {
					t.Errorf("the other target: %s", AppendLine(nil, stats[:1]))
				}
				if b := &stats[1]; tt.kind < failures && b.Failed[tt.kind] < b.FailedTotal()*9/10 || tt.kind < failures && b.FailedTotal() == 0 {
					t.Errorf("the failing target: %s", AppendLine(nil, stats[1:]))
				}
				for conn, numbers := range bad.seen().numbers {
					for i := 1; i < len(numbers); i++ {
						if numbers[i] <= numbers[i-1] {
							t.Fatalf("connection %s: %d came after %d", conn, numbers[i], numbers[i-1])
						}
					}
				}
			})
		})
	}
}

// TestNeverTwice: the target reads a request on a connection that was used
// before, and closes without an answer; net/http would send some again.
func TestNeverTwice(t *testing.T) {
	for _, line := range []string{"GET /a", "HEAD /a", "OPTIONS *", "PUT /a", "POST /a", "DELETE /a"} {
		for _, header := range []string{"", "Idempotency-Key: 1\r\n"} {
			t.Run(line+" "+header, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVirtualTarget()
					v.reply = func(n int, r *http.Request, c net.Conn) bool {
						if n == 9 {
							return false
						}
						if r.Method == "HEAD" {
							io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
							return true
						}
						time.Sleep(time.Millisecond)
						return replyOK(n, r, c)
					}
					r := runVirtual(t, Config{}, []string{""}, v)
					for conn := range uint64(8) {
						r.submit(conn, 0, "GET /") // connections to try again on
					}
					time.Sleep(time.Second)
					r.Submit(&Request{Conn: 1, Raw: []byte(line + " HTTP/1.1\r\nHost: x\r\n" + header + "\r\n")})
					s := r.finish()[0]
					if v.arrived() != 9 || s.Failed[FailReset] != 1 {
						t.Errorf("%d copies; %s", v.arrived()-8, AppendLine(nil, []TargetStats{s}))
					}
				})
			})
		}
	}
}

// TestStaleConnection: the target has closed all connections while they were
// idle; nothing of the next request has gone out, so it may go out again.
func TestStaleConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{}, []string{""}, v)
		for n := range 500 {
			r.submit(1, n, "GET /")
			time.Sleep(time.Millisecond)
			v.set(func() {
				for c := range v.open {
					c.Close()
				}
			})
		}
		if s := r.finish()[0]; s.Answered != 500 || v.arrived() != 500 {
			t.Errorf("%d arrived; %s", v.arrived(), AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestAnswers holds what is done with odd answers.
func TestAnswers(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	for _, tt := range []struct {
		name, answer string
		status       int
		kind         Failure
		conns        int // for two requests
	}{
		{"kept", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, 0, 1},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, 0, 1},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", 204, 0, 1},
		{"longer than is read", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + long, 200, 0, 2},
		{"redirect", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, 0, 1},
		{"103 before", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, 0, 1},
		{"101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nand so on", 101, 0, 2},
		{"gzip", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nnot", 200, 0, 1},
		{"unknown status", "HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n", 799, 0, 1},
		{"closed inside the head", "HTTP/1.1 200 OK\r\nContent-Len", 0, FailReset, 2},
		{"closed inside the body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", 0, FailReset, 2},
		{"nonsense", "hello\r\n\r\n", 0, FailProtocol, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = func(_ int, _ *http.Request, c net.Conn) bool {
					_, err := io.WriteString(c, tt.answer)
					return err == nil && !strings.HasPrefix(tt.name, "closed") && tt.name != "nonsense"
				}
				r := runVirtual(t, Config{DrainBytes: 50_000}, []string{""}, v)
				r.submit(1, 0, "GET /")
				time.Sleep(time.Second)
				r.submit(1, 1, "GET /")
				s := r.finish()[0]
				if tt.status != 0 && s.Status[tt.status] != 2 || tt.status == 0 && s.Failed[tt.kind] != 2 {
					t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
				}
				if len(v.seen().dialled) != tt.conns {
					t.Errorf("%d connections for two requests, want %d", len(v.seen().dialled), tt.conns)
				}
			})
		})
	}
}

// TestEarlyAnswer: the target answers 413 before it has read the body, and
// closes; the answer counts, not the failure to write.
func TestEarlyAnswer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 512))
			io.WriteString(c, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
			c.Close()
		}
	}()
	for range 5 {
		s := forwardOne(t, Config{}, l.Addr().String(),
			"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n"+strings.Repeat("x", 4_000_000))
		if s.Status[413]+s.Failed[FailReset] != 1 {
			t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
		}
	}
}

// TestShutdown breaks off what hangs and drops what waits: nothing is left open.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyNothing
		f, err := New(Config{Concurrency: 2, Targets: []TargetSpec{{URL: "http://a"}, {URL: "http://a", Rate: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range f.targets {
			target.route.dialer.lookup, target.route.dialer.connect = v.lookup, v.connect
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		for conn := range uint64(10) {
			f.Submit(&Request{Conn: conn, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")})
		}
		time.Sleep(500 * time.Millisecond)
		f.Close()
		f.Close()
		f.Submit(&Request{Conn: 1, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")})
		cancel()
		<-done
		stats := f.Stats()
		for i, want := range []struct{ failed, full, limited uint64 }{{2, 9, 0}, {1, 1, 9}} {
			s := &stats[i]
			checkBalance(t, s)
			if s.FailedTotal() != want.failed || s.QueueFull != want.full || s.Limited != want.limited || s.Open() != 0 {
				t.Errorf("%s", AppendLine(nil, stats[i:i+1]))
			}
		}
		if stats[0].Target == stats[1].Target {
			t.Errorf("two targets are both %q", stats[0].Target)
		}
	})
}

// TestIdleWorkerKeepsNothing: once a request has its fate the worker that sent it,
// which may be idle from then on, refers to no byte of it.
func TestIdleWorkerKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		f, err := New(Config{Concurrency: 1, Targets: []TargetSpec{{URL: "http://a"}}})
		if err != nil {
			t.Fatal(err)
		}
		f.targets[0].route.dialer.lookup, f.targets[0].route.dialer.connect = v.lookup, v.connect
		done := make(chan struct{})
		go func() { f.Run(t.Context()); close(done) }()
		body := strings.Repeat("x", 2*maxCopiedBody)
		f.Submit(&Request{Conn: 1, Raw: fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body)})
		time.Sleep(time.Second)
		synctest.Wait()
		if s := f.Stats()[0]; s.Open() != 0 || s.FailedTotal() != 0 {
			t.Errorf("%+v", s)
		}
		for w := range f.targets[0].crew.workers {
			if w.req.target != nil || w.req.body != nil || w.ex.body != nil || w.req.fields[:1][0].Line != nil {
				t.Errorf("%d bytes are kept", len(w.req.body))
			}
		}
		f.Close()
		<-done
	})
}

// TestPanic: a request on which the program itself fails has a fate, and leaves
// a worker that goes on.
func TestPanic(t *testing.T) {
	w := benchWorker(t)
	w.t.route.shape.rewrite = &Rewrite{paths: []pathRule{{}}} // without a regular expression
	if res := w.send(typical); res.unsupported != errPanic || res.begun || res.err != nil {
		t.Errorf("%+v", res)
	}
	if !w.ex.free() || w.ctx.Err() != nil {
		t.Errorf("exchange free %v, context %v", w.ex.free(), w.ctx.Err())
	}
	w.t.route.shape.rewrite = nil
	if res := w.send(typical); res.unsupported != nil || res.kind != FailRefused {
		t.Errorf("the request behind it: %+v", res) // nobody listens at the target
	}
}
