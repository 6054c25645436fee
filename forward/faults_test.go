package forward

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
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
						r.submit(uint64(n%200), n/200, "POST /")
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

// TestBadIsNotDown: a target that closes most connections without a response, or
// says what is not HTTP, gets all requests, and no log line says that it failed.
func TestBadIsNotDown(t *testing.T) {
	for _, percent := range []int{70, 90, 100} {
		for _, text := range []string{"", "SSH-2.0-OpenSSH_9.2\r\n\r\n"} {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = func(n int, r *http.Request, c net.Conn) bool {
					if int(uint32(n)*2654435761>>16)%100 < percent {
						io.WriteString(c, text)
						return false
					}
					return replyOK(n, r, c)
				}
				var log bytes.Buffer
				r := runVirtual(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{""}, v)
				for n := range 2000 {
					r.submit(uint64(n), 0, "POST /")
					time.Sleep(time.Millisecond)
				}
				s := r.finish()[0]
				if v.arrived() != 2000 || s.QueueFull != 0 || strings.Contains(log.String(), "target failing") {
					t.Errorf("%d %%: %d arrived; %s; %s", percent, v.arrived(), AppendLine(nil, []TargetStats{s}), log.String())
				}
			})
		}
	}
}

// TestOneTrouble: a target that comes and goes, each second for twenty, is logged
// as one trouble: its beginning and its end, with the counts.
func TestOneTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		var log bytes.Buffer
		r := runVirtual(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{""}, v)
		offer := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				r.submit(uint64(time.Now().UnixNano()), 0, "POST /")
			}
		}
		for range 10 {
			v.set(func() {
				v.refuse = true
				for c := range v.open {
					c.Close()
				}
			})
			offer(time.Second)
			v.set(func() { v.refuse = false })
			offer(time.Second)
		}
		offer(2 * steadyAfter)
		r.finish()
		if got := log.String(); strings.Count(got, "target failing") != 1 || strings.Count(got, "target recovered") != 1 || !strings.Contains(got, " failures=10 ") {
			t.Errorf("%s", got)
		}
	})
}

// flights follows how many requests are in flight, until it is stopped; then it
// returns the most.
func flights(r *virtualRun) (stop func() int) {
	ended, most := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-ended:
				most <- n
				return
			case <-time.After(50 * time.Millisecond):
				n = max(n, r.Stats()[0].InFlight)
			}
		}
	}()
	return func() int {
		close(ended)
		return <-most
	}
}

// TestSlowIsNotHung: a target that takes its time, from the start or from one
// moment on, gets as much at a time as it may have and no more, and does not fail,
// whether it responds to all at once or to one after the other.
func TestSlowIsNotHung(t *testing.T) {
	for _, before := range []time.Duration{0, time.Millisecond} {
		for _, apart := range []time.Duration{0, 20 * time.Millisecond, 100 * time.Millisecond} {
			testSlowIsNotHung(t, before, apart)
		}
	}
}

func testSlowIsNotHung(t *testing.T, before, apart time.Duration) {
	t.Run(fmt.Sprint(before, " then ", apart, " apart"), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			v := newVirtualTarget()
			slowly := func(n int, r *http.Request, c net.Conn) bool {
				return replyAfter(2*time.Second+time.Duration(n*7%16)*apart)(n, r, c)
			}
			v.reply = slowly
			if before > 0 {
				v.reply = replyAfter(before)
			}
			var log bytes.Buffer
			r := runVirtual(t, Config{Concurrency: 16, MaxWait: time.Hour, Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{""}, v)
			if before > 0 {
				for n := range 1000 {
					r.submit(uint64(n), 0, "GET /")
					time.Sleep(time.Millisecond)
				}
				v.set(func() { v.reply = slowly })
			}
			for n := range 400 {
				r.submit(uint64(n), 1, "GET /")
			}
			stop := flights(r)
			time.Sleep(40 * time.Second)
			most := stop()
			s := r.finish()[0]
			if most > 16 || s.FailedTotal() > 0 || log.Len() > 0 {
				t.Errorf("%d in flight; %s; %s", most, AppendLine(nil, []TargetStats{s}), log.String())
			}
		})
	})
}

