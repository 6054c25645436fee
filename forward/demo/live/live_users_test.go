//go:build linux

package live

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var fullUsers = flag.Bool("full-users", false, "the live tests of users have 2,000 of them, and real browsers")

// TestLiveUsers mirrors users from behind two real nginx that keep connections to
// their applications, on which the requests of all users are mixed. Each user has
// three connections; the second half of each one's requests comes by the other
// nginx, whose listener was started meanwhile. Some have a session's cookie,
// some credentials, some share an address behind another proxy; and one is a
// program that makes more requests than any of them.
func TestLiveUsers(t *testing.T) {
	const program = 3000
	users, low, high := 500, 6.0, 14.0
	if *fullUsers {
		users, low, high = 2000, 8.0, 12.0
		t.Run("browsers", liveBrowsers)
	}
	m := newMirror(t)
	apps := []net.Listener{m.web.listen("127.0.0.1:8080"), m.web.listen("127.0.0.1:8081")}
	for _, ln := range apps {
		serveHTTP(t, ln, func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	}
	m.runNginx(t.TempDir(), proxies(80, 8080)+proxies(81, 8081))
	tenth, all := newAudience(100*time.Millisecond), newAudience(20*time.Millisecond)
	serveHTTP(t, m.stage.listen(":8001"), tenth.serve)
	serveHTTP(t, m.stage.listen(":8002"), all.serve)
	m.replay("-f", "http://"+stageIP+":8001|10%,http://"+stageIP+":8002", "--max-wait", "60s")
	m.listener = m.web.gor("listen", "-i", "lo", "-p", "8080", "-r", wireAddr)
	second := m.web.gor("listen", "-i", "lo", "-p", "8081", "-r", wireAddr)

	m.visit(users, 0, "10.99.1.1:80", "10.99.1.1:81")
	all.await(t, users*visits)
	second.interrupt()
	second = m.web.gor("listen", "-i", "lo", "-p", "8081", "-r", wireAddr)
	m.visit(users, visits, "10.99.1.1:81", "10.99.1.1:80")
	m.hurry(program, "10.99.1.1:80")
	all.await(t, 2*users*visits+program)
	m.listener.interrupt()
	second.interrupt()
	m.replayer.interrupt()

	replay := finalAccounts(t, m.replayer)
	replay.checkTargets(t)
	if n, want := replay.target(t, 1).number("answered"), uint64(2*users*visits+program); n != want {
		t.Errorf("%d answered of %d: %v", n, want, replay.target(t, 1))
	}
	all.checkOrder(t, "the target of all")
	tenth.checkOrder(t, "the target of a tenth")
	whole := 0
	for user, requests := range tenth.byUser() {
		if want := 2 * visits; user == "program" && len(requests) != program || user != "program" && len(requests) != want {
			t.Errorf("user %s: %d requests are at the target of a tenth", user, len(requests))
		}
		whole++
	}
	if share := 100 * float64(whole) / float64(users); share < low || share > high {
		t.Errorf("|10%% has %.1f %% of the users", share)
	} else {
		t.Logf("|10%% has %d of %d users, %.1f %%, each whole", whole, users, share)
	}
	for _, p := range []*process{m.listener, second} {
		if log := p.stderr.String(); !strings.Contains(log, `cookie \"PHPSESSID\" `) {
			t.Errorf("nothing about users in the accounts of\n%s", log)
		}
	}
	if log := m.listener.stderr.String(); strings.Count(log, "more requests come from one user") != 1 || !strings.Contains(log, `Authorization \"Bearer\"`) {
		t.Errorf("the program is not named once:\n%s", log)
	}
}

// proxies is a server of nginx that hands requests on to an application over few
// connections that it keeps.
func proxies(port, app int) string {
	return fmt.Sprintf(`
		upstream app%[2]d { server 127.0.0.1:%[2]d; keepalive 4; }
		server {
			listen 0.0.0.0:%[1]d backlog=4096; access_log off;
			location / {
				proxy_pass http://app%[2]d; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
				proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_read_timeout 600s;
			}
		}`, port, app)
}

// serveHTTP serves until the test ends.
func serveHTTP(t *testing.T, ln net.Listener, f http.HandlerFunc) {
	server := &http.Server{Handler: f}
	go server.Serve(ln)
	t.Cleanup(func() { server.Close() })
}

// visits is how many requests a user makes in one visit.
const visits = 6

// visit has all users make their requests, each as a browser does on three
// connections: a page, two parts of it at once, and then a write on each. first is
// the number of the first one.
func (m *mirror) visit(users, first int, addrs ...string) {
	m.t.Helper()
	var all sync.WaitGroup
	gate := make(chan struct{}, 64)
	for u := range users {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			var conns [3]*http.Client
			for i := range conns {
				conns[i] = m.browser()
				defer conns[i].CloseIdleConnections()
			}
			ask := func(conn, n int, method string) {
				m.ask(conns[conn], method, addrs[u%len(addrs)], fmt.Sprintf("u%d", u), first+n, identity(u))
			}
			ask(0, 0, "GET")
			var parts sync.WaitGroup
			for n := 1; n <= 2; n++ {
				parts.Go(func() { ask(n, n, "GET") })
			}
			parts.Wait()
			for n := range 3 {
				ask(n, 3+n, "POST")
			}
		})
	}
	all.Wait()
}

