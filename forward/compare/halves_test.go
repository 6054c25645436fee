package compare

import (
	"slices"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// x is an exchange of a request, at a target, with an answer of a status; 0: none.
func x(index uint64, target, status int) *Exchange {
	x := &Exchange{Key: Key{1, index}, Target: target, Method: []byte("GET"), Path: []byte("/a"), Raw: []byte("GET /a HTTP/1.1\r\nHost: a\r\n\r\n"), Time: began + int64(index)*int64(time.Second)}
	if status != 0 {
		x.Answer = said(status)
	}
	return x
}

// said is an answer of a status.
func said(status int) *diff.Answer { return &diff.Answer{Status: status, State: diff.Whole} }

func newEngine(t *testing.T, cfg Config) *Engine {
	t.Helper()
	if cfg.Targets == nil {
		cfg.Targets, cfg.Baseline = []string{"http://staging"}, -1
	}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Every exchange has one fate, whichever half comes first, twice, late or never.
func TestFates(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(e *Engine)
		want Fates
	}{
		{"the original first", func(e *Engine) { e.Original(Key{1, 1}, said(200)); e.Response(x(1, 0, 200)) }, Fates{Compared: 1, Same: 1}},
		{"the response first", func(e *Engine) { e.Response(x(1, 0, 200)); e.Original(Key{1, 1}, said(200)) }, Fates{Compared: 1, Same: 1}},
		{"nothing but a response", func(e *Engine) { e.Response(x(1, 0, 200)) }, Fates{Waiting: 1}},
		{"nothing but an original", func(e *Engine) { e.Original(Key{1, 1}, said(200)) }, Fates{}},
		{"the original comes twice", func(e *Engine) {
			e.Original(Key{1, 1}, said(200))
			e.Original(Key{1, 1}, said(500))
			e.Response(x(1, 0, 200))
			e.Original(Key{1, 1}, said(500))
		}, Fates{Compared: 1, Same: 1}},
		{"no original", func(e *Engine) { e.Original(Key{1, 1}, nil); e.Response(x(1, 0, 200)) }, Fates{NoOriginal: 1}},
		{"no original, said late", func(e *Engine) { e.Response(x(1, 0, 200)); e.Original(Key{1, 1}, nil) }, Fates{NoOriginal: 1}},
		{"no original, never said", func(e *Engine) {
			e.Response(x(1, 0, 200))
			e.Advance(59 * time.Second)
			e.Response(x(2, 0, 200))
			e.Advance(61 * time.Second)
		}, Fates{NoOriginal: 1, Waiting: 1}},
		{"none until the end", func(e *Engine) { e.Response(x(1, 0, 200)); e.Close() }, Fates{NoOriginal: 1}},
		{"no response", func(e *Engine) { e.Original(Key{1, 1}, said(200)); e.Response(x(1, 0, 0)) }, Fates{NoResponse: 1}},
		{"no response, first", func(e *Engine) { e.Response(x(1, 0, 0)); e.Original(Key{1, 1}, said(200)) }, Fates{NoResponse: 1}},
		{"neither", func(e *Engine) { e.Response(x(1, 0, 0)); e.Original(Key{1, 1}, nil) }, Fates{NoResponse: 1}},
		{"another status, once", func(e *Engine) { e.Original(Key{1, 1}, said(200)); e.Response(x(1, 0, 500)) }, Fates{Compared: 1, Undecided: 1}},
		{"another status, three times", func(e *Engine) {
			for i := range uint64(3) {
				e.Original(Key{1, i}, said(200))
				e.Response(x(i, 0, 500))
			}
		}, Fates{Compared: 3, Different: 3}},
		{"not modified", func(e *Engine) {
			e.Original(Key{1, 1}, said(304))
			e.Response(x(1, 0, 200))
			e.Original(Key{1, 2}, said(200))
			e.Response(x(2, 0, 304))
		}, Fates{Compared: 2, NotModified: 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, Config{Memory: 100_000})
			tt.do(e)
			if got := e.Fates(0); got != tt.want {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
			if r := e.Report(); r.Targets[0].Fates != e.Fates(0) {
				t.Errorf("the report says %+v", r.Targets[0].Fates)
			}
		})
	}
}

// One of the targets may be what the others are compared with.
func TestBaseline(t *testing.T) {
	e := newEngine(t, Config{Targets: []string{"http://new", "http://old", "http://other"}, Baseline: 1})
	for i := range uint64(5) {
		for _, response := range []*Exchange{x(i, 0, 500), x(i, 1, 200), x(i, 2, 200)} {
			e.Response(response)
		}
	}
	e.Response(x(9, 1, 0))
	e.Response(x(9, 0, 200))
	r := e.Report()
	if r.Original != "http://old" || len(r.Targets) != 2 || r.Targets[0].Different != 5 || r.Targets[0].NoOriginal != 1 || r.Targets[1].Same != 5 || e.Fates(1) != (Fates{}) {
		t.Errorf("%+v", r)
	}
	if len(e.halves.entries) != 1 || e.halves.used > 2*entrySize { // the last: a third target may still answer
		t.Errorf("%d entries of %d bytes are kept", len(e.halves.entries), e.halves.used)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []Config{{Baseline: -1}, {Targets: []string{"a"}}, {Targets: []string{"a", "b"}, Baseline: 2}} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%+v", cfg)
		}
	}
}