// TestLongPolls: requests that the target never answers do not hold up the others,
// however many there are; and those that hang are bounded.
func TestLongPolls(t *testing.T) {
	for _, rate := range []int{200, 1000} { // per second, every tenth a long poll
		synctest.Test(t, func(t *testing.T) {
			v := newVirtualTarget()
			v.reply = func(n int, q *http.Request, c net.Conn) bool {
				if q.URL.Path == "/poll" {
					return replyNothing(n, q, c)
				}
				time.Sleep(time.Millisecond)
				return replyOK(n, q, c)
			}
			r := runVirtual(t, Config{}, []string{""}, v)
			stop := flights(r)
			for n := range 20 * rate {
				line := "GET /"
				if n%10 == 5 {
					line = "GET /poll"
				}
				r.submit(uint64(n), 0, line)
				time.Sleep(time.Second / time.Duration(rate))
			}
			most := stop()
			s := r.finish()[0]
			if most > (1+maxHung)*DefaultConcurrency {
				t.Errorf("%d in flight", most)
			}
			if s.Answered != uint64(18*rate) || s.Failed[FailTimeout] != uint64(2*rate) {
				t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
			}
			if p99 := s.Wait.Quantile(.99); p99 > 100*time.Millisecond || s.Wait.Count() != uint64(20*rate) {
				t.Errorf("of %d that waited, 1 %% did for %v", s.Wait.Count(), p99)
			}
		})
	}
}

// TestSilence: when a target says nothing any more, nothing goes out beyond the
// concurrency, until probes do.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		var log bytes.Buffer
		r := runVirtual(t, Config{Concurrency: 8, Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{""}, v)
		r.submit(1000, 0, "GET /")
		time.Sleep(time.Second)
		v.set(func() { v.reply = replyNothing })
		for n := range 500 {
			r.submit(uint64(n), 0, "GET /")
		}
		time.Sleep(maxSilence - 500*time.Millisecond)
		if s := r.Stats()[0]; s.InFlight != 8 || s.Failing {
			t.Errorf("before: %s", AppendLine(nil, []TargetStats{s}))
		}
		time.Sleep(3 * time.Second)
		if s := r.Stats()[0]; !s.Failing || s.InFlight < 12 || s.InFlight > 8+4*3+2 {
			t.Errorf("behind: %s", AppendLine(nil, []TargetStats{s}))
		}
		v.set(func() { v.reply = replyOK })
		time.Sleep(time.Second)
		if s := r.Stats()[0]; s.Failing || s.Answered < 450 {
			t.Errorf("back: %s", AppendLine(nil, []TargetStats{s}))
		}
		r.finish()
		if n := strings.Count(log.String(), "target failing"); n != 1 {
			t.Errorf("%s", log.String())
		}
	})
}

// TestTwice: the target reads a request on a connection that was used before, and
// closes without a response. What changes nothing there is sent again, on another
// connection; anything else never is, whatever it says of itself.
func TestTwice(t *testing.T) {
	for line, safe := range map[string]bool{
		"GET /a": true, "HEAD /a": true, "OPTIONS *": true, "PUT /a": false, "POST /a": false, "DELETE /a": false, "get /a": false, "TRACE /a": false,
	} {
		for _, header := range []string{"", "Idempotency-Key: 1\r\n"} {
			for _, begins := range []string{"", "HTTP/1.1 103 Early\r\n\r\n", "HTTP/1.1 20"} {
				t.Run(line+" "+header+begins, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testTwice(t, line, header, begins, safe) })
				})
			}
		}
	}
}

