package forward

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gor/reassembly/http1"
	"gor/reassembly/http1/http1test"
)

// A hostileServer is a target at the other ends of pipes. It notes each request
// byte for byte, as http1 frames it. The one that asks for /sentinel gets a 299;
// any other gets what the server was given, whatever that is, and then the end of
// the connection: at once, or when nothing has come for a while.
type hostileServer struct {
	answer []byte
	closes bool

	mu    sync.Mutex
	wg    sync.WaitGroup
	conns int
	got   []string
	torn  bool // something came that http1 does not read
}

const sentinel = "GET /sentinel HTTP/1.1\r\nHost: x\r\n\r\n"

func (s *hostileServer) lookup(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
}

func (s *hostileServer) connect(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	s.mu.Lock()
	s.conns++
	s.mu.Unlock()
	s.wg.Go(func() { s.serve(far) })
	return near, nil
}

func (s *hostileServer) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	var all []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if n := s.note(all); n > 0 {
			asked := bytes.Contains(all[:n], []byte(" /sentinel "))
			all = all[n:]
			if asked {
				io.WriteString(c, "HTTP/1.1 299 Yes\r\nContent-Length: 0\r\n\r\n")
			} else if c.Write(s.answer); s.closes {
				return
			}
			c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		}
		if err != nil {
			s.mu.Lock()
			s.torn = s.torn || len(all) > 0
			s.mu.Unlock()
			return
		}
	}
}

// note notes the request that b begins with, if it is whole, and returns its length.
func (s *hostileServer) note(b []byte) int {
	var m http1.Message
	if m.Head(b, "") != http1.Whole {
		return 0
	}
	n, v := m.Body(b[m.HeadLen:])
	if v != http1.Whole {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, string(b[:m.HeadLen+n]))
	return m.HeadLen + n
}

// essence is what has to arrive of a request as it was captured, with the options
// of its Connection fields taken out and counted apart; as it arrived it is itself
// that, but for the mark at its end.
func essence(t *testing.T, raw []byte) (rest string, options []string) {
	var r request
	if err := r.parse(raw); err != nil {
		t.Fatalf("%q: %v", raw, err)
	}
	out := slices.Concat(r.before, r.target, r.after)
	for i := range r.fields {
		switch f := &r.fields[i]; {
		case f.Kind == http1.FieldConnection:
			for option := range strings.SplitSeq(string(r.unfold(f)), ",") {
				switch low := strings.ToLower(strings.Trim(option, " \t")); {
				case low == "close", low == "keep-alive" && !r.head.HTTP10, low == "gor-replayed", low == "":
				default:
					options = append(options, low)
				}
			}
		case f.Kind == http1.FieldKeepAlive, f.Kind == http1.FieldProxyConnection, http1.EqualFold(f.Name, DefaultMark):
		default:
			out = append(out, f.Line...)
		}
	}
	return string(slices.Concat(out, r.blankLine, r.body)), options
}

