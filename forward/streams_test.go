package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// runStreams is runVirtual for an HTTP/2 target, which newFrameServer made outside of
// the bubble.
func runStreams(t *testing.T, cfg Config, s *frameServer) *virtualRun {
	t.Helper()
	cfg.Targets = []TargetSpec{{URL: "https://target", HTTP2: true}}
	cfg.TLS.Insecure = true
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.targets[0].route.dialer.lookup, f.targets[0].route.dialer.connect = s.lookup, s.connect
	run := &virtualRun{Forwarder: f, t: t, done: make(chan struct{})}
	go func() {
		f.Run(context.Background())
		close(run.done)
	}()
	return run
}

// look is a frameServer's counters.
func (s *frameServer) look() (answered, refused, conns, open int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answered, s.refused, s.conns, s.open
}

// TestHTTP2Allowance: a target takes 20 requests on a connection, and from some time on
// loses the last answer and its GOAWAY, as nginx may when it is reloaded just then. By
// then it is known how many it takes, and no connection gets the last one.
func TestHTTP2Allowance(t *testing.T) {
	srv := newFrameServer(t, 20, true)
	srv.asLast = true
	synctest.Test(t, func(t *testing.T) {
		srv.took = time.Millisecond
		r := runStreams(t, Config{Concurrency: 8}, srv)
		const before, after = 200, 2000
		for i := range before {
			r.submit(uint64(i%50), i, "POST /")
		}
		time.Sleep(time.Second)
		srv.mu.Lock()
		srv.ruin = true
		known := srv.conns
		srv.mu.Unlock()
		for i := range after {
			r.submit(uint64(i%50), i, "POST /")
		}
		s := r.finish()[0]
		synctest.Wait()
		answered, _, conns, open := srv.look()
		if s.Answered != before+after || answered != before+after {
			t.Errorf("%s; %d taken", AppendLine(nil, []TargetStats{s}), answered)
		}
		if most := known + after/19 + 10; conns > most || open != 0 {
			t.Errorf("%d connections, not %d, and %d open", conns, most, open)
		}
	})
}

// TestHTTP2RefusedOften: what a target refuses is sent again at once, and soon after
// that, not after seconds; until its time is up.
func TestHTTP2RefusedOften(t *testing.T) {
	for _, tt := range []struct {
		refuse int
		took   time.Duration
		failed bool
	}{
		{1, 0, false},
		{3, 0, false},
		{6, 7 * time.Millisecond, false},
		{1 << 30, 2 * time.Second, true},
	} {
		srv := newFrameServer(t, 1000, true)
		synctest.Test(t, func(t *testing.T) {
			srv.refuse = tt.refuse
			start := time.Now()
			r := runStreams(t, Config{Timeout: 2 * time.Second}, srv)
			r.submit(1, 1, "POST /")
			s := r.finish()[0]
			answered, refused, conns, _ := srv.look()
			if took := time.Since(start); took != tt.took || tt.failed != (s.Failed[FailTimeout] == 1) || tt.failed != (answered == 0) || conns != 1 {
				t.Errorf("%d refusals: %s after %v, %d answered on %d connections", tt.refuse, AppendLine(nil, []TargetStats{s}), took, answered, conns)
			}
			if refused > 50 {
				t.Errorf("tried %d times", refused)
			}
		})
	}
}

// TestHTTP2Cut: a target says that it has taken a request and ends the connection
// without an answer. Nobody knows what became of it: only a safe one is sent again.
func TestHTTP2Cut(t *testing.T) {
	for method, sent := range map[string]int{"GET": 2, "POST": 1} {
		srv := newFrameServer(t, 1000, true)
		synctest.Test(t, func(t *testing.T) {
			srv.cut = true
			r := runStreams(t, Config{}, srv)
			r.submit(1, 1, method+" /")
			s := r.finish()[0]
			if answered, _, _, _ := srv.look(); answered != sent || s.Failed[FailReset] != uint64(2-sent) || s.Answered != uint64(sent-1) {
				t.Errorf("%s came %d times: %s", method, answered, AppendLine(nil, []TargetStats{s}))
			}
		})
	}
}

// TestHTTP2CutSaid: however http.Transport says that a target has announced the end of a
// connection and then ended it, the connection has failed, not the protocol.
func TestHTTP2CutSaid(t *testing.T) {
	w := benchWorker(t)
	err := errors.New(`http2: server sent GOAWAY and closed the connection; LastStreamID=39, ErrCode=NO_ERROR, debug=""`)
	if kind := w.classify(err); kind != FailReset || unprocessed(err) {
		t.Errorf("%v, not processed: %v", kind, unprocessed(err))
	}
}