// identity is what the requests of a user say of who it is.
func identity(u int) http.Header {
	switch u % 10 {
	case 0: // twenty share an address, and differ by their browsers
		return http.Header{"X-Forwarded-For": {fmt.Sprintf("198.51.100.%d", u/200)}, "User-Agent": {fmt.Sprintf("Browser/%d", u)}}
	case 1:
		return http.Header{"Authorization": {fmt.Sprintf("Basic dXNlcjp%d", u)}}
	}
	return http.Header{"Cookie": {fmt.Sprintf("theme=dark; PHPSESSID=%032d; lang=en", u)}}
}

// hurry makes requests faster than any user: a program with a key.
func (m *mirror) hurry(n int, addr string) {
	m.t.Helper()
	var all sync.WaitGroup
	for c := range 20 {
		all.Go(func() {
			conn := m.browser()
			defer conn.CloseIdleConnections()
			for i := c; i < n; i += 20 {
				m.ask(conn, "POST", addr, "program", i, http.Header{"Authorization": {"Bearer s3cret"}})
			}
		})
	}
	all.Wait()
}

// browser is a client with one connection.
func (m *mirror) browser() *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		MaxConnsPerHost: 1, DisableCompression: true,
		DialContext: func(_ context.Context, network, addr string) (net.Conn, error) { return m.client.dial(network, addr) },
	}}
}

// ask makes request n of a user and awaits the response.
func (m *mirror) ask(c *http.Client, method, addr, user string, n int, who http.Header) {
	req, err := http.NewRequest(method, fmt.Sprintf("http://%s/%s/%d", addr, user, n), nil)
	if err != nil {
		m.t.Error(err)
		return
	}
	req.Header = who.Clone()
	resp, err := c.Do(req)
	if err != nil {
		m.t.Error(err)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// An audience is a target that notes when it was asked what by whom.
type audience struct {
	after time.Duration // until it responds
	start time.Time
	mu    sync.Mutex
	seen  []hearing
}

// A hearing is a request that came to an audience.
type hearing struct {
	user     string
	n        int
	write    bool
	from, to time.Duration
}

func newAudience(after time.Duration) *audience { return &audience{after: after, start: time.Now()} }

func (a *audience) serve(_ http.ResponseWriter, r *http.Request) {
	h := hearing{from: time.Since(a.start), write: r.Method != http.MethodGet}
	user, n, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	h.user = user
	h.n, _ = strconv.Atoi(n)
	time.Sleep(a.after)
	h.to = time.Since(a.start)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seen = append(a.seen, h)
}

func (a *audience) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.seen)
}

