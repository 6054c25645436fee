package compare

import (
	"fmt"
	"strings"
	"testing"

	"gor/forward/compare/diff"
)

// TestForeign: it is said that sessions may be the reason if exchanges with one that the
// target does not know differ more often than others, and only then.
func TestForeign(t *testing.T) {
	page := func(body, cookie string) *diff.Answer {
		a := &diff.Answer{Status: 200, Body: []byte(body), BodyLen: int64(len(body)), State: diff.Whole}
		if cookie != "" {
			a.Fields = append(a.Fields, diff.Field{Name: "set-cookie", Value: cookie})
		}
		return a
	}
	const users = 60
	for _, tt := range []struct {
		name     string
		method   string // of the request that sets the cookie
		p, t     string // what is set
		own      bool
		with     string // what the target says to those who have the cookie
		without  string // and to others
		want     bool
		exchange uint64 // with a session
	}{
		{"strangers to the target", "POST", "S=p%d; HttpOnly", "S=t%d; HttpOnly", false, "Log in", "Welcome", true, users},
		{"each visitor has one, and logs in", "GET", "S=p%d; HttpOnly", "S=t%d; HttpOnly", false, "Log in", "Welcome", true, users},
		{"for scripts", "POST", "S=p%d", "S=t%d", false, "Log in", "Welcome", false, 0},
		{"shared", "POST", "S=p%d; HttpOnly", "S=p%d; HttpOnly", false, "Log in", "Welcome", false, 0},
		{"its own sessions", "POST", "S=p%d; HttpOnly", "S=t%d; HttpOnly", true, "Log in", "Welcome", false, 0},
		{"nothing differs", "POST", "S=p%d; HttpOnly", "S=t%d; HttpOnly", false, "Hello", "Welcome", false, 0},
		{"everything does", "POST", "S=p%d; HttpOnly", "S=t%d; HttpOnly", false, "Log in", "Log in", false, 0},
	} {
		cfg := Config{}
		if tt.own {
			cfg.Own = []bool{true}
		}
		e := newEngine(t, cfg)
		n := uint64(0)
		meet := func(user uint64, method, path, cookie string, then, now *diff.Answer) {
			n++
			e.Original(Key{user, n}, then)
			raw := method + " " + path + " HTTP/1.1\r\nHost: a\r\nCookie: x=1; " + cookie + "\r\n\r\n"
			e.Response(&Exchange{Key: Key{user, n}, User: user, Method: []byte(method), Path: []byte(path), Raw: []byte(raw), Time: began + int64(n)*1e9, Answer: now})
		}
		for u := range uint64(users) {
			set := func(form string) string { return strings.ReplaceAll(form, "%d", fmt.Sprint(u)) }
			meet(u, tt.method, "/in", "", page("Welcome", set(tt.p)), page(tt.without, set(tt.t)))
			cookie, _, _ := strings.Cut(set(tt.p), ";")
			meet(u, "GET", "/me", cookie, page("Hello", ""), page(tt.with, ""))
			meet(u, "GET", "/me", "", page("Welcome", ""), page(tt.without, ""))
		}
		r := e.Report()
		got := r.Targets[0].Foreign
		if (got != nil) != tt.want {
			t.Errorf("%s: %+v of %+v", tt.name, got, r.Targets[0].Fates)
			continue
		}
		text := string(r.AppendText(nil, 100))
		html, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Contains(text, "sessions:"); said != tt.want || strings.Contains(string(html), "try --own-sessions") != tt.want {
			t.Errorf("%s: in the text: %v\n%s", tt.name, said, text)
		}
		if !tt.want {
			continue
		}
		if got.Exchanges != tt.exchange || got.Different != users || got.Rest != 0 || got.Others != 2*users ||
			!strings.HasPrefix(got.Says, "60 of 60 different exchanges carried a session that production gave and http://") {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}
