//go:build linux

package live

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gor/udpwire"
)

// A halves receives what a listener sends, in the place of a replayer: the requests of
// a run and production's responses to them.
type halves struct {
	t    testing.TB
	stop func() // and waits for the end

	mu        sync.Mutex
	requests  map[key]udpwire.Message
	responses map[key]udpwire.Response
}

// A key says which request it is.
type key struct{ conn, index uint64 }

// receiveHalves receives in stage.
func (m *mirror) receiveHalves() *halves {
	m.t.Helper()
	var recv *udpwire.Receiver
	var err error
	m.stage.do(func() { recv, err = udpwire.Listen(udpwire.ReceiverConfig{Addr: wireAddr, Responses: true}) })
	if err != nil {
		m.t.Fatal(err)
	}
	h := &halves{t: m.t, requests: map[key]udpwire.Message{}, responses: map[key]udpwire.Response{}}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- recv.Run(ctx, h.take) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			m.t.Error(err)
		}
	})
	m.t.Cleanup(h.stop)
	return h
}

// take keeps a copy of a message.
func (h *halves) take(m *udpwire.Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := key{m.Conn, m.Index}
	if m.Kind == udpwire.KindRequest {
		if _, twice := h.requests[k]; twice {
			h.t.Errorf("a request came twice: %q", m.Body)
		}
		h.requests[k] = udpwire.Message{Src: m.Src, Answered: m.Answered, Time: m.Time, Body: bytes.Clone(m.Body)}
		return
	}
	r, ok := udpwire.ParseResponse(m.Body)
	if _, twice := h.responses[k]; twice || !ok {
		h.t.Errorf("a response came twice, or means nothing (%t): %q", ok, m.Body)
	}
	if _, before := h.requests[k]; !before {
		h.t.Errorf("a response came before its request: %q", r.Head)
	}
	r.Head, r.Body = bytes.Clone(r.Head), bytes.Clone(r.Body)
	h.responses[k] = r
}

// await waits until as many of each have come.
func (h *halves) await(requests, responses int) {
	h.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		h.mu.Lock()
		r, a := len(h.requests), len(h.responses)
		h.mu.Unlock()
		if r >= requests && a >= responses {
			return
		}
		if time.Now().After(limit) {
			h.t.Fatalf("%d requests and %d responses, want %d and %d", r, a, requests, responses)
		}
	}
}

// answeringServers is nginx with an answer of every kind. Each has the request's id,
// and so has the log, which is the truth.
const answeringServers = `
	log_format ids "$arg_id $status $request_method"; access_log %[1]s/ids ids;
	server {
		listen 0.0.0.0:80 backlog=4096; listen [::]:80 backlog=4096; add_header X-Id $arg_id always; root %[1]s;
		etag on; gzip_min_length 1; gzip_types *; gzip_comp_level 1; client_max_body_size 100k;
		location /text { return 200 "0123456789abcdef"; }
		location /none { return 204; }
		location /moved { return 301 /text; }
		location /packed { gzip on; try_files /file =404; }
		location /huge { try_files /large =404; }
		location / { try_files $uri =404; }
	}`

