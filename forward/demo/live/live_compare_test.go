//go:build linux

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A shop is a server whose answers differ by themselves: in a time, a number of the
// request, an order by chance. A new one lacks a field, has another value, and fails
// at some of a route's requests.
func newShop(isNew bool) http.Handler {
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, status int, body map[string]any) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", fmt.Sprintf("%016x", rand.Uint64()))
		body["now"] = time.Now().UnixNano()
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(body)
	}
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		body := map[string]any{"id": r.PathValue("id"), "stock": 7, "tags": []string{"a", "b"}[rand.IntN(2):]}
		if isNew {
			delete(body, "stock")
		}
		say(w, 200, body)
	})
	mux.HandleFunc("GET /prices/{id}", func(w http.ResponseWriter, r *http.Request) {
		say(w, 200, map[string]any{"price": map[bool]int{false: 100, true: 101}[isNew]})
	})
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		if isNew && strings.HasSuffix(r.PathValue("id"), "7") {
			say(w, 500, map[string]any{"error": "no such table"})
			return
		}
		say(w, 200, map[string]any{"order": r.PathValue("id")})
	})
	mux.HandleFunc("GET /fine/{id}", func(w http.ResponseWriter, r *http.Request) { say(w, 200, map[string]any{"fine": true}) })
	return mux
}

// shop runs one in a namespace until the test ends.
func (m *mirror) shop(n *namespace, addr string, isNew bool) {
	s := &http.Server{Handler: newShop(isNew)}
	go s.Serve(n.listen(addr))
	m.t.Cleanup(func() { s.Close() })
}

// goShopping sends each requests of eight users from client to web, all routes alike.
func (m *mirror) goShopping(each int) {
	m.t.Helper()
	var all sync.WaitGroup
	for user := range 8 {
		all.Go(func() {
			c := &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: func(_ context.Context, network, addr string) (net.Conn, error) {
				return m.client.dial(network, addr)
			}}}
			defer c.CloseIdleConnections()
			for i := range each {
				route := []string{"items", "prices", "orders", "fine"}[(i+user)%4]
				q, err := http.NewRequest("GET", fmt.Sprintf("http://%s/%s/%d", webAddr, route, i/4), nil)
				if err == nil {
					q.Header.Set("Cookie", fmt.Sprintf("sid=user%d", user))
					var resp *http.Response
					if resp, err = c.Do(q); err == nil {
						_, err = io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}
				if err != nil {
					m.t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// found is what a report says of the only target compared: by route and place, in how
// many it differs.
func found(t *testing.T, file string) (places map[string]uint64, compared, different uint64) {
	t.Helper()
	var r struct {
		Comparison struct {
			Targets []struct {
				Compared, Different uint64
				Routes              []struct {
					Route string
					Paths []struct {
						Path  string
						Count uint64
					}
				}
			}
		}
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || len(r.Comparison.Targets) != 1 {
		t.Fatalf("%s: %v", b, err)
	}
	places = map[string]uint64{}
	for _, route := range r.Comparison.Targets[0].Routes {
		for _, p := range route.Paths {
			places[route.Route+" "+p.Path] = p.Count
		}
	}
	return places, r.Comparison.Targets[0].Compared, r.Comparison.Targets[0].Different
}

// TestLiveCompare: what is wrong with a new version is found alike in three ways: live,
// from a recording of both directions, and beside the old version.
func TestLiveCompare(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	needTools(t, "tcpdump")
	m.shop(m.web, ":80", false)
	m.shop(m.stage, ":8001", true)
	m.shop(m.stage, ":8002", false)
	dir := t.TempDir()
	os.Chmod(dir, 0o777)
	const newURL, oldURL = "http://" + stageIP + ":8001", "http://" + stageIP + ":8002"
	recording := filepath.Join(dir, "both.pcap")
	dump := m.web.start(nil, "tcpdump", "-Z", "root", "-i", "w0", "-B", "8192", "-U", "-w", recording, "tcp port 80")
	dump.await("listening on")
	file := func(name string) string { return filepath.Join(dir, name) }
	m.replay("-f", newURL, "--echo", "20%", "--report", file("live.json"), "--report", file("live.html"))
	m.listen("--responses", "100%", "--response-body", "16KiB")
	const each = 400
	m.goShopping(each)
	time.Sleep(time.Second) // for the last echoes
	m.listener.interrupt()
	m.replayer.interrupt()
	dump.interrupt()
	ways := map[string][]string{
		"recording.json": {"-f", newURL},
		"two.json":       {"-f", oldURL + "," + newURL, "--compare-to", oldURL},
	}
	for name, args := range ways {
		p := m.stage.gor(append([]string{"replay", "--read", recording, "--echo", "20%", "--report", file(name)}, args...)...)
		if code := p.wait(); code != 0 && code != 4 {
			t.Fatalf("%s: status %d\n%s", name, code, p.stderr.String())
		}
	}
	want := []string{"GET /items/{id} $.stock", "GET /orders/{id} status", "GET /prices/{id} $.price"}
	first, compared, different := found(t, file("live.json"))
	for _, name := range append(slices.Sorted(maps.Keys(ways)), "live.json") {
		places, n, d := found(t, file(name))
		if n != 8*each || d != different || compared != 8*each {
			t.Errorf("%s: %d compared, %d different, live %d and %d", name, n, d, compared, different)
		}
		if got := slices.Sorted(maps.Keys(places)); !slices.Equal(got, want) || !maps.Equal(places, first) {
			t.Errorf("%s: %v, live %v", name, places, first)
		}
	}
	if html, err := os.ReadFile(file("live.html")); err != nil || !strings.Contains(string(html), "$.price") {
		t.Errorf("%v: the page does not say it", err)
	}
}