// TestHTTP2Renewed: connections end when what is in flight on them has ended, and what
// comes later uses new ones.
func TestHTTP2Renewed(t *testing.T) {
	srv := newFrameServer(t, 1000, true)
	synctest.Test(t, func(t *testing.T) {
		srv.took = 100 * time.Millisecond
		r := runStreams(t, Config{}, srv)
		route := &r.targets[0].route
		check := func(when string, answered, conns, open int) {
			t.Helper()
			synctest.Wait()
			if a, _, c, o := srv.look(); a != answered || c != conns || o != open {
				t.Errorf("%s: %d answered on %d connections, %d open", when, a, c, o)
			}
		}
		r.submit(1, 1, "POST /")
		time.Sleep(50 * time.Millisecond)
		route.renew(&r.cfg)
		check("renewed while one is in flight", 1, 1, 1)
		r.submit(2, 1, "POST /")
		time.Sleep(70 * time.Millisecond)
		check("the first is answered", 2, 2, 1)
		time.Sleep(100 * time.Millisecond)
		check("the second, too", 2, 2, 1)
		route.renew(&r.cfg)
		check("renewed while nothing is in flight", 2, 2, 0)
		if s := r.finish()[0]; s.Answered != 2 {
			t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestHTTP2OneOpens: many requests wait for one connection. If it cannot be opened none
// is sent, and nobody tries for each of them.
func TestHTTP2OneOpens(t *testing.T) {
	srv := newFrameServer(t, 1000, true)
	for _, refuse := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := runStreams(t, Config{}, srv)
			opened := 0
			var mu sync.Mutex
			r.targets[0].route.dialer.connect = func(ctx context.Context, network, addr string) (net.Conn, error) {
				mu.Lock()
				opened++
				mu.Unlock()
				time.Sleep(10 * time.Millisecond)
				if refuse {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
				}
				return srv.connect(ctx, network, addr)
			}
			for i := range uint64(60) {
				r.submit(i, 0, "POST /")
			}
			s := r.finish()[0]
			if failed := s.Failed[FailRefused]; opened != 1 || refuse && failed != 60 || !refuse && s.Answered != 60 {
				t.Errorf("refused: %v; tried %d times: %s", refuse, opened, AppendLine(nil, []TargetStats{s}))
			}
		})
	}
}

// TestOpenerLeaves: one request opens a connection for others and is broken off. That
// says nothing about the target: another one opens it.
func TestOpenerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused, tries := errors.New("refused"), 0
		s := &streams{open: func(ctx context.Context) (*http.ClientConn, error) {
			if tries++; tries == 1 {
				<-ctx.Done()
				return nil, fmt.Errorf("dial: %w", ctx.Err())
			}
			return nil, refused
		}}
		errs := make(chan error, 3)
		first, leave := context.WithCancel(t.Context())
		third, expire := context.WithTimeout(t.Context(), time.Second)
		defer expire()
		for _, ctx := range []context.Context{first, t.Context(), third} {
			go func() {
				_, err := s.take(ctx)
				errs <- err
			}()
			synctest.Wait()
		}
		time.Sleep(2 * time.Second)
		if err := <-errs; !errors.Is(err, context.DeadlineExceeded) || tries != 1 {
			t.Errorf("one whose time was up: %v, at try %d", err, tries)
		}
		leave()
		for range 2 {
			if err := <-errs; !errors.Is(err, context.Canceled) && err != refused {
				t.Errorf("%v", err)
			}
		}
		if tries != 2 || len(s.openings) != 0 || len(s.conns) != 0 {
			t.Errorf("%d tries, %d going on, %d connections", tries, len(s.openings), len(s.conns))
		}
	})
}

// TestHTTP2OneAtATime: a target that takes one request at a time keeps its connection,
// also where its response is whole before the request is done with.
func TestHTTP2OneAtATime(t *testing.T) {
	conns := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	srv.EnableHTTP2, srv.Config.HTTP2 = true, &http.HTTP2Config{MaxConcurrentStreams: 1}
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) { // called for one connection after another
		if s == http.StateNew {
			conns++
		}
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	f, err := New(Config{Targets: []TargetSpec{{URL: srv.URL, HTTP2: true}}, Concurrency: 1, TLS: TLSConfig{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	const n = 300
	for i := range n {
		f.Submit(&Request{Conn: 1 << 40, Raw: fmt.Appendf(nil, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", i)})
	}
	f.Close()
	f.Run(t.Context())
	srv.Close()
	if s := f.Stats()[0]; s.Answered != n || conns > n/10 {
		t.Errorf("%s; %d connections", AppendLine(nil, []TargetStats{s}), conns)
	}
}
