package forward

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gor/forward/sessions"
)

// A doorkeeper is a virtual target that notes which cookies came, and when.
type doorkeeper struct {
	*virtualTarget
	start time.Time
	mu    sync.Mutex
	came  map[string]string        // Cookie by path
	at    map[string]time.Duration // by path
}

// newDoorkeeper takes a while to answer a POST.
func newDoorkeeper(login time.Duration) *doorkeeper {
	d := &doorkeeper{virtualTarget: newVirtualTarget(), start: time.Now(), came: map[string]string{}, at: map[string]time.Duration{}}
	d.reply = func(n int, r *http.Request, c net.Conn) bool {
		d.mu.Lock()
		d.came[r.URL.Path], d.at[r.URL.Path] = r.Header.Get("Cookie"), time.Since(d.start)
		d.mu.Unlock()
		if r.Method == "POST" {
			time.Sleep(login)
		}
		return replyOK(n, r, c)
	}
	return d
}

// saw is the cookie that came with a path, and when; nothing: it did not come.
func (d *doorkeeper) saw(path string) (cookie string, at time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.came[path], d.at[path]
}

// visit offers a request of a user with a cookie.
func (r *virtualRun) visit(user uint64, line, cookie string) {
	r.Submit(&Request{User: user << 32, Conn: user << 32, Raw: fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: x\r\nCookie: %s\r\nContent-Length: 0\r\n\r\n", line, cookie)})
}

// letIn is what both servers set in answer to a login.
func letIn(p, t string) []sessions.Grant {
	return []sessions.Grant{{Name: "S", Then: sessions.Cookie{Pair: "S=" + p, HTTPOnly: true}, Now: sessions.Cookie{Pair: "S=" + t, HTTPOnly: true}}}
}

var ownSessions = Config{Sessions: sessions.Config{On: true}}

// TestSessionAwaited: a request with a session that production has given waits until the
// target has given its own, in its lane, without a worker or a turn of the limit; other users go
// on. Then it goes out with that.
func TestSessionAwaited(t *testing.T) {
	for _, limit := range []string{"", "|2"} {
		synctest.Test(t, func(t *testing.T) {
			d := newDoorkeeper(500 * time.Millisecond)
			cfg := ownSessions
			cfg.Concurrency = 2
			r := runVirtual(t, cfg, []string{limit}, d.virtualTarget)
			r.visit(1, "POST /login", "a=b")
			grants := letIn("p", "t")
			r.SessionsGiven(grants)
			r.visit(2, "GET /me", "a=b; S=p")
			r.visit(2, "GET /next", "S=p")
			r.visit(3, "GET /other", "a=c")
			time.Sleep(550 * time.Millisecond)
			if _, at := d.saw("/other"); d.arrived() != 2 || at > 520*time.Millisecond {
				t.Errorf("limit %q: %d came, of another user at %v", limit, d.arrived(), at)
			}
			if s := r.Stats()[0]; s.Queue != 2 || s.InFlight != 0 {
				t.Errorf("limit %q: %d wait, %d are in flight", limit, s.Queue, s.InFlight)
			}
			r.SessionsMet(0, &sessions.Meeting{Grants: grants})
			stats := r.finish()
			if d.came["/me"] != "a=b; S=t" || d.came["/next"] != "S=t" || d.at["/next"] < d.at["/me"] {
				t.Errorf("limit %q: %q, at %v", limit, d.came, d.at)
			}
			if limit == "" && d.at["/me"] > 560*time.Millisecond {
				t.Errorf("it waited until %v", d.at["/me"])
			}
			if s := stats[0]; s.Answered != 4 || s.SessionStats != (SessionStats{SessionsSwapped: 2}) || s.Open() != 0 {
				t.Errorf("limit %q: %+v", limit, s.SessionStats)
			}
		})
	}
}

// TestSessionNever: what the target never says is waited for a second, once, and by no
// more than those that carry it.
func TestSessionNever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoorkeeper(0)
		r := runVirtual(t, ownSessions, []string{""}, d.virtualTarget)
		r.SessionsGiven(letIn("p", ""))
		r.visit(1, "GET /a", "S=p")
		r.visit(2, "GET /b", "S=p")
		time.Sleep(3 * time.Second)
		r.visit(1, "GET /later", "S=p")
		r.visit(3, "GET /stranger", "S=q")
		time.Sleep(time.Second)
		for path, until := range map[string]time.Duration{"/a": time.Second, "/b": time.Second, "/later": 3 * time.Second, "/stranger": 3*time.Second + 250*time.Millisecond} {
			if cookie, at := d.saw(path); at < until || at > until+tickEvery+10*time.Millisecond || !strings.HasPrefix(cookie, "S=") {
				t.Errorf("%s at %v with %q, want %v", path, at, cookie, until)
			}
		}
		if s := r.finish()[0]; s.SessionStats != (SessionStats{SessionsUnknown: 4}) || s.Answered != 4 {
			t.Errorf("%+v", s.SessionStats)
		}
	})
}

