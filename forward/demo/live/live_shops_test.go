//go:build linux

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// errands are what the users of a bazaar ask for.
func errands() []string {
	return []string{
		"GET /", "GET /api/items", "GET /api/items/%d", "GET /api/items/%d/reviews", "GET /api/cart", "POST /api/cart", "POST /api/orders?item=%d", "GET /api/orders/%d",
		"GET /api/me", "PUT /api/me", "GET /api/feed", "GET /api/search?q=%d", "GET /api/status", "GET /static/app.js", "GET /pages/about", "GET /pages/help",
		"DELETE /api/cart/%d", "GET /api/prices/%d", "GET /api/flags", "HEAD /api/items", "GET /go/%d", "GET /api/flaky", "GET /api/stock/%d",
	}
}

// A visitor is a user with a browser: he logs in, keeps his cookies and what is cached,
// and now and then comes on a new connection.
type visitor struct {
	name   string
	client *http.Client
	sid    string
	etags  map[string]string
}

// ask sends one request and reads the answer.
func (v *visitor) ask(method, target string) error {
	q, err := http.NewRequest(method, "http://"+webAddr+target, nil)
	if err != nil {
		return err
	}
	if v.sid != "" {
		q.Header.Set("Cookie", "theme=dark; sid="+v.sid)
	}
	if tag := v.etags[target]; tag != "" && method == "GET" {
		q.Header.Set("If-None-Match", tag)
	}
	resp, err := v.client.Do(q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if tag := resp.Header.Get("Etag"); tag != "" && method == "GET" {
		v.etags[target] = tag
	}
	for _, c := range resp.Cookies() {
		if c.Name == "sid" {
			v.sid = c.Value
		}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// stroll makes n requests, one each pause or as fast as can be.
func (v *visitor) stroll(n int, pause time.Duration) error {
	if err := v.ask("POST", "/login?user="+v.name); err != nil {
		return err
	}
	all := errands()
	for due, i := time.Now(), 0; i < n; i, due = i+1, due.Add(pause) {
		time.Sleep(time.Until(due))
		method, target, _ := strings.Cut(all[rand.IntN(len(all))], " ")
		if strings.Contains(target, "%d") {
			target = fmt.Sprintf(target, rand.IntN(50))
		}
		if err := v.ask(method, target); err != nil {
			return err
		}
		if oneIn(100) {
			v.client.CloseIdleConnections()
		}
	}
	return nil
}

// throng has users make total requests of the bazaar in web, perSecond all together.
func (m *mirror) throng(users, total, perSecond int) {
	m.t.Helper()
	var all sync.WaitGroup
	for i := range users {
		all.Go(func() {
			t := &http.Transport{DialContext: func(_ context.Context, network, addr string) (net.Conn, error) { return m.client.dial(network, addr) }}
			defer t.CloseIdleConnections()
			v := &visitor{name: fmt.Sprint("user", i), etags: map[string]string{}, client: &http.Client{Timeout: patience, Transport: t,
				CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
			if err := v.stroll(total/users, time.Second*time.Duration(users)/time.Duration(perSecond)); err != nil {
				m.t.Error(err)
			}
		})
	}
	all.Wait()
}

// bazaar runs one in a namespace until the test ends.
func (m *mirror) bazaar(n *namespace, addr string, b *bazaar) {
	s := &http.Server{Handler: b}
	go s.Serve(n.listen(addr))
	m.t.Cleanup(func() { s.Close() })
}

// verdict is what a report says of the only target that is compared.
type verdict struct {
	Compared, Same, Different, Undecided uint64
	NotLoggedIn                          uint64 `json:"not_logged_in"`
	NotModified                          uint64 `json:"not_modified"`
	NoOriginal                           uint64 `json:"no_original"`
	NoResponse                           uint64 `json:"no_response"`
	Expired, Waiting                     uint64
	Routes                               []struct {
		Route       string
		Slower      bool
		Paths, Open []struct{ Path, What string }
	}
}

// verdictIn reads a report.
func verdictIn(t *testing.T, file string) verdict {
	t.Helper()
	var r struct{ Comparison struct{ Targets []verdict } }
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || len(r.Comparison.Targets) != 1 {
		t.Fatalf("%s: %v", b, err)
	}
	return r.Comparison.Targets[0]
}

// findings are what it says is different, and slower, as planted is written.
func (v *verdict) findings() (all []string) {
	for _, r := range v.Routes {
		for _, p := range r.Paths {
			all = append(all, r.Route+" "+p.Path+" "+p.What)
		}
		if r.Slower {
			all = append(all, r.Route+" slower")
		}
	}
	slices.Sort(all)
	return all
}

// open are the places of which it says that too little is known.
func (v *verdict) open() (all []string) {
	for _, r := range v.Routes {
		for _, p := range r.Open {
			all = append(all, r.Route+" "+p.Path+" "+p.What)
		}
	}
	return all
}

// TestLiveShops: of two servers with the noise that servers have, users with sessions, and
// writes, a report names each thing that the second does wrong, with its route, and nothing
// else. Where few responses are looked at, as without -full, it may say of some that too
// little is known.
func TestLiveShops(t *testing.T) {
	t.Parallel()
	users, perSecond, part := 500, 1500, 1
	if !*full { // a few seconds, beside other tests
		users, perSecond, part = 40, 250, 50
	}
	most := []string{"--responses", "100%", "--response-body", "16KiB"}
	few := []string{"--responses", "10%", "--response-body", "16KiB"}
	for _, tt := range []struct {
		name       string
		isNew, own bool
		total      int
		listen     []string
		echo       string
	}{
		{"planted", true, false, 100_000, most, "5%"},
		{"nothing planted", false, false, 100_000, most, "5%"},
		{"planted, a tenth of the responses", true, false, 100_000, few, "1%"},
		{"nothing planted, a tenth of the responses", false, false, 50_000, few, "1%"},
		{"nothing planted, sessions of its own", false, true, 50_000, most, "1%"},
	} {
		if !*full && (tt.listen[1] != "100%" || !tt.isNew && !tt.own) {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			m := newMirror(t)
			m.bazaar(m.web, ":80", newBazaar(false, tt.own))
			m.bazaar(m.stage, ":8001", newBazaar(tt.isNew, tt.own))
			file := filepath.Join(t.TempDir(), "report.json")
			m.replay("-f", "http://"+stageIP+":8001", "--echo", tt.echo, "--report", file)
			m.listen(tt.listen...)
			m.throng(users, tt.total/part, perSecond)
			time.Sleep(2 * time.Second) // for the last echoes
			m.listener.interrupt()
			m.replayer.interrupt()
			if a := finalAccounts(t, m.replayer).target(t, 0); a.number("answered") != a.number("received") { // what is dropped is missing in the shop
				t.Fatalf("the target did not keep up, so the two shops are not the same any more: run it where nothing else runs: %v", a)
			}
			v := verdictIn(t, file)
			t.Logf("compared %d, same %d, different %d, undecided %d, not logged in %d, others %d", v.Compared, v.Same, v.Different, v.Undecided, v.NotLoggedIn,
				v.NotModified+v.NoOriginal+v.NoResponse+v.Expired+v.Waiting)
			v.check(t, tt.isNew, *full && tt.listen[1] == "100%" && !tt.own)
		})
	}
}

// check fails unless what was planted was found, or is open where not all was compared,
// and nothing else.
func (v *verdict) check(t *testing.T, isNew, isAll bool) {
	want := planted()
	if !isNew {
		want = nil
	}
	found, open := v.findings(), v.open()
	for _, f := range found {
		if !slices.Contains(want, f) {
			t.Errorf("%s is not so", f)
		}
	}
	missed := slices.DeleteFunc(want, func(w string) bool {
		return slices.Contains(found, w) || !isAll && slices.Contains(open, w)
	})
	if rare := 4; len(missed) > 0 && (*full || len(missed) > rare) { // of few requests, what happens to one in twenty may happen to none
		t.Errorf("not found: %s", strings.Join(missed, ", "))
	}
	if *full && v.Undecided*10 > v.Compared || isAll && v.Undecided*1000 > v.Compared {
		t.Errorf("%d of %d undecided: %s", v.Undecided, v.Compared, strings.Join(open, ", "))
	}
	if v.NoOriginal+v.NoResponse+v.Expired+v.Waiting > 0 {
		t.Errorf("not compared: %+v", v)
	}
}
