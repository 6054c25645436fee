package web

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gor/forward"
)

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ask asks the page for something under a Host.
func ask(p *Page, method, path, host string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Host = host
	w := httptest.NewRecorder()
	p.handler().ServeHTTP(w, r)
	return w
}

// Names of others that lead here get nothing (DNS rebinding).
func TestHosts(t *testing.T) {
	p := pageOf(t, newWorld("a"))
	p.cfg.Address, p.cfg.Machine = "mirror.example.com:8080", "replay1"
	p.begin(time.Now())
	for host, want := range map[string]int{
		"127.0.0.1:8080": 200, "localhost:8080": 200, "LOCALHOST": 200, "[::1]:8080": 200, "[::1]": 200, "10.1.2.3": 200, "replay1:8080": 200, "mirror.example.com": 200,
		"evil.example.com": 421, "evil.example.com:8080": 421, "127.0.0.1.evil.example.com": 421, "localhost.evil.example.com": 421, "replay1.evil.example.com:8080": 421,
		"": 421, ":8080": 421, "[": 421, "a:b:c": 421,
	} {
		for _, path := range []string{"/", "/save"} {
			w := ask(p, "GET", path, host)
			if w.Code != want || (want == 421) == strings.Contains(w.Body.String(), "<html") {
				t.Errorf("%s of %q: status %d, want %d", path, host, w.Code, want)
			}
		}
	}
}

// The page is read only, and there is nothing but the page.
func TestWhatIsServed(t *testing.T) {
	p := pageOf(t, newWorld("a"))
	p.begin(time.Now())
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/", 200}, {"HEAD", "/", 200}, {"GET", "/save", 200}, {"POST", "/", 405}, {"PUT", "/save", 405}, {"DELETE", "/events", 405},
		{"GET", "/metrics", 404}, {"GET", "/page.js", 404}, {"GET", "/../x", 307}, {"GET", "/debug/pprof/", 404},
	} {
		if w := ask(p, tt.method, tt.path, "localhost"); w.Code != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, w.Code, tt.want)
		}
	}
}

// The policy allows the page's own script and style, by their hashes, and nothing from
// outside; all together is under 60 kB.
func TestPolicy(t *testing.T) {
	p := pageOf(t, newWorld("a"))
	p.begin(time.Now())
	for _, path := range []string{"/", "/save"} {
		w := ask(p, "GET", path, "localhost")
		page := w.Body.String()
		policies := []string{w.Header().Get("Content-Security-Policy"), regexp.MustCompile(`Policy" content="([^"]*)"`).FindStringSubmatch(page)[1]}
		for _, element := range []string{"style", "script"} {
			inside := regexp.MustCompile("(?s)<" + element + ">(.*?)</" + element + ">").FindStringSubmatch(page)
			sum := sha256.Sum256([]byte(inside[1]))
			for _, policy := range policies {
				if want := element + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
					t.Errorf("%s: the policy %q has no %s", path, policy, want)
				}
				if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
					t.Errorf("the policy %q", policy)
				}
			}
		}
		if len(page) > 60_000 {
			t.Errorf("%s has %d bytes", path, len(page))
		}
		for _, outside := range []string{"src=", "@import", "url(", "innerHTML", "insertAdjacentHTML", "document.write", "eval("} {
			if strings.Contains(page, outside) {
				t.Errorf("the page has %s", outside)
			}
		}
		for _, m := range regexp.MustCompile(`https?://[a-z0-9.]+`).FindAllString(page, -1) {
			if m != "http://www.w3.org" { // the name of SVG
				t.Errorf("the page speaks of %s", m)
			}
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		if path == "/save" != strings.Contains(w.Header().Get("Content-Disposition"), ".html") {
			t.Errorf("%s: %q", path, w.Header().Get("Content-Disposition"))
		}
		if path == "/save" != strings.Contains(page, `id="data">{"now":`) {
			t.Errorf("%s: where are its data?", path)
		}
	}
}

// A pipeListener has connections in memory, whose writes wait for a reader.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipeListener() *pipeListener {
	return &pipeListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// dial is a connection on which a stream was asked for.