// TestSessionEnd: what waits for a session when no more requests come still goes out, and
// what waits when the time for delivery is over is counted.
func TestSessionEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDoorkeeper(0)
		r := runVirtual(t, ownSessions, []string{""}, d.virtualTarget)
		r.SessionsGiven(letIn("p", ""))
		r.visit(1, "GET /a", "S=p")
		time.Sleep(time.Millisecond)
		if s := r.finish()[0]; s.Answered != 1 || d.at["/a"] < time.Second {
			t.Errorf("%d answered, at %v", s.Answered, d.at["/a"])
		}
	})
	synctest.Test(t, func(t *testing.T) {
		cfg := ownSessions
		cfg.Targets = []TargetSpec{{URL: "http://nowhere.invalid"}}
		f, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			f.Run(ctx)
			close(done)
		}()
		f.SessionsGiven(letIn("p", ""))
		f.Submit(&Request{Conn: 1, Raw: []byte("GET /a HTTP/1.1\r\nHost: x\r\nCookie: S=p\r\n\r\n")})
		time.Sleep(time.Millisecond)
		stop()
		<-done
		if s := f.Stats()[0]; s.Stopped != 1 || s.Open() != 0 {
			t.Errorf("%d stopped, %d open", s.Stopped, s.Open())
		}
	})
}

// TestSessionsOfTargets: each target has sessions of its own, and one that wants none gets
// production's.
func TestSessionsOfTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := []*doorkeeper{newDoorkeeper(0), newDoorkeeper(0), newDoorkeeper(0)}
		cfg := ownSessions
		var targets []*virtualTarget
		for _, d := range all {
			targets = append(targets, d.virtualTarget)
		}
		r := runVirtual(t, cfg, []string{"", "", ""}, targets...)
		r.targets[2].book = nil
		for i, own := range []string{"t", "u"} {
			r.SessionsGiven(letIn("p", own))
			r.SessionsMet(i, &sessions.Meeting{Grants: letIn("p", own)})
		}
		r.visit(1, "GET /me", "S=p")
		r.finish()
		if got := []string{all[0].came["/me"], all[1].came["/me"], all[2].came["/me"]}; !slices.Equal(got, []string{"S=t", "S=u", "S=p"}) {
			t.Errorf("%q", got)
		}
		if !r.OwnSessions(0) || r.OwnSessions(2) {
			t.Error("who has sessions of its own")
		}
	})
}