// FuzzWorker drives a whole worker with a request as hostile as can be, and a
// response of the kind. The request arrives exactly as it was captured, or not at
// all; the one behind it arrives and gets its own response; connections are
// few; and nobody writes to standard error.
func FuzzWorker(f *testing.F) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for _, answer := range []string{ok, ok + ok, "HTTP/1.1 204 No\r\n\r\nbody", "HTTP/1.1 103 a\r\n\r\n", "junk", "", "HTTP/1.1 101 a\r\n\r\nx"} {
		for _, raw := range []string{
			"GET / HTTP/1.1\r\nHost: a]\r\n\r\n", "GET http://u:p@b/c HTTP/1.1\r\nHost: ::1\r\nConnection: X-Foo, close,\tHost\r\n\r\n",
			"HEAD /%zz HTTP/1.1\r\nHost: a/b?c#d\r\n\r\n", "POST //a|b HTTP/1.1\r\nhost:\r\nhost: b\r\nContent-Length: 3\r\n\r\nabc",
			"PUT a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: Trailer\r\n\r\n3;x\r\nabc\r\n0\r\nContent-Length: 9\r\nHost: c\r\n\r\n",
			"OPTIONS * HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.1\r\nConnection: a,\r\n b, Gor-Replayed\r\ngor-replayed: 2\r\n\r\n",
		} {
			f.Add([]byte(raw), []byte(answer), answer == "" || answer == "junk")
		}
	}
	for _, c := range http1test.Requests(f) {
		f.Add(c.Raw, []byte(ok), false)
	}
	var standard bytes.Buffer
	var mu sync.Mutex
	log.SetOutput(writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return standard.Write(p)
	}))
	f.Cleanup(func() { log.SetOutput(os.Stderr) })
	f.Fuzz(func(t *testing.T, raw, answer []byte, closes bool) {
		if bytes.Contains(raw, []byte("/sentinel")) {
			return
		}
		s := &hostileServer{answer: answer, closes: closes}
		stats := s.drive(t, raw)
		s.check(t, raw, &stats)
		mu.Lock()
		defer mu.Unlock()
		if standard.Len() > 0 {
			t.Fatalf("%q: past the logger: %s", answer, standard.String())
		}
	})
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// drive sends raw and then the sentinel, one worker for both, and waits until the
// server has seen the end.
func (s *hostileServer) drive(t *testing.T, raw []byte) TargetStats {
	f, err := New(Config{
		Targets: []TargetSpec{{URL: "http://target"}}, OriginalHost: true, Concurrency: 1, // so that both use the same connection
	})
	if err != nil {
		t.Fatal(err)
	}
	f.targets[0].route.dialer.lookup, f.targets[0].route.dialer.connect = s.lookup, s.connect
	f.Submit(&Request{Conn: 1, Raw: raw})
	f.Submit(&Request{Conn: 1, Raw: []byte(sentinel)})
	f.Close()
	f.Run(t.Context())
	f.targets[0].route.pool.Load().CloseIdleConnections()
	s.wg.Wait()
	stats := f.Stats()[0]
	checkBalance(t, &stats)
	return stats
}

func (s *hostileServer) check(t *testing.T, raw []byte, stats *TargetStats) {
	if stats.Status[299] < 1 || stats.Unsupported > 1 || s.torn || s.conns > 1+maxTries+maxRepeats {
		t.Fatalf("%q: %s; %d connections; the server got %q", raw, AppendLine(nil, []TargetStats{*stats}), s.conns, s.got)
	}
	copies := 0
	for _, got := range s.got {
		if !strings.HasPrefix(got, "GET /sentinel ") {
			copies++
			s.checkCopy(t, raw, got)
		}
	}
	var r request
	r.parse(raw)
	if most := 1 - int(stats.Unsupported); copies < most || copies > most && (most == 0 || !r.safe() || copies > 1+maxRepeats) {
		t.Fatalf("%q arrived %d times: %q", raw, copies, s.got)
	}
}

// checkCopy holds what arrived against what was captured.
func (s *hostileServer) checkCopy(t *testing.T, raw []byte, got string) {
	want, wantOptions := essence(t, raw)
	rest, options := essence(t, []byte(got))
	if rest != want || !slices.Equal(options, wantOptions) || strings.Count(got, DefaultMark+": 1\r\n") < 1 {
		t.Fatalf("captured %q\narrived  %q", raw, got)
	}
}

// FuzzHTTP2 drives a worker over HTTP/2: whatever fits by the package's own rules,
// http.Transport takes, so that nothing is a failure that should be unsupported.
func FuzzHTTP2(f *testing.F) {
	for _, c := range http1test.Requests(f) {
		f.Add(c.Raw)
	}
	for _, raw := range []string{
		"GET /a HTTP/1.1\r\nHost: a]\r\nTE: trailers\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: %\r\n\r\n",
		"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nUser-Agent:\r\nCookie: a; b\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
	} {
		f.Add([]byte(raw))
	}
	srv := newFrameServer(f, 1<<30, false)
	fwd, err := New(Config{Targets: []TargetSpec{{URL: "https://" + srv.Addr().String(), HTTP2: true}}, OriginalHost: true, TLS: TLSConfig{Insecure: true}, AnswerTimeout: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	target := fwd.targets[0]
	target.life.ctx = f.Context()
	w := newWorker(target)
	w.renew()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 32<<10 {
			return
		}
		if res := w.send(raw); res.err != nil || res.unsupported == errPanic {
			t.Fatalf("%q: %v, %v", raw, res.err, res.unsupported)
		}
	})
}
