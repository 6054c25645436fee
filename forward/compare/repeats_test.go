package compare

import (
	"fmt"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// A visit is an exchange of a user at a moment, whose answers have a number in them.
type visit struct {
	method, path string
	user         uint64
	cookie       string
	at           time.Duration
	then, now    int
}

func (v visit) meet(e *Engine, index uint64) {
	body := func(n int) *diff.Answer {
		b := fmt.Appendf(nil, `{"n":%d}`, n)
		return &diff.Answer{Status: 200, Body: b, BodyLen: int64(len(b)), State: diff.Whole}
	}
	e.Original(Key{5, index}, body(v.then))
	raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: a\r\nCookie: %s\r\nX-Request-Id: %d\r\n\r\n", v.method, v.path, v.cookie, index)
	e.Response(&Exchange{Key: Key{5, index}, User: v.user, Method: []byte(v.method), Path: []byte(v.path), Raw: []byte(raw), Time: began + int64(v.at), Answer: body(v.now)})
}

// Equal requests of a user, close in time, say what is noise; others do not.
func TestRepeats(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name    string
		visits  []visit
		repeats uint64 // pairs
		varied  uint64
	}{
		{"twice", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", s, 1, 1}}, 2, 0},
		{"twice, and another number", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", s, 2, 2}}, 2, 2},
		{"three times", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", s, 1, 2}, {"GET", "/a", 1, "", 2 * s, 1, 3}}, 4, 2},
		{"two users", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 2, "", s, 2, 2}}, 0, 0},
		{"two sessions", []visit{{"GET", "/a", 1, "x", 0, 1, 1}, {"GET", "/a", 1, "y", s, 2, 2}}, 0, 0},
		{"two queries", []visit{{"GET", "/a?1", 1, "", 0, 1, 1}, {"GET", "/a?2", 1, "", s, 2, 2}}, 0, 0},
		{"too soon", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", s / 20, 2, 2}}, 0, 0},
		{"too soon, then not", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", s / 20, 2, 2}, {"GET", "/a", 1, "", s / 5, 2, 2}}, 2, 2},
		{"too late", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"GET", "/a", 1, "", 11 * s, 2, 2}}, 0, 0},
		{"a change in between", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"POST", "/a", 1, "", s, 2, 2}, {"GET", "/a", 1, "", 2 * s, 3, 3}}, 0, 0},
		{"another user's change", []visit{{"GET", "/a", 1, "", 0, 1, 1}, {"POST", "/a", 2, "", s, 2, 2}, {"GET", "/a", 1, "", 2 * s, 3, 3}}, 2, 2},
		{"changes are not repeated", []visit{{"POST", "/a", 1, "", 0, 1, 1}, {"POST", "/a", 1, "", s, 2, 2}}, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, Config{})
			for i, v := range tt.visits {
				v.meet(e, uint64(i))
			}
			var repeats, varied uint64
			for _, a := range e.judges[0].routes.All() {
				repeats += a.repeats[0] + a.repeats[1]
				for _, p := range a.places {
					varied += p.varied[0] + p.varied[1]
				}
			}
			if repeats != tt.repeats || varied != tt.varied {
				t.Errorf("%d repeats, %d of them vary; want %d and %d", repeats, varied, tt.repeats, tt.varied)
			}
		})
	}
}

// What is kept to find repeats is bounded.
func TestRepeatsMemory(t *testing.T) {
	e := newEngine(t, Config{Memory: 1 << 20})
	for i := range 10_000 {
		visit{"GET", fmt.Sprintf("/a?%d", i), 1, "", time.Duration(i) * time.Millisecond, i, i}.meet(e, uint64(i))
		visit{"POST", "/b", uint64(i + 1000), "", 0, i, i}.meet(e, uint64(i+1e6))
		if r := &e.judges[0].repeats; r.near.used > r.near.limit || r.distant.used > r.distant.limit || len(r.writes.last) > maxWriters {
			t.Fatalf("%d bytes, %d users", r.near.used, len(r.writes.last))
		}
	}
	if r := &e.judges[0].repeats; len(r.near.last) < 10 || len(r.distant.last) < 5 {
		t.Error("nothing is kept")
	}
}

// Safe requests are asked a second time, a second later, no more than the share, and what
// the user changed in between is no noise.
func TestEchoes(t *testing.T) {
	var asked []*Exchange
	e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, EchoShare: .1, Echo: func(x *Exchange) { asked = append(asked, x.clone()) }})
	for i := range uint64(100) {
		visit{"GET", fmt.Sprintf("/a?%d", i), i, "", 0, 1, 1}.meet(e, i)
		visit{"POST", "/a", 1000 + i, "", 0, 1, 1}.meet(e, 1000+i)
	}
	if e.Advance(999 * time.Millisecond); len(asked) != 0 {
		t.Fatalf("%d were asked for at once", len(asked))
	}
	if e.Advance(time.Second); len(asked) < 15 || len(asked) > 20 { // a tenth of all, all of them of the safe half, but for what is kept for routes where more is open
		t.Fatalf("%d were asked for", len(asked))
	}
	visit{"POST", "/a", asked[0].User, "", 0, 1, 1}.meet(e, 5000)
	n := len(asked)
	for i, x := range asked {
		x.Answer.Body = []byte(`{"n":2}`)
		if i == 1 {
			x.Answer = nil
		}
		e.Echo(x)
		e.Echo(x) // comes twice
	}
	for name, a := range e.judges[0].routes.All() {
		if name == "GET /a" && (a.repeats != [2]uint64{0, uint64(n - 2)} || a.places[0].varied != [2]uint64{0, uint64(n - 2)}) {
			t.Errorf("repeats %v, places %+v", a.repeats, a.places)
		}
	}
	if u := e.judges[0].echoes.used; u != 0 {
		t.Errorf("%d bytes are kept", u)
	}
	for i := range uint64(100) {
		visit{"GET", "/a", i, "", 0, 1, 1}.meet(e, 9000+i)
	}
	e.Advance(10 * time.Second)
	e.Advance(time.Hour)
	if u := e.judges[0].echoes.used; u != 0 {
		t.Errorf("%d bytes are kept of echoes that nobody answered", u)
	}
}