// What is lent may change after the call.
func TestLent(t *testing.T) {
	e := newEngine(t, Config{})
	late := x(1, 0, 200)
	late.Answer.Body, late.Answer.State = []byte(`{"a":1}`), diff.Whole
	e.Response(late)
	copy(late.Answer.Body, "xxxxxxx")
	copy(late.Path, "xx")
	late.Answer.Status = 500
	original := said(200)
	original.Body, original.State = []byte(`{"a":1}`), diff.Whole
	e.Original(Key{1, 1}, original)
	r := e.Report()
	if len(r.Targets[0].Routes) != 1 || r.Targets[0].Routes[0].Route != "GET /a" || r.Targets[0].Same != 1 {
		t.Errorf("%+v", r.Targets[0])
	}
}

// Memory is bounded, and given back.
func TestHalvesMemory(t *testing.T) {
	e := newEngine(t, Config{Memory: 1 << 20})
	for i := range uint64(20_000) {
		e.Original(Key{2, i}, &diff.Answer{Status: 200, Body: make([]byte, i%5000)})
		e.Response(x(i, 0, 200))
		if e.halves.used > 1<<19 {
			t.Fatalf("%d bytes", e.halves.used)
		}
	}
	e.Close()
	if e.halves.used != 0 || len(e.halves.entries) != 0 {
		t.Errorf("%d bytes, %d entries are left", e.halves.used, len(e.halves.entries))
	}
	if f := e.Fates(0); f.NoOriginal+f.Expired != 20_000 {
		t.Errorf("%+v", f)
	}
}

// The oldest has to go for want of memory, and has expired.
func TestExpired(t *testing.T) {
	e := newEngine(t, Config{Memory: 100_000})
	for i := range uint64(1000) {
		e.Response(x(i, 0, 200))
	}
	f := e.Fates(0)
	if f.Expired == 0 || f.Waiting < 50 || f.Expired+f.Waiting != 1000 {
		t.Fatalf("%+v", f)
	}
	e.Original(Key{1, 999}, said(200))
	e.Original(Key{1, f.Expired}, said(200))
	e.Original(Key{1, f.Expired - 1}, said(200))
	if got := e.Fates(0); got.Same != 2 || got.Waiting != f.Waiting-2 {
		t.Errorf("%+v, then %+v", f, got)
	}
}

// Where an original had to go, the exchange that comes for it has expired, at once; so have the
// others where a waiting one had to.
func TestOriginalExpired(t *testing.T) {
	e := newEngine(t, Config{Memory: 1 << 20, Targets: []string{"http://a", "http://b"}, Baseline: -1})
	const n = 900
	for i := range uint64(n) {
		e.Original(Key{1, i}, &diff.Answer{Status: 200, Body: make([]byte, 1000)})
	}
	for target := range 2 {
		for i := range uint64(n) {
			e.Response(x(i, target, 200))
		}
		f := e.Fates(target)
		if f.NoOriginal != 0 || f.Waiting != 0 || f.Expired < n/2 || f.Compared < 20 || f.Compared+f.Expired != n {
			t.Errorf("%+v", f)
		}
	}
	e = newEngine(t, Config{Memory: 1 << 20})
	for i := range uint64(2000) {
		e.Response(x(i, 0, 200))
	}
	before := e.halves.used
	if e.Original(Key{1, 0}, said(200)); e.halves.used != before {
		t.Error("an original is kept that nobody will come for")
	}
}

