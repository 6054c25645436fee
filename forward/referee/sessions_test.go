package referee

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"gor/forward"
)

// newClub is a server with sessions of its own: /login?name=N lets a member in, /me greets him,
// /logout ends it.
func newClub(t *testing.T, login time.Duration) *httptest.Server {
	var mu sync.Mutex
	members := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sid := ""
		if c, err := r.Cookie("sid"); err == nil {
			sid = c.Value
		}
		switch r.URL.Path {
		case "/login":
			time.Sleep(login)
			sid = rand.Text()
			mu.Lock()
			members[sid] = r.URL.Query().Get("name")
			mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: sid, HttpOnly: true})
		case "/logout":
			mu.Lock()
			delete(members, sid)
			mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "sid", MaxAge: -1, HttpOnly: true})
			fmt.Fprint(w, "bye")
			return
		}
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "text/plain")
		if name := members[sid]; name != "" {
			fmt.Fprintf(w, "hello %s, nice to see you", name)
		} else {
			fmt.Fprint(w, "hello, please log in")
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// A member is a user of production whose requests are mirrored.
type member struct {
	t          *testing.T
	m          *match
	production string
	n          uint64
	step       uint64
	cookie     string
	late       *Original // what production answered to the request before, and nobody was told of yet
}

// ask sends a request to production and a copy to the target; production's answer is told
// with it or, if that is late, behind the next request.
func (u *member) ask(method, path string, late bool) {
	u.t.Helper()
	req, err := http.NewRequest(method, u.production+path, nil)
	if err != nil {
		u.t.Fatal(err)
	}
	raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: club\r\n", method, path)
	if u.cookie != "" {
		req.Header.Set("Cookie", u.cookie)
		raw += "Cookie: " + u.cookie + "\r\n"
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		u.t.Fatal(err)
	}
	defer resp.Body.Close()
	head, err := httputil.DumpResponse(resp, true)
	if err != nil {
		u.t.Fatal(err)
	}
	end := strings.Index(string(head), "\r\n\r\n") + 4
	u.step++
	user := u.n<<32 | uint64(len(u.cookie)) // who users are is found out by their cookies
	r := &forward.Request{
		Conn: u.n << 32, Index: u.step, User: user + 1, Time: int64(u.n)*60e9 + int64(u.step)*1e9, Compare: true, Raw: []byte(raw + "\r\n"),
	}
	for _, c := range resp.Cookies() {
		if u.cookie = c.Name + "=" + c.Value; c.MaxAge < 0 {
			u.cookie = ""
		}
	}
	body := head[end:]
	o := &Original{Conn: r.Conn, Index: r.Index, Head: head[:end], Body: body, Whole: true, BodyLen: int64(len(body)), At: time.Now().UnixNano()}
	u.m.fwd.Submit(r)
	u.tell()
	if u.late = o; !late {
		u.tell()
	}
}

func (u *member) tell() {
	if u.late != nil {
		u.m.Original(u.late)
	}
	u.late = nil
}

// TestSessions: two servers let the same users in under sessions of their own. Mirrored as
// they are, the users are strangers to the target, and the report says what that comes of; with the
// target's own sessions everything is the same: also where the next request comes before
// the target has answered the login, or production's answer is known.
func TestSessions(t *testing.T) {
	const members = 30
	for _, own := range []bool{false, true} {
		production, target := newClub(t, 0), newClub(t, 20*time.Millisecond)
		cfg := forward.Config{Targets: []forward.TargetSpec{{URL: target.URL}}}
		cfg.Sessions.On = own
		m := beginWith(t, Options{Baseline: -1}, cfg, nil)
		if m.fwd.OwnSessions(0) != own {
			t.Fatalf("own sessions: %v", !own)
		}
		for n := range uint64(members) {
			u := &member{t: t, m: m, production: production.URL, n: n + 1}
			late := n%2 == 1
			u.ask("GET", "/me", late)
			u.ask("POST", fmt.Sprintf("/login?name=user%d", n), late && own)
			if !own { // a session is known for one that the target does not know once its login was compared
				settled(m)
			}
			u.ask("GET", "/me", late)
			u.ask("GET", "/me", late)
			u.ask("GET", "/logout", late)
			u.ask("GET", "/me", false)
		}
		stats := settled(m)
		m.end()
		f, report := m.Fates()[0], m.Report().Targets[0]
		if own && (f.Same != 6*members || report.Foreign != nil || stats.SessionsSwapped != 3*members || stats.SessionsUnknown != 0) {
			t.Errorf("with its own sessions: %+v, %+v, %+v", f, report.Foreign, stats.SessionStats)
		}
		if own {
			continue
		}
		if f.Different < members || report.Foreign == nil || stats.SessionStats != (forward.SessionStats{}) {
			t.Fatalf("with production's: %+v, %+v", f, report.Foreign)
		}
		if h := report.Foreign; h.Different != f.Different || !strings.Contains(h.Says, "try --own-sessions") || !strings.Contains(h.Says, target.URL) {
			t.Errorf("%+v of %+v", h, f)
		}
	}
}

// settled are the accounts once everything has its fate.
func settled(m *match) forward.TargetStats {
	for {
		if s := m.fwd.Stats()[0]; s.Open() == 0 {
			return s
		}
		time.Sleep(time.Millisecond)
	}
}

// TestSessionsWithoutAnswers: where nothing is learnt, that is said before the first request.
func TestSessionsWithoutAnswers(t *testing.T) {
	specs := []forward.TargetSpec{{URL: "http://a"}, {URL: "http://b"}}
	for _, tt := range []struct {
		o    Options
		want string
	}{{Options{Off: true, Baseline: -1}, "--compare off"}, {Options{Baseline: 0}, "--compare-to"}} {
		cfg := forward.Config{Targets: specs}
		cfg.Sessions.On = true
		if _, err := New(tt.o, &cfg, false); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v", tt.o, err)
		}
	}
}