// await waits until n requests were answered.
func (a *audience) await(t *testing.T, n int) {
	t.Helper()
	for limit := time.Now().Add(3 * patience); a.count() < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d requests have arrived, want %d", a.count(), n)
		}
	}
}

// byUser are the requests of each user in the order in which they came.
func (a *audience) byUser() map[string][]hearing {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := map[string][]hearing{}
	for _, h := range a.seen {
		all[h.user] = append(all[h.user], h)
	}
	for _, hs := range all {
		slices.SortFunc(hs, func(a, b hearing) int { return int(a.from - b.from) })
	}
	return all
}

// checkOrder fails unless each write of a user came after the responses to the writes
// before it; and unless, but for very few, so did what has a write before or behind it.
// On a busy machine a connection to the target may take a second, and who waits for
// that is overtaken. The first request of a connection that was open before its
// listener waits for its proof, and may be overtaken for that: nginx keeps four such.
func (a *audience) checkOrder(t *testing.T, name string) {
	t.Helper()
	pairs, wrong, wrongWrites := 0, 0, 0
	for user, hs := range a.byUser() {
		if user == "program" {
			continue
		}
		for i, h := range hs {
			for _, later := range hs[i+1:] {
				if !h.write && !later.write {
					continue
				}
				if pairs++; h.n > later.n || later.from < h.to {
					wrong++
					t.Logf("%s: %+v, then %+v", name, h, later)
					if h.write && later.write {
						wrongWrites++
					}
				}
			}
		}
	}
	const joined = 4
	if wrongWrites > joined || wrong > pairs/500 || pairs == 0 {
		t.Errorf("%s: of %d pairs of a user's requests %d are out of order, %d of two writes", name, pairs, wrong, wrongWrites)
	}
}

// TestLiveUserStream has a user with an open event stream, and 400 requests a second
// of others beside it, all over four connections to a server: a write of the stream's
// user is not held up, nor is anybody else.
func TestLiveUserStream(t *testing.T) {
	m := newMirror(t)
	serveHTTP(t, m.web.listen(":80"), func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })
	target := newAudience(20 * time.Millisecond)
	serveHTTP(t, m.stage.listen(":8001"), func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/stream/") {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		target.serve(w, r)
	})
	m.replay("-f", "http://"+stageIP+":8001")
	m.listen()
	const seconds, rate, conns = 5, 400, 4
	watcher := http.Header{"Cookie": {"sid=watcher"}}
	streamer, writer := m.browser(), m.browser()
	m.ask(streamer, "GET", webAddr, "stream", 0, watcher)
	time.Sleep(1500 * time.Millisecond)
	var all sync.WaitGroup
	for c := range conns {
		all.Go(func() {
			conn := m.browser()
			defer conn.CloseIdleConnections()
			tick := time.NewTicker(time.Second * conns / rate)
			defer tick.Stop()
			for i := range seconds * rate / conns {
				<-tick.C
				user := fmt.Sprintf("%d.%d", c, i%100)
				m.ask(conn, []string{"GET", "POST"}[i%2], webAddr, "x"+user, i, http.Header{"Cookie": {"sid=" + user}})
			}
		})
	}
	for n := range seconds * 5 {
		m.ask(writer, "POST", webAddr, "watcher", n, watcher)
		time.Sleep(200 * time.Millisecond)
	}
	all.Wait()
	target.await(t, seconds*rate+seconds*5)
	m.listener.interrupt()
	m.replayer.interrupt()
	replay := finalAccounts(t, m.replayer)
	replay.checkTargets(t)
	got := replay.target(t, 0)
	if n, want := got.number("answered"), uint64(seconds*rate+seconds*5); n != want || got.number("queue_full") > 0 {
		t.Errorf("%d of %d answered: %v", n, want, got)
	}
	t.Logf("%v", m.replayer.stderr.String()[strings.LastIndex(m.replayer.stderr.String(), `"msg":"accounts"`):])
	target.checkOrder(t, "the target")
	for i, h := range target.byUser()["watcher"] {
		if h.n != i {
			t.Fatalf("write %d came as number %d", h.n, i)
		}
	}
}