func (l *pipeListener) dial(t *testing.T) (net.Conn, *bufio.Reader) {
	t.Helper()
	here, there := net.Pipe()
	l.conns <- there
	if _, err := io.WriteString(here, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return here, bufio.NewReader(here)
}

// served runs a test with a page that is served from memory, in a time of its own.
func served(t *testing.T, test func(t *testing.T, w *world, p *Page, l *pipeListener)) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld("http://a"), newPipeListener()
		p := pageOf(t, w)
		p.socket.Close()
		p.socket = l
		p.Start()
		test(t, w, p, l)
		p.Close()
	})
}

// nextFrame reads up to the end of the next frame.
func nextFrame(t *testing.T, in *bufio.Reader) string {
	t.Helper()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			return data
		}
	}
}

// A browser gets a frame a second, a slot every five, for as long as it looks.
func TestStream(t *testing.T) {
	served(t, func(t *testing.T, w *world, _ *Page, l *pipeListener) {
		c, in := l.dial(t)
		defer c.Close()
		nextFrame(t, in)
		began, withSlots := time.Now(), 0
		for range 60 {
			w.answer(0, 1, 200, time.Millisecond)
			if strings.Contains(nextFrame(t, in), `"slots":[`) {
				withSlots++
			}
		}
		if took := time.Since(began); took < 59*time.Second || took > 61*time.Second || withSlots < 11 || withSlots > 12 {
			t.Errorf("60 frames in %v, %d with slots", took, withSlots)
		}
	})
}

// One that takes nothing is left, and has its place taken by another; meanwhile nobody
// is waited for.
func TestSlowBrowser(t *testing.T) {
	served(t, func(t *testing.T, _ *world, p *Page, l *pipeListener) {
		slow, _ := l.dial(t)
		defer slow.Close()
		quick, in := l.dial(t)
		defer quick.Close()
		nextFrame(t, in)
		began := time.Now()
		for range 10 {
			nextFrame(t, in)
			p.Take(&forward.Outcome{Method: []byte("GET"), Path: []byte("/")})
		}
		if took := time.Since(began); took > 11*time.Second {
			t.Errorf("ten frames took %v", took)
		}
		if _, err := io.ReadAll(slow); err != nil && err != io.ErrUnexpectedEOF {
			t.Log(err)
		}
		if took := time.Since(began); took > 12*time.Second {
			t.Errorf("the slow one was left after %v", took)
		}
	})
}

// There are so many browsers and connections at a time and no more; places come free.
func TestBounds(t *testing.T) {
	served(t, func(t *testing.T, _ *world, _ *Page, l *pipeListener) {
		var conns []net.Conn
		for range maxStreams {
			c, in := l.dial(t)
			nextFrame(t, in)
			go io.Copy(io.Discard, in)
			conns = append(conns, c)
		}
		refused, in := l.dial(t)
		if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, "503") {
			t.Errorf("one too many: %q, %v", line, err)
		}
		refused.Close()
		conns[0].Close()
		time.Sleep(2 * time.Second)
		again, in := l.dial(t)
		nextFrame(t, in)
		again.Close()
		for _, c := range conns {
			c.Close()
		}
		time.Sleep(2 * time.Second)
		conns = nil
		for range maxConnections {
			here, there := net.Pipe()
			l.conns <- there
			conns = append(conns, here)
		}
		synctest.Wait()
		here, there := net.Pipe()
		l.conns <- there
		if _, err := here.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("one connection too many: %v", err)
		}
		time.Sleep(patience + time.Second) // those that say nothing are closed
		c, in := l.dial(t)
		nextFrame(t, in)
		c.Close()
		for _, c := range conns {
			c.Close()
		}
	})
}

// A page that is closed ends all streams at once; a nil one does nothing.
func TestClose(t *testing.T) {
	served(t, func(t *testing.T, _ *world, p *Page, l *pipeListener) {
		c, in := l.dial(t)
		defer c.Close()
		nextFrame(t, in)
		go p.Close()
		io.Copy(io.Discard, in) // ends
	})
	var none *Page
	none.Start()
	none.Take(&forward.Outcome{})
	none.Close()
}

// An address that is taken is an error before anything runs.
func TestNew(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := New(Config{Address: l.Addr().String()}); err == nil {
		t.Error("a taken address passes")
	}
	p, err := New(Config{Address: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err := http.Get(fmt.Sprintf("http://%s/", p.socket.Addr())); err == nil {
		t.Error("a closed page answers")
	}
}
