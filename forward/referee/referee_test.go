package referee

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/compare"
)

// A match is a Referee with a Forwarder that it looks at.
type match struct {
	*Referee
	fwd  *forward.Forwarder
	done chan struct{}
	log  *bytes.Buffer
}

// newServer responds with the path, and status 500 below /new.
func newServer(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/new/bad") {
			w.WriteHeader(500)
		}
		fmt.Fprint(w, r.URL.Path)
	}))
	t.Cleanup(s.Close)
	return s
}

// begin starts a match; sabotage, if there is any, comes before the first request.
func begin(t *testing.T, o Options, targets string, sabotage func(*Referee)) *match {
	t.Helper()
	specs, err := forward.ParseTargets(targets)
	if err != nil {
		t.Fatal(err)
	}
	return beginWith(t, o, forward.Config{Targets: specs}, sabotage)
}

func beginWith(t *testing.T, o Options, cfg forward.Config, sabotage func(*Referee)) *match {
	t.Helper()
	var err error
	var mu sync.Mutex
	log := &bytes.Buffer{}
	cfg.Logger = slog.New(slog.NewTextHandler(writer{&mu, log}, nil))
	m := &match{done: make(chan struct{}), log: log}
	if m.Referee, err = New(o, &cfg, false); err != nil {
		t.Fatal(err)
	}
	if m.fwd, err = forward.New(cfg); err != nil {
		t.Fatal(err)
	}
	if sabotage != nil {
		sabotage(m.Referee)
	}
	m.Start(m.fwd)
	go func() {
		m.fwd.Run(context.Background())
		close(m.done)
	}()
	return m
}

type writer struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (m *match) submit(conn uint64, n, loop int, path string) {
	m.fwd.Submit(&forward.Request{Conn: conn << 32, Index: uint64(n), Loop: loop, Time: 1, Raw: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path), Compare: true})
}

// original is production's answer with a body.
func original(conn uint64, n, loop int, status int, body string) *Original {
	return &Original{
		Conn: conn << 32, Index: uint64(n), Loop: loop, Body: []byte(body), Whole: true, BodyLen: int64(len(body)),
		Head: fmt.Appendf(nil, "HTTP/1.1 %d x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n", status, len(body)),
	}
}

func (m *match) end() {
	m.fwd.Close()
	<-m.done
	m.Close()
}

// TestHalves: each response meets the answer to the same request, whichever is first:
// that of its connection, its number and its loop.
func TestHalves(t *testing.T) {
	s := newServer(t)
	m := begin(t, Options{Baseline: -1}, s.URL, nil)
	if m.Report() != nil || m.Fates() != nil {
		t.Error("something was compared before anything came")
	}
	const conns, each, loops = 5, 4, 3
	body := func(conn uint64, n, loop int) string { return fmt.Sprintf("/%d/%d/%d", conn, n, loop) }
	for loop := range loops {
		for conn := range uint64(conns) {
			for n := range each {
				o := original(conn, n, loop, 200, body(conn, n, loop))
				if early := (int(conn)+n+loop)%2 == 0; early {
					m.Original(o)
					m.submit(conn, n, loop, body(conn, n, loop))
				} else {
					m.submit(conn, n, loop, body(conn, n, loop))
					m.Original(o)
				}
			}
		}
	}
	m.submit(9, 0, 0, "/lost")
	m.Original(&Original{Conn: 9 << 32, Missing: true})
	m.submit(9, 1, 0, "/nonsense")
	m.Original(&Original{Conn: 9 << 32, Index: 1, Head: []byte("nonsense\r\n\r\n")})
	m.submit(9, 2, 0, "/never")
	m.end()
	f := m.Fates()[0]
	if f.Compared != conns*each*loops || f.Same != f.Compared || f.NoOriginal != 3 || f.Waiting+f.Expired+f.NoResponse != 0 {
		t.Errorf("%+v", f)
	}
	if r := m.Report(); r == nil || len(r.Targets) != 1 || r.Targets[0].Fates != f || r.Original != "production" {
		t.Errorf("%+v", r)
	}
}

