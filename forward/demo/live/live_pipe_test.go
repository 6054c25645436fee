//go:build linux

package live

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestJSONFilters runs each of the filters of gor help json as it is written, in the pipe
// that it is said to belong in: from a recording to a server, which gets what the filter
// is said to let through, in order.
func TestJSONFilters(t *testing.T) {
	needRoot(t)
	needTools(t, "jq", "python3")
	pipe, filters := jsonFilters(t)
	if len(filters) < 5 {
		t.Fatalf("%d filters", len(filters))
	}
	n, dir := newNamespace(t), t.TempDir()
	copyBinary(t, dir)
	sent := pipedRequests(100)
	compressed(t, filepath.Join(dir, "users.pcap.gz"), sent)
	server := n.newSeen("127.0.0.1:8000")
	want := map[string]func(i int, r string) (string, bool){
		"grep":          func(_ int, r string) (string, bool) { return r, !strings.HasPrefix(r, "POST") },
		"awk":           func(i int, r string) (string, bool) { return r, i%10 == 0 },
		"jq -c 'select": func(_ int, r string) (string, bool) { return r, strings.Contains(r, " /api/") },
		"jq -c '.raw": func(_ int, r string) (string, bool) {
			return strings.Replace(r, "Mozilla/5.0 (X11)", "replayed", 1), true
		},
		"python3": func(_ int, r string) (string, bool) { return strings.Replace(r, " /api/", " /v2/", 1), true },
	}
	for begins, kept := range want {
		i := slices.IndexFunc(filters, func(f string) bool { return strings.HasPrefix(f, begins) })
		if i < 0 {
			t.Errorf("there is no filter %s...", begins)
			continue
		}
		server.forget()
		line := strings.NewReplacer("gor ", "./gor ", "http://staging", "127.0.0.1:8000 --speed max", "FILTER", "{\n"+filters[i]+"\n}").Replace(pipe)
		p := n.start(func(cmd *exec.Cmd) { cmd.Dir = dir }, "sh", "-c", line)
		if code := p.wait(); code != 0 {
			t.Errorf("%s: status %d\n%s", line, code, p.stderr.String())
		}
		var all []string
		for i, r := range sent {
			if r, isKept := kept(i, r); isKept {
				all = append(all, r)
			}
		}
		if got := server.requests(); !slices.Equal(got, all) {
			t.Errorf("%s: %d requests came, want %d; the first %.200q, want %.200q", filters[i], len(got), len(all), got[:min(1, len(got))], all[:1])
		}
	}
}

// jsonFilters are the filters of gor help json, and the pipe that has one.
func jsonFilters(t *testing.T) (pipe string, filters []string) {
	t.Helper()
	pipe, rest, found := strings.Cut(readFile(t, "../../command/topics/json.txt"), "where FILTER is")
	_, pipe, found2 := strings.Cut(pipe, "replayed:\n")
	if !found || !found2 {
		t.Fatal("there are no filters in the topic")
	}
	for _, part := range strings.Split(rest, "\n\n# ")[1:] {
		_, filter, _ := strings.Cut(strings.TrimSpace(part), "\n")
		filters = append(filters, filter)
	}
	return strings.TrimSpace(pipe), filters
}

// pipedRequests are n requests of one user, as the server is to get them: its name and
// the header of replayed requests left out.
func pipedRequests(n int) (all []string) {
	for i := range n {
		method, path, body := "GET", fmt.Sprintf("/pages/%d", i), ""
		if i%3 == 1 {
			path = fmt.Sprintf("/api/items/%d", i)
		}
		if i%4 == 1 {
			method, body = "POST", fmt.Sprintf("name=%d", i)
		}
		all = append(all, fmt.Sprintf("%s %s Mozilla/5.0 (X11) %s", method, path, body))
	}
	return all
}

// compressed writes a recording of such requests, a tenth of a second apart.
func compressed(t *testing.T, file string, requests []string) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, r := range requests {
		part := strings.SplitN(r, " ", 5)
		raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: %s %s\r\nContent-Length: %d\r\n\r\n%s", part[0], part[1], part[2], part[3], len(part[4]), part[4])
		fmt.Fprintf(w, `{"conn":"a","index":%d,"time":%q,"raw":%q}`+"\n", i, at.Add(time.Duration(i)*100*time.Millisecond).Format(time.RFC3339Nano), base64.StdEncoding.EncodeToString([]byte(raw)))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A seen is a server that keeps what it gets.
type seen struct {
	mu  sync.Mutex
	all []string
}

func (n *namespace) newSeen(addr string) *seen {
	n.t.Helper()
	s := &seen{}
	srv := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			n.t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = append(s.all, fmt.Sprintf("%s %s %s %s", r.Method, r.URL.Path, r.UserAgent(), body))
	})}
	ln, done := n.listen(addr), make(chan struct{})
	go func() {
		defer close(done)
		srv.Serve(ln)
	}()
	n.t.Cleanup(func() { srv.Close(); <-done })
	return s
}

func (s *seen) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func (s *seen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}
