//go:build linux

package live

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"gor/udpwire"
)

// A pool is a proxy that hands the requests of a steady load on to a server, on few
// connections that it keeps.
type pool struct {
	m     *mirror
	truth func() map[string]string
	stop  func() // ends the load
}

// startPool runs nginx in web as both, and a load of some hundred requests per second. Most are
// handed on by connections that last, the others by such as are closed soon.
func (m *mirror) startPool() *pool {
	dir := m.t.TempDir()
	os.Chmod(dir, 0o755)
	p := &pool{m: m}
	m.runNginx(dir, fmt.Sprintf(`
		log_format ids "$arg_id $status $request_method";
		server { listen 127.0.0.1:80 backlog=4096; listen %[2]s; add_header X-Id $arg_id always; access_log %[1]s/ids ids;
			location / { return 200 "0123456789abcdef"; } location /none { return 204; } location /packed { gzip on; gzip_min_length 1; gzip_types *; return 200 "%[3]s"; } }
		upstream pool { server 127.0.0.1:80; keepalive 16; keepalive_requests 1000000; }
		upstream brief { server 127.0.0.1:80; keepalive 4; keepalive_requests 20; }
		server { listen %[4]s; access_log off;
			location / { proxy_pass http://pool; } location /brief { proxy_pass http://brief; } proxy_http_version 1.1; proxy_set_header Connection ""; }`,
		dir, webAddr, strings.Repeat("many words ", 300), proxyAddr))
	p.truth = func() map[string]string { return readIDs(m.t, filepath.Join(dir, "ids")) }
	quit := make(chan struct{})
	var all sync.WaitGroup
	for w := range 16 {
		all.Go(func() { p.load(w, quit) })
	}
	p.stop = sync.OnceFunc(func() { close(quit); all.Wait() })
	m.t.Cleanup(p.stop)
	return p
}

// proxyAddr is where the proxy is asked.
const proxyAddr = "10.99.1.1:81"

// load asks and waits, again and again.
func (p *pool) load(worker int, quit chan struct{}) {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableCompression: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return p.m.client.dial("tcp", proxyAddr)
	}}}
	defer client.CloseIdleConnections()
	for i := 0; ; i++ {
		select {
		case <-quit:
			return
		case <-time.After(time.Duration(rand.ExpFloat64() * float64(40*time.Millisecond))):
		}
		method := []string{"GET", "GET", "HEAD", "GET"}[i%4]
		path := []string{"text", "none", "brief", "packed", "packed"}[i%5]
		r, err := http.NewRequest(method, fmt.Sprintf("http://%s/%s?id=%d-%d", proxyAddr, path, worker, i), nil)
		if err != nil {
			p.m.t.Error(err)
			return
		}
		r.Header.Set("Accept-Encoding", "gzip")
		answer, err := client.Do(r)
		if err != nil {
			p.m.t.Error(err)
			return
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// awaitPaired waits until most of what was asked in half a second has been paired, and says when it was.
func (h *halves) awaitPaired() time.Time {
	for limit := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		end := time.Now().Add(-300 * time.Millisecond) // answers come a little later
		seen, answered := h.count(end, func(*udpwire.Message, *udpwire.Response) {})
		if seen[0] >= 50 && float64(answered[0]) >= .8*float64(seen[0]) || time.Now().After(limit) {
			return end
		}
	}
}

// count returns by half seconds before an end how many requests were seen, and how many of
// them with their answers, each of which it hands to met.
func (h *halves) count(end time.Time, met func(*udpwire.Message, *udpwire.Response)) (seen, answered map[int]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen, answered = map[int]int{}, map[int]int{}
	for k, request := range h.requests {
		half := -1 // after it
		if before := end.Sub(time.Unix(0, request.Time)); before >= 0 {
			half = int(before / (500 * time.Millisecond))
		}
		seen[half]++
		if response, come := h.responses[k]; come && !response.Missing {
			answered[half]++
			met(&request, &response)
		}
	}
	return seen, answered
}

// paired holds what came against the truth, and counts it.
func (h *halves) paired(truth map[string]string, end time.Time) (seen, answered map[int]int) {
	return h.count(end, func(request *udpwire.Message, response *udpwire.Response) {
		line, _, _ := strings.Cut(string(request.Body), " HTTP/")
		method, _, _ := strings.Cut(line, " ")
		_, id, _ := strings.Cut(line, "id=")
		status := strings.Fields(string(response.Head))[1]
		if !strings.Contains(string(response.Head), "\r\nX-Id: "+id+"\r\n") || status+" "+method != truth[id] {
			h.t.Errorf("%q, which was answered with %s, got\n%s", line, truth[id], response.Head)
		}
	})
}

// TestLivePool: a listener that begins beside a busy proxy, or cannot see packets for a while,
// soon pairs nearly all requests with their answers; where packets are lost on their way, it says
// what is missing. None is paired with another's.
func TestLivePool(t *testing.T) {
	for _, tt := range []struct {
		name  string
		run   func(m *mirror) *pool
		habit bool // some are only believed to have waited
	}{
		{"joined", func(m *mirror) *pool {
			p := m.startPool()
			time.Sleep(time.Second / 2)
			m.listenToPool()
			return p
		}, true},
		{"stopped for a while", func(m *mirror) *pool {
			m.listenToPool()
			p := m.startPool()
			time.Sleep(time.Second / 2)
			m.listener.cmd.Process.Signal(syscall.SIGSTOP)
			time.Sleep(5 * time.Second / 2)
			m.listener.cmd.Process.Signal(syscall.SIGCONT)
			return p
		}, true},
		{"a path with loss", func(m *mirror) *pool {
			m.loseAnswers()
			m.listenToPool()
			p := m.startPool()
			time.Sleep(2 * time.Second)
			return p
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			h := m.receiveHalves()
			p := tt.run(m)
			end := h.awaitPaired()
			p.stop()
			m.listener.interrupt()
			h.stop()
			seen, answered := h.paired(p.truth(), end)
			a := finalAccounts(t, m.listener)
			last := float64(answered[0]) / float64(max(seen[0], 1))
			t.Logf("in half seconds before the end: %v of %v; %v", answered, seen, a.Answers)
			if last < 0.8 || a.Answers["asked"] != a.Answers["answered"]+a.Answers["missing"] || tt.habit && a.Answers["answered_by_habit"] == 0 {
				t.Errorf("%.0f %% at the end: %v %v", last*100, a.Answers, a.Kernel)
			}
		})
	}
}

// loseAnswers loses one in a hundred of the packets that the server sends.
func (m *mirror) loseAnswers() {
	needTools(m.t, "nft")
	m.web.command("nft", "add table ip loss; add chain ip loss out { type filter hook output priority 0; }; "+
		"add rule ip loss out tcp sport 80 numgen random mod 100 < 1 drop")
}

// listenToPool starts a listener beside the proxy.
func (m *mirror) listenToPool() { m.listen("-i", "lo", "--responses", "100%") }
