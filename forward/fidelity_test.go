package forward

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// A recorder is a server that keeps what comes in on each connection, byte for
// byte, and answers each head's end once.
type recorder struct {
	net.Listener
	answer string
	wg     sync.WaitGroup
	mu     sync.Mutex
	got    []string // one per connection
}

func newRecorder(t *testing.T, answer string) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{Listener: l, answer: answer}
	r.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close() })
	return r
}

// serve answers as soon as something came and then reads until the client
// closes, which it does because of the answer's Connection: close.
func (r *recorder) serve(c net.Conn) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	var all []byte
	buf := make([]byte, 256<<10)
	answered := false
	for {
		n, err := c.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			break
		}
		if !answered && bytes.Contains(all, []byte("Gor-Replayed: 1")) {
			answered = true
			io.WriteString(c, r.answer)
		}
	}
	r.mu.Lock()
	r.got = append(r.got, string(all))
	r.mu.Unlock()
}

// received waits until all connections have ended and returns what came.
func (r *recorder) received() []string {
	r.Close()
	r.wg.Wait()
	return r.got
}

const okClose = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

// forwardOne sends raw to a recorder and returns what arrived and the accounts.
func forwardOne(t *testing.T, cfg Config, url, raw string) TargetStats {
	t.Helper()
	spec, err := ParseTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Targets = []TargetSpec{spec}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b := []byte(raw)
	f.Submit(&Request{Conn: 1, Raw: b})
	for i := range b {
		b[i] = '!' // lent: a Forwarder that kept it would send this
	}
	f.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.Run(ctx); err != nil {
		t.Fatal(err)
	}
	s := f.Stats()[0]
	checkBalance(t, &s)
	if s.Open() != 0 {
		t.Fatalf("%d open after Run", s.Open())
	}
	return s
}

func checkBalance(t *testing.T, s *TargetStats) {
	t.Helper()
	if sum := s.Answered + s.FailedTotal() + s.Dropped() + s.Open(); s.Received != sum {
		t.Errorf("%s: received %d, but fates and open add up to %d: %v", s.Target, s.Received, sum, string(AppendLine(nil, []TargetStats{*s})))
	}
	var codes uint64
	for _, n := range s.Status {
		codes += n
	}
	if codes != s.Answered || s.Latency.Count() != s.Answered {
		t.Errorf("%s: answered %d, by status %d, in the histogram %d", s.Target, s.Answered, codes, s.Latency.Count())
	}
}

const unsupported = "unsupported"

// marked is raw as it arrives if nothing else is changed: with the mark as its
// last header.
func marked(raw string) string {
	head, body, _ := strings.Cut(raw, "\r\n\r\n")
	return head + "\r\nGor-Replayed: 1\r\n\r\n" + body
}