// Rules take out what they name and nothing else.
func TestRules(t *testing.T) {
	for _, tt := range []struct {
		rule, route, place string
		want               bool
	}{
		{"x-version", "GET /a", "header x-version", true},
		{"X-Version", "GET /a", "header x-version", true},
		{"x-version", "GET /a", "header x-version-2", false},
		{"* x-version", "GET /a", "header x-version", true},
		{"GET /a x-version", "GET /a", "header x-version", true},
		{"GET /a x-version", "GET /ab", "header x-version", false},
		{"GET /a* x-version", "GET /ab", "header x-version", true},
		{"set-cookie", "GET /a", "header set-cookie sid", true},
		{"$.a", "GET /a", "$.a", true},
		{"$.a", "GET /a", "$.a.b", true},
		{"$.a", "GET /a", "$.a[]", true},
		{"$.a", "GET /a", "$.ab", false},
		{"$", "GET /a", "$.ab", true},
		{"status", "GET /a", "status", true},
		{"body", "GET /a", "body", true},
		{"body", "GET /a", "body length", true},
		{"body", "GET /a", "$.a", false},
	} {
		r, err := ParseRule(tt.rule)
		if err != nil || r.has(tt.route, tt.place) != tt.want {
			t.Errorf("%q, %q, %q: not %v; %v", tt.rule, tt.route, tt.place, tt.want, err)
		}
	}
	for _, s := range []string{"", " ", "a b c d"} {
		if _, err := ParseRule(s); err == nil {
			t.Errorf("%q", s)
		}
	}
	rule, _ := ParseRule("status")
	e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, Ignore: []Rule{rule}})
	for i := range uint64(9) {
		e.Original(Key{1, i}, said(200))
		e.Response(x(i, 0, 500))
	}
	if r := e.Report(); r.Targets[0].Same != 9 || r.Targets[0].Routes[0].Noise[0].Says != "ignored" {
		t.Errorf("%+v", r.Targets[0])
	}
}

// Users whom the target does not know are a class of their own; whose login was
// repeated there is told from the others.
func TestNotLoggedIn(t *testing.T) {
	e := newEngine(t, Config{})
	meet := func(i uint64, method, path, cookie string, then, now *diff.Answer) {
		e.Original(Key{1, i}, then)
		raw := method + " " + path + " HTTP/1.1\r\nHost: a\r\n"
		if cookie != "" {
			raw += "Cookie: " + cookie + "\r\n"
		}
		e.Response(&Exchange{Key: Key{1, i}, Method: []byte(method), Path: []byte(path), Raw: []byte(raw + "\r\n"), Time: began, Answer: now})
	}
	login := said(303)
	login.Fields = []diff.Field{{Name: "set-cookie", Value: "sid=abc; Path=/"}}
	toLogin := said(302)
	toLogin.Fields = []diff.Field{{Name: "location", Value: "http://staging/users/sign_in?next=/"}}
	elsewhere := said(302)
	elsewhere.Fields = []diff.Field{{Name: "location", Value: "/home?from=login"}}
	meet(1, "POST", "/login", "", login, said(303))
	meet(2, "GET", "/me", "x=1; sid=abc", said(200), said(401))
	meet(3, "GET", "/me", "sid=old", said(200), said(403))
	meet(4, "GET", "/me", "sid=old", said(200), toLogin)
	meet(5, "GET", "/me", "sid=old", said(200), elsewhere) // no login
	meet(6, "GET", "/me", "", said(200), said(401))        // it had no credentials
	meet(7, "GET", "/me", "sid=old", said(404), said(401)) // production did not like it either
	r := e.Report().Targets[0]
	if r.NotLoggedIn != 3 || r.Same != 0 || r.Undecided != 4 || r.LoggedOut == nil || r.LoggedOut.Exchanges != 3 || r.LoggedOut.LoginSeen != 1 || r.LoggedOut.Example.Now != 401 {
		t.Errorf("%+v %+v", r.Fates, r.LoggedOut)
	}
	if slices.ContainsFunc(r.Routes, func(r RouteReport) bool { return r.Different > 0 }) {
		t.Errorf("%+v", r.Routes)
	}
}

// HEAD's answers have no body, whatever they say of one.
func TestHEAD(t *testing.T) {
	e := newEngine(t, Config{})
	for i := range uint64(30) {
		then, now := said(200), said(200)
		then.BodyLen, now.BodyLen, now.State = 10, 0, diff.Whole
		e.Original(Key{1, i}, then)
		response := x(i, 0, 0)
		response.Method, response.Answer = []byte("HEAD"), now
		e.Response(response)
	}
	if f := e.Fates(0); f.Same != 30 {
		t.Errorf("%+v", f)
	}
}

// Each server may name itself: production by the request's Host, the target by its URL.
func TestServersNames(t *testing.T) {
	e := newEngine(t, Config{Targets: []string{"http://127.0.0.1:39202", "http://old:81"}, Baseline: 1})
	for i := range uint64(30) {
		say := func(target int, host string) {
			body := []byte("<a href=http://" + host + "/>home</a>")
			response := x(i, target, 200)
			response.Raw = []byte("GET /a HTTP/1.1\r\nHost: www.shop.example\r\n\r\n")
			response.Answer.Body, response.Answer.State = body, diff.Whole
			e.Response(response)
		}
		say(1, []string{"old:81", "www.shop.example"}[i%2]) // which it is called by whoever keeps the Host
		say(0, []string{"127.0.0.1:39202", "www.shop.example", "127.0.0.1"}[i%3])
	}
	if f := e.Fates(0); f.Same != 30 {
		t.Errorf("%+v", f)
	}
}