// TestTwoTargets: the responses of the one are the originals of the other, also of
// requests that nobody marked; what production says is not asked for.
func TestTwoTargets(t *testing.T) {
	s := newServer(t)
	m := begin(t, Options{Baseline: 1}, s.URL+"/new|50%,"+s.URL+"/new,"+s.URL+"/new", nil)
	if m.Wants(&forward.Request{}) || m.AsksProduction() {
		t.Error("production is asked")
	}
	for n := range 100 {
		m.fwd.Submit(&forward.Request{Conn: uint64(n) << 32, Raw: []byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")})
	}
	m.end()
	f := m.Fates()
	sampled := m.fwd.Stats()[0].Answered
	if sampled == 0 || sampled == 100 || f[0].Same != sampled || f[1] != (compare.Fates{}) || f[2].Same != 100 {
		t.Errorf("%d sampled: %+v", sampled, f)
	}
	if !strings.Contains(m.log.String(), "different shares") {
		t.Errorf("nobody says that the shares differ: %s", m.log)
	}
}

// TestWants: an original is of use only for what a target gets.
func TestWants(t *testing.T) {
	s := newServer(t)
	m := begin(t, Options{Baseline: -1}, s.URL+"|10%", nil)
	wanted := 0
	for n := range uint64(1000) {
		if m.Wants(&forward.Request{User: n << 32, Conn: 1}) {
			wanted++
		}
	}
	m.end()
	if wanted < 50 || wanted > 200 {
		t.Errorf("%d of 1000 originals are wanted for 10%%", wanted)
	}
}

// TestFault: if the judge fails, that is said once, and all requests are answered.
func TestFault(t *testing.T) {
	s := newServer(t)
	m := begin(t, Options{Baseline: -1}, s.URL, func(r *Referee) { r.engine = nil })
	for n := range 50 {
		m.submit(uint64(n), 0, 0, "/a")
		m.Original(original(uint64(n), 0, 0, 200, "/a"))
	}
	m.end()
	if got := m.fwd.Stats()[0]; got.Answered != 50 || m.Report() != nil || m.Fates() != nil || m.Wants(&forward.Request{}) {
		t.Errorf("%d answered", got.Answered)
	}
	if n := strings.Count(m.log.String(), "a fault of this program"); n != 1 {
		t.Errorf("said %d times: %s", n, m.log)
	}
}

// TestOff: nothing compares nothing.
func TestOff(t *testing.T) {
	var cfg forward.Config
	r, err := New(Options{Off: true, Baseline: -1}, &cfg, false)
	if r != nil || err != nil || cfg.Compare.Take != nil {
		t.Fatalf("%v, %v", r, err)
	}
	r.Start(nil)
	r.Original(&Original{})
	r.Close()
	if r.Report() != nil || r.Fates() != nil || r.AsksProduction() || r.Wants(nil) || r.Baseline() != -1 {
		t.Error("a Referee that is off")
	}
}

// TestWrote: what a user changes where nobody compares keeps two answers to that user from being taken
// for noise.
func TestWrote(t *testing.T) {
	for _, wrote := range []bool{false, true} {
		s := newServer(t)
		m := begin(t, Options{Baseline: -1}, s.URL, nil)
		visit := func(n int) {
			o := original(1, n, 0, 200, "/new/bad")
			m.Original(o)
			m.fwd.Submit(&forward.Request{Conn: 1 << 32, Index: uint64(n), Time: int64(n) * int64(time.Second), Raw: []byte("GET /new/bad HTTP/1.1\r\nHost: x\r\n\r\n"), Compare: true})
		}
		visit(1)
		if wrote {
			m.fwd.Submit(&forward.Request{Conn: 1 << 32, Index: 2, Time: int64(2 * time.Second), Raw: []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")})
		}
		visit(3)
		m.end()
		want := uint64(2)
		if wrote {
			want = 0
		}
		if p := m.Report().Targets[0].Routes[0].Open[0]; p.Repeats != want {
			t.Errorf("a write: %t; %+v", wrote, p)
		}
	}
}