func testTwice(t *testing.T, line, header, begins string, safe bool) {
	v := newVirtualTarget()
	v.reply = func(n int, r *http.Request, c net.Conn) bool {
		if n == 9 {
			io.WriteString(c, begins)
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
	want, failed := 9, uint64(1)
	if safe && begins == "" {
		want, failed = 10, 0
	}
	if v.arrived() != want || s.FailedTotal() != failed || s.Failed[FailReset] != failed {
		t.Errorf("%d copies; %s", v.arrived()-8, AppendLine(nil, []TargetStats{s}))
	}
}

// TestGivenUpConnection: a connection dies between getting a request and writing it,
// and http.Transport takes another one by itself: the request goes out there, once.
func TestGivenUpConnection(t *testing.T) {
	w := benchWorker(t)
	if _, err := w.prepare([]byte("POST / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	head := string(w.ex.head)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	dead, other := &conn{Conn: near}, &conn{Conn: near}
	w.gotConn(httptrace.GotConnInfo{Conn: dead})
	w.gotConn(httptrace.GotConnInfo{Conn: other, Reused: true})
	if n, err := dead.Write([]byte("x")); n != 0 || err != errGivenUp {
		t.Errorf("the first connection wrote %d bytes, %v", n, err)
	}
	got := make(chan string)
	go func() {
		b := make([]byte, 1000)
		n, _ := far.Read(b)
		got <- string(b[:n])
	}()
	if _, err := other.Write([]byte("x")); err != nil || w.ctx.Err() != nil {
		t.Errorf("%v; %v", err, context.Cause(w.ctx))
	}
	if s := <-got; s != head {
		t.Errorf("%q was written, want %q", s, head)
	}
	w.gotConn(httptrace.GotConnInfo{Conn: dead})
	if context.Cause(w.ctx) != errTwice {
		t.Errorf("a POST that was written may be written again: %v", context.Cause(w.ctx))
	}
}

// TestRepeatsAreBounded: a target that closes on everything gets no request more
// than three times, and with a limit no more in a second than that.
func TestRepeatsAreBounded(t *testing.T) {
	for limit, want := range map[string]int{"": 3 * 40, "|5": 5 * 10} {
		synctest.Test(t, func(t *testing.T) {
			v := newVirtualTarget()
			v.reply = func(int, *http.Request, net.Conn) bool { return false }
			r := runVirtual(t, Config{MaxWait: time.Hour}, []string{limit}, v)
			for n := range 40 {
				r.submit(uint64(n), 0, []string{"GET /", "HEAD /"}[n%2])
			}
			time.Sleep(10*time.Second + 500*time.Millisecond)
			if v.arrived() > want || limit == "" && v.arrived() != want {
				t.Errorf("%s: %d arrived, want %d", limit, v.arrived(), want)
			}
			if s := r.finish()[0]; s.Failed[FailReset] != 40 {
				t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
			}
			if worst := worstWindow(v.seen().arrivals); limit != "" && worst > 5 {
				t.Errorf("%d in one second", worst)
			}
		})
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

// TestShutdown breaks off what hangs and drops what waits: nothing is left open,
// all of it is counted as stopped, and no target is blamed for it.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyNothing
		var log bytes.Buffer
		f, err := New(Config{
			Concurrency: 20, Targets: []TargetSpec{{URL: "http://a"}, {URL: "http://a", Rate: 1}},
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range f.targets {
			target.route.dialer.lookup, target.route.dialer.connect = v.lookup, v.connect
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		for conn := range uint64(25) {
			f.Submit(&Request{Conn: conn, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")})
		}
		time.Sleep(500 * time.Millisecond)
		f.Close()
		f.Close()
		f.Submit(&Request{Conn: 1, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")})
		cancel()
		<-done
		stats := f.Stats()
		for i := range stats {
			s := &stats[i]
			checkBalance(t, s)
			if s.Received != 26 || s.Stopped != 26 || s.Open() != 0 || s.Failing {
				t.Errorf("%s", AppendLine(nil, stats[i:i+1]))
			}
		}
		if log.Len() > 0 {
			t.Errorf("logged:\n%s", log.String())
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