// TestSwapBytes: a request's fields stay as they were but for the cookies that are swapped,
// over HTTP/1.1 and HTTP/2.
func TestSwapBytes(t *testing.T) {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://a"}}, Sessions: sessions.Config{On: true}})
	if err != nil {
		t.Fatal(err)
	}
	tg := f.targets[0]
	f.SessionsGiven(letIn("p", "longer"))
	f.SessionsMet(0, &sessions.Meeting{Grants: letIn("p", "longer")})
	for _, tt := range []struct {
		fields, want string
		cookies      []string // over HTTP/2
	}{
		{"cOOKIE:\t S=p;a=b \t\r\nX-A: S=p\r\n", "cOOKIE:\t S=longer;a=b \t\r\nX-A: S=p\r\n", []string{"S=longer;a=b"}},
		{"Cookie: a=b\r\nX: y\r\nCookie: S=p\r\nCookie: c=S=p\r\n", "Cookie: a=b\r\nX: y\r\nCookie: S=longer\r\nCookie: c=S=p\r\n", []string{"a=b", "S=longer", "c=S=p"}},
		{"Cookie:S=p\n", "Cookie:S=longer\n", nil},
		{"Cookie:\r\n", "Cookie:\r\n", []string{""}},
		{"Cookie: a=b;\r\n S=p\r\n", "Cookie: a=b;\r\n S=p\r\n", nil}, // folded: odd, as it was
	} {
		var s swapper
		var r request
		for range 2 { // the room is used again
			if err := r.parse([]byte("GET / HTTP/1.1\r\nHost: a\r\n" + tt.fields + "\r\n")); err != nil {
				t.Fatal(err)
			}
			if err := s.swap(tg, &r); err != nil {
				t.Fatal(err)
			}
		}
		head := string(tg.route.shape.appendHead(nil, &r, r.target))
		if _, got, _ := strings.Cut(head, "Host: a\r\n"); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%q: %q", tt.fields, got)
		}
		if tt.cookies == nil {
			continue
		}
		h := http.Header{}
		if tg.route.shape.fillHeader(h, &r); !slices.Equal(h["Cookie"], tt.cookies) {
			t.Errorf("%q: %q over HTTP/2", tt.fields, h["Cookie"])
		}
	}
}

// TestSessionFlags: what is said of all targets, or of one.
func TestSessionFlags(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []sessions.Config // by target
		err  string
	}{
		{[]string{"-f", "http://a"}, []sessions.Config{{}}, ""},
		{[]string{"--own-sessions", "-f", "http://a"}, []sessions.Config{{On: true}}, ""},
		{[]string{"--own-sessions", "--session-cookies", "SID, auth", "-f", "http://a"}, []sessions.Config{{On: true, Names: []string{"SID", "auth"}}}, ""},
		{[]string{"-f", "http://a,http://b|own-sessions"}, []sessions.Config{{}, {On: true}}, ""},
		{[]string{"-f", "http://a,http://b|own-sessions|session-cookies='S,T'"}, []sessions.Config{{}, {On: true, Names: []string{"S", "T"}}}, ""},
		{[]string{"--own-sessions", "--session-cookies", "S", "-f", "http://a|own-sessions=false,http://b|session-cookies=T"}, []sessions.Config{{Names: []string{"S"}}, {On: true, Names: []string{"T"}}}, ""},
		{[]string{"--session-cookies", "S", "-f", "http://a,http://b|own-sessions"}, []sessions.Config{{Names: []string{"S"}}, {On: true, Names: []string{"S"}}}, ""},
		{[]string{"--session-cookies", "S", "-f", "http://a"}, nil, "give both"},
		{[]string{"-f", "http://a|session-cookies=S"}, nil, "give both"},
		{[]string{"--own-sessions", "--session-cookies", "a b"}, nil, "not a cookie's name"},
		{[]string{"--own-sessions", "--session-cookies", ","}, nil, "not a cookie's name"},
	} {
		cfg, err := fromFlags(t, tt.args...)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q: %v, want %s", tt.args, err, tt.err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", tt.args, err)
		}
		for i := range cfg.Targets {
			got := cfg.Sessions
			if own := cfg.Targets[i].Own; own != nil {
				got = own.Sessions
			}
			if got.On != tt.want[i].On || !slices.Equal(got.Names, tt.want[i].Names) || cfg.Targets[i].OwnSessions(&cfg) != got.On {
				t.Errorf("%q: target %d: %+v", tt.args, i, got)
			}
		}
	}
}