// Where there are echoes for one request in a hundred, a rare route that differs gets enough of them to tell, beside busy ones
// of which there is no doubt; and there are no more of them.
func TestEchoesOfRareRoutes(t *testing.T) {
	var asked []*Exchange
	e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, EchoShare: .01, Echo: func(x *Exchange) { asked = append(asked, x.clone()) }})
	for i := range 5_000 {
		v := visit{"GET", fmt.Sprintf("/busy%d", i%40), uint64(i), "", time.Duration(i) * 20 * time.Millisecond, 1, 1}
		if i%64 == 63 {
			v.path, v.then, v.now = "/rare", i, i+1
		}
		v.meet(e, uint64(i))
		for e.Advance(v.at); len(asked) > 0; asked = asked[1:] {
			e.Echo(asked[0]) // the same again
		}
	}
	for _, r := range e.Report().Targets[0].Routes {
		if r.Route == "GET /rare" && r.Different != r.Compared {
			t.Errorf("%d of %d are different; %+v", r.Different, r.Compared, append(r.Open, r.Paths...))
		}
	}
	if n := e.judges[0].repeatsSeen(); n > 50 {
		t.Errorf("%d echoes", n)
	}
}

// repeatsSeen is how many pairs of answers were seen.
func (j *judge) repeatsSeen() (n uint64) {
	for _, a := range j.routes.All() {
		n += a.repeats[0] + a.repeats[1]
	}
	return n
}

// A request that is kept cut is not sent again.
func TestEchoCut(t *testing.T) {
	e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, EchoShare: 1, Echo: func(*Exchange) { t.Error("asked for") }})
	for i := range uint64(9) {
		response := x(i, 0, 200)
		response.Raw = append(response.Raw, make([]byte, maxRaw)...)
		e.Response(response)
		e.Original(response.Key, said(200))
	}
	e.Advance(time.Minute)
}

// A change that nobody compares lies between two requests as one that is compared does,
// whenever the answer to the first was known; so it does before an echo.
func TestWrote(t *testing.T) {
	repeats := func(e *Engine) uint64 { return e.judges[0].repeatsSeen() }
	at := func(d time.Duration) int64 { return began + int64(d) }
	first, second := visit{"GET", "/a", 1, "", time.Second, 1, 1}, visit{"GET", "/a", 1, "", 3 * time.Second, 2, 2}
	for _, tt := range []struct {
		name           string
		before, middle func(e *Engine)
		want           uint64
	}{
		{"none", nil, nil, 2},
		{"in between", nil, func(e *Engine) { e.Wrote(1, at(2*time.Second)) }, 0},
		{"in between, of another", nil, func(e *Engine) { e.Wrote(2, at(2*time.Second)) }, 2},
		{"in between, without a time", nil, func(e *Engine) { e.Wrote(1, 0) }, 0},
		{"known before the first answer is", func(e *Engine) { e.Wrote(1, at(2*time.Second)) }, nil, 0},
		{"before the first", func(e *Engine) { e.Wrote(1, at(0)) }, nil, 2},
		{"known before, then one long ago", func(e *Engine) { e.Wrote(1, at(2*time.Second)); e.Wrote(1, at(0)) }, nil, 0},
		{"forgotten by now", nil, func(e *Engine) {
			e.Wrote(1, at(2*time.Second))
			for u := range uint64(2 * maxWriters) {
				e.Wrote(100+u, 0)
			}
		}, 0},
		{"many others long before", func(e *Engine) {
			for u := range uint64(2 * maxWriters) {
				e.Wrote(100+u, 0)
			}
		}, nil, 2},
	} {
		e := newEngine(t, Config{})
		if tt.before != nil {
			tt.before(e)
		}
		first.meet(e, 1)
		if tt.middle != nil {
			tt.middle(e)
		}
		second.meet(e, 2)
		if n := repeats(e); n != tt.want {
			t.Errorf("%s: %d repeats, want %d", tt.name, n, tt.want)
		}
	}
	var asked *Exchange
	e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, EchoShare: 1, Echo: func(x *Exchange) { asked = x.clone() }})
	first.meet(e, 1)
	e.Wrote(1, at(2*time.Second))
	e.Advance(time.Second)
	if e.Echo(asked); repeats(e) != 0 {
		t.Error("an echo behind a change says something")
	}
}