// answered runs it in web, and returns what reads its log: the status and the method
// by id.
func (m *mirror) startAnswering() (truth func() map[string]string) {
	dir := m.t.TempDir()
	os.Chmod(dir, 0o755)
	for name, size := range map[string]int{"file": 20_000, "large": 1 << 20} {
		if err := os.WriteFile(filepath.Join(dir, name), bytes.Repeat([]byte("HTTP/1.1 200 OK\r\n"), size/17), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	m.runNginx(dir, fmt.Sprintf(answeringServers, dir))
	return func() map[string]string { return readIDs(m.t, filepath.Join(dir, "ids")) }
}

// readIDs reads a log of "id status method".
func readIDs(t testing.TB, name string) map[string]string {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for line := range strings.Lines(string(b)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		ids[id] = rest
	}
	return ids
}

// A variety sends requests of all kinds from client, on as many connections as there
// are workers, which close some of them.
type variety struct {
	m       *mirror
	host    string
	name    string // is put before the ids
	workers int
	each    int // requests of a worker
}

// run sends them.
func (v *variety) run() {
	var all sync.WaitGroup
	for w := range v.workers {
		all.Go(func() {
			client := &http.Client{
				Timeout:       patience,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
				Transport: &http.Transport{DisableCompression: true, MaxConnsPerHost: 1, DialContext: func(context.Context, string, string) (net.Conn, error) {
					return v.m.client.dial("tcp", v.host)
				}},
			}
			defer client.CloseIdleConnections()
			for i := range v.each {
				if err := v.exchange(client, w, i); err != nil {
					v.m.t.Errorf("request %d of worker %d: %v", i, w, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// exchange sends one request, and reads the answer to its end.
func (v *variety) exchange(client *http.Client, worker, i int) error {
	kinds := []struct {
		method, path string
		fields       http.Header
		body         int
	}{
		{method: "GET", path: "/text"}, {method: "HEAD", path: "/text"}, {method: "GET", path: "/none"}, {method: "GET", path: "/moved"},
		{method: "GET", path: "/file"}, {method: "HEAD", path: "/file"}, {method: "GET", path: "/missing"},
		{method: "GET", path: "/packed", fields: http.Header{"Accept-Encoding": {"gzip"}}},
		{method: "HEAD", path: "/packed", fields: http.Header{"Accept-Encoding": {"gzip"}}},
		{method: "GET", path: "/file", fields: http.Header{"If-Modified-Since": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}},
		{method: "GET", path: "/file", fields: http.Header{"Range": {"bytes=5-100"}}},
		{method: "POST", path: "/text", body: 1}, {method: "POST", path: "/text", body: 2000}, {method: "PUT", path: "/none", body: 10},
		{method: "GET", path: "/huge"}, {method: "GET", path: "/text", fields: http.Header{"Connection": {"close"}}},
	}
	k := kinds[(i*7+worker)%len(kinds)]
	r, err := http.NewRequest(k.method, fmt.Sprintf("http://%s%s?id=%s-%d-%d", v.host, k.path, v.name, worker, i), bytes.NewReader(make([]byte, k.body)))
	if err != nil {
		return err
	}
	if r.Header = k.fields.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	r.Close = k.fields.Get("Connection") == "close"
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// check holds the pairs against what the server knows: each request of the share has
// the response that was given to it, and no other has any.
func (h *halves) check(truth map[string]string, share func(netip.AddrPort) bool) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	left := maps.Clone(truth)
	for k, request := range h.requests {
		line, _, _ := strings.Cut(string(request.Body), "\r\n")
		method, rest, _ := strings.Cut(line, " ")
		target, err := url.Parse(strings.Fields(rest)[0])
		if err != nil {
			h.t.Fatal(err)
		}
		id := target.Query().Get("id")
		want, known := truth[id]
		if delete(left, id); !known {
			h.t.Errorf("the server has not answered %q", line)
		}
		response, come := h.responses[k]
		switch in := share(request.Src); {
		case in != request.Answered || in != come:
			h.t.Errorf("%q: of the share %t, said to be answered %t, a response came %t", line, in, request.Answered, come)
		case come && response.Missing:
			h.t.Errorf("%q: its response is missing", line)
		case come:
			status := strings.Fields(string(response.Head))[1]
			if !strings.Contains(string(response.Head), "\r\nX-Id: "+id+"\r\n") || status+" "+method != want {
				h.t.Errorf("%q, which was answered with %s, got\n%s", line, want, response.Head)
			}
		}
	}
	if len(left) > 0 {
		h.t.Errorf("%d of %d requests have not come, such as %v", len(left), len(truth), slices.Sorted(maps.Keys(left))[0])
	}
}