func TestFidelity(t *testing.T) {
	const h = "Host: www.example.com\r\n"
	long := "X-Long: " + strings.Repeat("0123456789abcdef", 4096) + "\r\n"
	many := strings.Repeat("X-Many: 0123456789\r\n", 3000)
	big := strings.Repeat("\x00\xff binary ", 100_000)
	// want: "" stands for raw with nothing but the mark added
	for _, tt := range []struct{ name, raw, want string }{
		{"plain", "GET /a HTTP/1.1\r\n" + h + "User-Agent: t\r\nAccept: */*\r\n\r\n", ""},
		{"no header but Host", "GET /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"no Host", "GET /a HTTP/1.1\r\nAccept: */*\r\n\r\n", ""},
		{"no header at all", "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nGor-Replayed: 1\r\n\r\n"},
		{"empty User-Agent", "GET /a HTTP/1.1\r\n" + h + "User-Agent: \r\n\r\n", ""},
		{"empty header", "GET /a HTTP/1.1\r\n" + h + "X-Empty:\r\n\r\n", ""},
		{"lower case names", "GET /a HTTP/1.1\r\nhost: www.example.com\r\nuser-agent: t\r\nx-foo: 1\r\nX-CSRF-TOKEN: z\r\n\r\n", ""},
		{"names Go respells", "GET /a HTTP/1.1\r\n" + h + "DNT: 1\r\nETag: x\r\nSec-WebSocket-Key: x\r\nX-B3-TraceId: 1\r\n\r\n", ""},
		{"order and duplicates", "GET /a HTTP/1.1\r\nZ: 1\r\nCookie: a=1\r\n" + h + "A: 2\r\nCookie: b=2\r\nZ: 3\r\n\r\n", ""},
		{"Pragma alone", "GET /a HTTP/1.1\r\n" + h + "Pragma: no-cache\r\n\r\n", ""},
		{"Range", "GET /a HTTP/1.1\r\n" + h + "Range: bytes=0-1\r\nAccept-Encoding: gzip\r\n\r\n", ""},
		{"Idempotency-Key", "POST /a HTTP/1.1\r\n" + h + "Idempotency-Key: 1\r\nContent-Length: 0\r\n\r\n", ""},
		{"Via and Forwarded", "GET /a HTTP/1.1\r\n" + h + "Via: 1.1 x\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", ""},
		{"credentials", "GET /a HTTP/1.1\r\n" + h + "Authorization: Basic eDp5\r\nProxy-Authorization: Basic eDp5\r\n\r\n", ""},

		{"Connection: close", "GET /a HTTP/1.1\r\n" + h + "Connection: close\r\nA: 1\r\n\r\n", marked("GET /a HTTP/1.1\r\n" + h + "A: 1\r\n\r\n")},
		{"Connection: keep-alive", "GET /a HTTP/1.1\r\nconnection: keep-alive\r\n" + h + "\r\n", marked("GET /a HTTP/1.1\r\n" + h + "\r\n")},
		{"hop-by-hop", "GET /a HTTP/1.1\r\n" + h + "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nConnection: X-Foo, keep-alive\r\nX-Foo: 1\r\nTE: trailers\r\n\r\n",
			marked("GET /a HTTP/1.1\r\n" + h + "Connection: X-Foo\r\nX-Foo: 1\r\nTE: trailers\r\n\r\n")},
		{"connection option", "GET /a HTTP/1.1\r\n" + h + "connection:X-Foo\r\nX-Foo: 1\r\n\r\n", ""},
		{"connection options around those that go", "GET /a HTTP/1.1\r\n" + h + "connection:  A ,close,, B,Keep-Alive\r\nCONNECTION: close\r\nConnection: C\r\n\r\n",
			marked("GET /a HTTP/1.1\r\n" + h + "connection: A, , B\r\nConnection: C\r\n\r\n")},
		{"options that only look like those that go", "GET /a HTTP/1.1\r\n" + h + "Connection: closed, keep-alive;a, \"close\"\r\n\r\n", ""},
		{"mark as an option", "GET /a HTTP/1.1\r\n" + h + "Connection: gor-replayed, te\r\n\r\n", marked("GET /a HTTP/1.1\r\n" + h + "Connection: te\r\n\r\n")},
		{"empty Connection", "GET /a HTTP/1.1\r\n" + h + "Connection:\r\n\r\n", ""},
		{"websocket upgrade", "GET /ws HTTP/1.1\r\n" + h + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n", ""},
		{"upgrade to HTTP/2", "GET / HTTP/1.1\r\n" + h + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", ""},
		{"upgrade and keep-alive", "GET /ws HTTP/1.1\r\n" + h + "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
			marked("GET /ws HTTP/1.1\r\n" + h + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")},
		{"upgrade, lower case", "GET /ws HTTP/1.1\r\n" + h + "connection:upgrade\r\nupgrade: h2c\r\n\r\n", ""},
		{"folded Connection", "GET /ws HTTP/1.1\r\n" + h + "Connection: keep-alive,\r\n\tupgrade\r\nUpgrade: x\r\n\r\n",
			marked("GET /ws HTTP/1.1\r\n" + h + "Connection: upgrade\r\nUpgrade: x\r\n\r\n")},
		{"folded Connection that stays", "GET /ws HTTP/1.1\r\n" + h + "Connection: a,\r\n\tb\r\n\r\n", ""},
		{"upgrade without the header it names", "GET /ws HTTP/1.1\r\n" + h + "Connection: upgrade\r\n\r\n", ""},
		{"captured mark", "GET /a HTTP/1.1\r\n" + h + "gor-replayed: 7\r\n\r\n", marked("GET /a HTTP/1.1\r\n" + h + "\r\n")},

		{"HTTP/1.0 without Host", "GET /a HTTP/1.0\r\nUser-Agent: ab\r\n\r\n", ""},
		{"HTTP/1.0 without headers", "GET /a HTTP/1.0\r\n\r\n", "GET /a HTTP/1.0\r\nGor-Replayed: 1\r\n\r\n"},
		{"HTTP/1.0 keep-alive", "GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", ""},
		{"HTTP/1.0 keep-alive and more", "GET /a HTTP/1.0\r\nConnection: close, Keep-Alive, x\r\n\r\n", marked("GET /a HTTP/1.0\r\nConnection: Keep-Alive, x\r\n\r\n")},
		{"HTTP/1.0 with body", "POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", ""},
		{"HTTP/1.0 chunked", "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", unsupported},

		{"target //a", "GET //a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"target //a|b", "GET //a|b HTTP/1.1\r\n" + h + "\r\n", ""},
		{"target ///", "GET ///x//y// HTTP/1.1\r\n" + h + "\r\n", ""},
		{"escaped slash", "GET /a%2Fb%2f HTTP/1.1\r\n" + h + "\r\n", ""},
		{"unsafe bytes", "GET /a|b\"<>^`{}\\[]' HTTP/1.1\r\n" + h + "\r\n", ""},
		{"invalid escapes", "GET /%zz/%/%1?x=%zz&y=% HTTP/1.1\r\n" + h + "\r\n", ""},
		{"blanks in the target", "GET /a b?c d HTTP/1.1\r\n" + h + "\r\n", ""},
		{"two blanks before the target", "GET  /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"blanks around the target and behind the version", "GET   /a  b   HTTP/1.1  \r\n" + h + "\r\n", ""},
		{"target that looks like the method", "GET GET GET HTTP/1.1\r\n" + h + "\r\n", ""},
		{"non-ASCII target", "GET /caf\xc3\xa9?q=\xfc HTTP/1.1\r\n" + h + "\r\n", ""},
		{"fragment", "GET /a#b?c HTTP/1.1\r\n" + h + "\r\n", ""},
		{"empty query", "GET /a? HTTP/1.1\r\n" + h + "\r\n", ""},
		{"query alone", "GET ?a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"dots and parameters", "GET /../a/./b;c=1 HTTP/1.1\r\n" + h + "\r\n", ""},
		{"control byte in the target", "GET /a\x01b HTTP/1.1\r\n" + h + "\r\n", ""},
		{"target without a slash", "GET a/b HTTP/1.1\r\n" + h + "\r\n", ""},
		{"64 KB target", "GET /" + strings.Repeat("x", 65536) + " HTTP/1.1\r\n" + h + "\r\n", ""},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + h + "\r\n", ""},
		{"absolute form", "GET http://other.example/x?y HTTP/1.1\r\n" + h + "\r\n", ""},
		{"absolute form with user", "GET http://u:p@other.example/x HTTP/1.1\r\n" + h + "\r\n", ""},

		{"HEAD", "HEAD /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"DELETE with length 0", "DELETE /a HTTP/1.1\r\n" + h + "Content-Length: 0\r\n\r\n", ""},
		{"PURGE", "PURGE /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"odd method", "M-SEARCH!#$%&'*+.^_`|~ /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"lower case method", "get /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" + h + "\r\n", unsupported},
		{"method that is no token", "G@T /a HTTP/1.1\r\n" + h + "\r\n", unsupported},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", unsupported},
		{"HTTP/0.9", "GET /a\r\n\r\n", unsupported},
		{"lower case version", "GET /a http/1.1\r\n" + h + "\r\n", unsupported},
		{"no target", "GET HTTP/1.1\r\n" + h + "\r\n", unsupported},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01", unsupported},
		{"nothing", "", unsupported},

		{"header name with space", "GET /a HTTP/1.1\r\n" + h + "X Foo: 1\r\n\r\n", ""},
		{"space before colon", "GET /a HTTP/1.1\r\n" + h + "X-Foo : 1\r\n\r\n", ""},
		{"space before colon of length", "POST /a HTTP/1.1\r\n" + h + "Content-Length : 3\r\n\r\nabc", unsupported},
		{"header name in brackets", "GET /a HTTP/1.1\r\n" + h + "X[Foo]: 1\r\n\r\n", ""},
		{"header without colon", "GET /a HTTP/1.1\r\n" + h + "nonsense\r\n\r\n", ""},
		{"header without name", "GET /a HTTP/1.1\r\n" + h + ": 1\r\n\r\n", ""},
		{"folded header", "GET /a HTTP/1.1\r\n" + h + "X-Long: a\r\n b\r\n\tc\r\nB: 1\r\n\r\n", ""},
		{"folded length", "POST /a HTTP/1.1\r\n" + h + "Content-Length:\r\n 3\r\n\r\nabc", unsupported},
		{"folded first line", "GET /a HTTP/1.1\r\n x: y\r\n" + h + "\r\n", ""},
		{"control byte in a value", "GET /a HTTP/1.1\r\n" + h + "X-Foo: a\x01b\x7f\r\n\r\n", ""},
		{"NUL in a value", "GET /a HTTP/1.1\r\n" + h + "X-Foo: a\x00b\r\n\r\n", unsupported},
		{"CR in a value", "GET /a HTTP/1.1\r\n" + h + "X-Foo: a\rContent-Length: 9\r\n\r\n", unsupported},
		{"Latin-1 value", "GET /a HTTP/1.1\r\n" + h + "X-Foo: caf\xe9\r\n\r\n", ""},
		{"blanks around values", "GET /a HTTP/1.1\r\n" + h + "X-Foo:  \ta \r\nX-Bar:b\r\n\r\n", ""},
		{"64 KB header", "GET /a HTTP/1.1\r\n" + h + long + "\r\n", ""},
		{"3000 headers", "GET /a HTTP/1.1\r\n" + h + many + "\r\n", ""},
		{"odd Host", "GET /a HTTP/1.1\r\nHost: a_b~c:80|x\r\n\r\n", ""},
		{"non-ASCII Host", "GET /a HTTP/1.1\r\nHost: b\xc3\xbccher.example\r\n\r\n", ""},
		{"empty Host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", ""},
		{"two Hosts", "GET /a HTTP/1.1\r\n" + h + "Host: b\r\n\r\n", ""},
		{"folded Host", "GET /a HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", ""},

		{"GET with length 0", "GET /a HTTP/1.1\r\n" + h + "Content-Length: 0\r\n\r\n", ""},
		{"GET with body", "GET /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\nA: 1\r\n\r\nabc", ""},
		{"HEAD with body", "HEAD /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\n\r\nabc", ""},
		{"POST", "POST /a HTTP/1.1\r\n" + h + "content-length: 3\r\nContent-Type: x\r\n\r\nabc", ""},
		{"POST without length", "POST /a HTTP/1.1\r\n" + h + "\r\n", ""},
		{"padded length", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 0003\r\n\r\nabc", ""},
		{"binary body of 1 MB", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 1000000\r\n\r\n" + big[:1_000_000], ""},
		{"body just over one copy", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 16385\r\n\r\n" + big[:16385], ""},
		{"body cut short", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 5\r\n\r\nabc", unsupported},
		{"body longer than length", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\n\r\nabcGET", unsupported},
		{"length 3, 3", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 3, 3\r\n\r\nabc", ""},
		{"two equal lengths", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\nA: 1\r\ncontent-length: 03\r\n\r\nabc", ""},
		{"two lengths", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", unsupported},
		{"negative length", "POST /a HTTP/1.1\r\n" + h + "Content-Length: -3\r\n\r\nabc", unsupported},
		{"signed length", "POST /a HTTP/1.1\r\n" + h + "Content-Length: +3\r\n\r\nabc", unsupported},
		{"huge length", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 99999999999999999999\r\n\r\nabc", unsupported},
		{"length and chunked", "POST /a HTTP/1.1\r\n" + h + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", unsupported},
		{"chunked", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=\"y\"\r\ndefg\r\n0\r\n\r\n", ""},
		{"chunked, upper case", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: Chunked\r\n\r\n00A\r\n0123456789\r\n000\r\n\r\n", ""},
		{"chunked with declared trailer", "POST /a HTTP/1.1\r\n" + h + "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", ""},
		{"chunked with undeclared trailer", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-b: 2\r\n\r\n", ""},
		{"chunked GET, empty", "GET /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ""},
		{"gzip, chunked", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", unsupported},
		{"chunked, gzip", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked, gzip\r\n\r\n1\r\nx\r\n0\r\n\r\n", unsupported},
		{"identity", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: identity\r\n\r\n", unsupported},
		{"chunked twice", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", unsupported},
		{"chunked, cut", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", unsupported},
		{"chunked, cut in its trailer", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n", unsupported},
		{"bad chunk size", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", unsupported},
		{"chunk without its end", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", unsupported},
		{"chunk size beyond 64 bits", "POST /a HTTP/1.1\r\n" + h + "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", unsupported},
		{"Expect", "PUT /a HTTP/1.1\r\n" + h + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", ""},

		{"blank lines before the request", "\r\n\n\r\nGET /a HTTP/1.1\r\n" + h + "\r\n", marked("GET /a HTTP/1.1\r\n" + h + "\r\n")},
		{"bare LF lines", "GET /a HTTP/1.1\nHost: x\nA: 1\n\n", "GET /a HTTP/1.1\nHost: x\nA: 1\nGor-Replayed: 1\r\n\n"},
		{"head without end", "GET /a HTTP/1.1\r\n" + h, unsupported},
		{"two requests", "GET /a HTTP/1.1\r\n" + h + "\r\nGET /b HTTP/1.1\r\n" + h + "\r\n", unsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, okClose)
			s := forwardOne(t, Config{OriginalHost: true}, rec.Addr().String(), tt.raw)
			got := rec.received()
			if tt.want == unsupported {
				if s.Unsupported != 1 || len(got) != 0 {
					t.Errorf("unsupported %d, sent %.300q", s.Unsupported, got)
				}
				return
			}
			want := tt.want
			if want == "" {
				want = marked(tt.raw)
			}
			if s.Status[200] != 1 || len(got) != 1 {
				t.Fatalf("%v; received %d connections", string(AppendLine(nil, []TargetStats{s})), len(got))
			}
			if got[0] != want {
				t.Errorf("got  %.300q\nwant %.300q", got[0], want)
			}
		})
	}
}

// TestHost holds what becomes of the Host and the target's path.
func TestHost(t *testing.T) {
	rw := func(cfg RewriteConfig) *Rewrite {
		rw, err := NewRewrite(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return rw
	}
	for _, tt := range []struct {
		name, path string
		cfg        Config
		raw, want  string // TARGET is the target's address; the mark is left out
	}{
		{"replaced in place", "", Config{}, "GET /a HTTP/1.1\r\nA: 1\r\nhOst:www.example.com\r\nB: 2\r\n\r\n", "GET /a HTTP/1.1\r\nA: 1\r\nhOst: TARGET\r\nB: 2\r\n\r\n"},
		{"added", "", Config{}, "GET /a HTTP/1.0\r\nA: 1\r\n\r\n", "GET /a HTTP/1.0\r\nHost: TARGET\r\nA: 1\r\n\r\n"},
		{"two, each in its place", "", Config{}, "GET /a HTTP/1.1\r\nhost: a\r\nA: 1\r\nHost: b\r\n\r\n", "GET /a HTTP/1.1\r\nhost: TARGET\r\nA: 1\r\nHost: TARGET\r\n\r\n"},
		{"folded, becomes one line", "", Config{}, "GET /a HTTP/1.1\r\nHost: a\r\n b\r\n\tc\r\nA: 1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: TARGET\r\nA: 1\r\n\r\n"},
		{"folded, with the same value", "", Config{Rewrite: rw(RewriteConfig{SetHeader: []string{"Host: y"}})}, "GET /a HTTP/1.1\r\nHost:\r\n y\r\nA: 1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: y\r\nA: 1\r\n\r\n"},
		{"added behind what would become a part of it", "", Config{}, "GET /a HTTP/1.1\r\n x: y\r\nA: 1\r\n\r\n", "GET /a HTTP/1.1\r\n x: y\r\nA: 1\r\nHost: TARGET\r\n\r\n"},
		{"original", "", Config{OriginalHost: true}, "GET /a HTTP/1.1\r\nHost: x:81\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x:81\r\n\r\n"},
		{"set", "", Config{OriginalHost: true, Rewrite: rw(RewriteConfig{SetHeader: []string{"host: y"}})}, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a HTTP/1.1\r\nHost: y\r\n\r\n"},
		{"path", "/base/", Config{OriginalHost: true}, "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /base/a?b HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"path, absolute form", "/base", Config{OriginalHost: true}, "GET http://o/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://o/base/a HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"absolute form", "", Config{}, "GET http://u:p@other.example:81/x?y HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "GET http://TARGET/x?y HTTP/1.1\r\nHost: TARGET\r\n\r\n"},
		{"absolute form, no path", "", Config{}, "GET HTTP://other.example HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "GET HTTP://TARGET HTTP/1.1\r\nHost: TARGET\r\n\r\n"},
		{"absolute form, no Host", "", Config{}, "GET http://other.example/ HTTP/1.0\r\n\r\n", "GET http://TARGET/ HTTP/1.0\r\nHost: TARGET\r\n\r\n"},
		{"absolute form, Host set", "", Config{Rewrite: rw(RewriteConfig{SetHeader: []string{"Host: y"}})}, "GET http://other.example/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://y/a HTTP/1.1\r\nHost: y\r\n\r\n"},
		{"absolute form with a path before it", "/base", Config{}, "GET http://o/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://TARGET/base/a HTTP/1.1\r\nHost: TARGET\r\n\r\n"},
		{"what only looks like it", "", Config{}, "GET /http://o/a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /http://o/a HTTP/1.1\r\nHost: TARGET\r\n\r\n"},
		{"path, blanks in the request line", "/base", Config{OriginalHost: true}, "GET  /a b  HTTP/1.1 \r\nHost: x\r\n\r\n", "GET  /base/a b  HTTP/1.1 \r\nHost: x\r\n\r\n"},
		{"path, absolute form in the query", "/base", Config{}, "GET ?u=http://o/a HTTP/1.1\r\nHost: x\r\n\r\n", unsupported},
		{"path, absolute form without one", "/base", Config{}, "GET http://o HTTP/1.1\r\nHost: x\r\n\r\n", unsupported},
		{"rewritten to nothing", "", Config{Rewrite: rw(RewriteConfig{RewritePath: []string{".*:"}})}, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", unsupported},
		{"path, asterisk", "/base", Config{OriginalHost: true}, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"path, none in the request", "/base", Config{}, "GET a/b HTTP/1.1\r\nHost: x\r\n\r\n", unsupported},
		{"path of slashes", "/", Config{OriginalHost: true}, "GET //a HTTP/1.1\r\nHost: x\r\n\r\n", "GET //a HTTP/1.1\r\nHost: x\r\n\r\n"},
		{"other mark", "", Config{OriginalHost: true, Mark: "X-Mark"}, "GET /a HTTP/1.1\r\nHost: x\r\nGor-Replayed: 1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\nGor-Replayed: 1\r\nX-Mark: 1\r\n\r\n"},
		{"headers set and removed", "", Config{OriginalHost: true, Rewrite: rw(RewriteConfig{SetHeader: []string{"X-A: new", "X-N: n"}, RemoveHeader: []string{"cookie"}})},
			"GET /a HTTP/1.1\r\nHost: x\r\nx-a: 1\r\nCookie: a\r\nX-A: 2\r\nCookie: b\r\nZ: 1\r\n\r\n",
			"GET /a HTTP/1.1\r\nHost: x\r\nZ: 1\r\nX-A: new\r\nX-N: n\r\n\r\n"},
		{"path rewritten, then prefixed", "/base", Config{OriginalHost: true, Rewrite: rw(RewriteConfig{RewritePath: []string{`^/v1/(.*)$:/v2/$1`, `(?\:x|y)$:z\:`}})},
			"GET /v1/ax HTTP/1.1\r\nHost: x\r\n\r\n", "GET /base/v2/az\\: HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, okClose)
			s := forwardOne(t, tt.cfg, rec.Addr().String()+tt.path, tt.raw)
			got := rec.received()
			if tt.want == unsupported {
				if s.Unsupported != 1 || len(got) != 0 {
					t.Errorf("unsupported %d, sent %.300q", s.Unsupported, got)
				}
				return
			}
			want := strings.ReplaceAll(tt.want, "TARGET", rec.Addr().String())
			if tt.cfg.Mark == "" {
				want = marked(want)
			}
			if len(got) != 1 || got[0] != want {
				t.Errorf("got  %.300q\nwant %.300q", got, want)
			}
		})
	}
}
