package compare

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gor/forward/compare/diff"
)

// hostile is a report of what strangers made up.
func hostile(t *testing.T) *Report {
	t.Helper()
	e := newEngine(t, Config{Targets: []string{"http://staging/v2"}, Baseline: -1})
	const bad = "<script>alert(1)</script>\x1b[31m\u202e'\"${x}`"
	for i := range uint64(40) {
		body := func(v string) *diff.Answer {
			b, _ := json.Marshal(map[string]string{bad: v, "password": "hunter2" + v, "t": bad + v})
			return &diff.Answer{Status: 200, Body: b, BodyLen: int64(len(b)), State: diff.Whole, Fields: []diff.Field{
				{Name: "x-" + bad, Value: bad + v}, {Name: "set-cookie", Value: bad + v + "=topsecret" + v + "; Secure"}}}
		}
		path := "/" + bad + "?access_token=topsecret&q=" + bad
		raw := "GET " + strings.ReplaceAll(path, "\x1b", "") + " HTTP/1.1\r\nHost: a\r\nCookie: sid=topsecret\r\nAuthorization: Bearer topsecret\r\nAccept: '; rm -rf " + bad[:8] + "'\r\n\r\n"
		e.Original(Key{1, i}, body("yes"))
		e.Response(&Exchange{Key: Key{1, i}, Method: []byte("GET"), Path: []byte(path), Raw: []byte(raw), Time: began + int64(i)*int64(time.Second), Answer: body("no")})
		e.Original(Key{2, i}, body("yes"))
		logged := &Exchange{Key: Key{2, i}, Method: []byte(bad), Path: []byte(path), Raw: []byte(raw), Time: began, Answer: said(401)}
		e.Response(logged)
	}
	r := e.Report()
	if r.Targets[0].Different != 40 || r.Targets[0].NotLoggedIn != 40 || len(r.Targets[0].Routes[0].Examples) == 0 {
		t.Fatalf("%+v", r.Targets[0])
	}
	return r
}

// No line of the table is too wide, and nothing of strangers gets at the terminal or
// shows a secret.
func TestText(t *testing.T) {
	for _, width := range []int{100, 40} {
		text := string(hostile(t).AppendText(nil, width))
		for line := range strings.Lines(text) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width || strings.ContainsAny(line, "\x1b\u202e") || !utf8.ValidString(line) {
				t.Errorf("%q", line)
			}
		}
		if strings.Contains(text, "topsecret") || strings.Contains(text, "hunter2") {
			t.Errorf("a secret:\n%s", text)
		}
		if !strings.HasPrefix(text[strings.Index(text, "\n")+1:], "  not logged in: 40 of 80. ") {
			t.Errorf("what comes first does not:\n%s", text)
		}
	}
}

func TestTextOfNothing(t *testing.T) {
	e := newEngine(t, Config{})
	if got := string(e.Report().AppendText(nil, 100)); got != "http://staging, compared with production\n  exchanges   compared=0 same=0 different=0 (0%)\n" {
		t.Errorf("%q", got)
	}
}

// What strangers send is text in the page and in the JSON, and no secret is.
func TestHostilePage(t *testing.T) {
	r := hostile(t)
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{"page": string(html), "JSON": string(data)} {
		for _, bad := range []string{"<script", "topsecret", "hunter2", "\x1b"} {
			if strings.Contains(s, bad) {
				t.Errorf("%s: %q in\n%s", name, bad, s)
			}
		}
	}
	if !strings.Contains(string(html), "not logged in") || !strings.Contains(string(html), "hidden") {
		t.Errorf("%s", html)
	}
}

// A shell reads the line that repeats a request as one command with the words that are meant.
func TestCurl(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	for _, tt := range []struct{ method, path, field, sent, want string }{
		{"GET", "/a?b=1&token=x", "", "", "-i|http://s/v2/a?b=1&token=HIDDEN"},
		{"POST", "/a", "", "", "-i|-X|POST|--data|@BODY|http://s/v2/a"},
		{"HEAD", "/a", "Accept: a'b; $(id) `id`\r\n", "", "-i|--head|-H|Accept: a'b; $(id) `id`|http://s/v2/a"},
		{"GET", "http://host/a'b", "Cookie: sid=1\r\n", "", "-i|-H|Cookie: YOURS|http://s/v2/a'b"},
		{"$(id)", "/'; id; '", "", "", "-i|-X|$(id)|--data|@BODY|http://s/v2/'; id; '"},
		{"GET", "/a", "Host: shop\r\nAccept: x\r\nX-A: 1\r\nX-B: 2\r\n", "GET /v2/b?token=x HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nX-B: 3\r\nX-Api-Key: topsecret\r\nConnection: te\r\n\r\n",
			"-i|-H|Host: shop|-H|X-B: 3|-H|X-Api-Key: YOURS|http://s/v2/b?token=HIDDEN"},
		{"GET", "http://shop/a", "Host: shop\r\n", "GET http://s/v2/a HTTP/1.1\r\nHost: s\r\n\r\n", "-i|http://s/v2/a"},
		{"GET", "/a", "Host: shop\r\n", "no head", "-i|http://s/v2/a"},
	} {
		x := &Exchange{Method: []byte(tt.method), Path: []byte(tt.path), Raw: []byte("GET /a HTTP/1.1\r\n" + tt.field + "\r\n")}
		line := curl(x, "http://s/v2", []byte(tt.sent))
		out, err := exec.Command(sh, "-c", "curl() { IFS='|'; printf '%s' \"$*\"; }; "+line).CombinedOutput()
		if err != nil || string(out) != tt.want {
			t.Errorf("%s: %q, want %q; %v", line, out, tt.want, err)
		}
	}
	long := curl(&Exchange{Method: []byte("GET"), Path: []byte("/" + strings.Repeat("x", 2*maxCurl))}, "http://s", nil)
	if len(long) > maxCurl {
		t.Error(long)
	}
}

// A route is slower if it stands out from the others, not if all are, nor if its answers are few.
func TestSlower(t *testing.T) {
	route := func(name string, then, now float64, n uint64) RouteReport {
		spread := func(p float64) Latency {
			d := time.Duration(p * float64(time.Millisecond))
			return Latency{Count: n, P50: d, low: d * 9 / 10, high: d * 11 / 10, spread: spread{0, 100 * moment, leastSpread}}
		}
		return RouteReport{Route: name, Then: spread(then), Now: spread(now)}
	}
	during := func(s spread, r RouteReport) RouteReport { r.Then.spread = s; return r }
	for _, tt := range []struct {
		name  string
		slope float64
		begin float64
		odd   RouteReport
		want  bool
	}{
		{"as the others", 1, 0, route("x", 10, 10, 500), false},
		{"all are three times slower", 3, 0, route("x", 10, 30, 500), false},
		{"all are further away", 1, 50, route("x", .1, 50, 500), false},
		{"twice", 1, 0, route("x", 10, 20, 500), true},
		{"twice, of a slower machine further away", 3, 50, route("x", 10, 160, 500), true},
		{"faster", 1, 0, route("x", 10, 5, 500), false},
		{"few answers", 1, 0, route("x", 10, 50, 99), false},
		{"less than a millisecond", 1, 0, route("x", .1, .9, 500), false},
		{"in too few moments", 1, 0, during(spread{0, 100 * moment, leastSpread - 1}, route("x", 10, 50, 500)), false},
		{"at the beginning", 1, 0, during(spread{0, 24 * moment, 20}, route("x", 10, 50, 500)), false},
		{"in a quarter of the time", 1, 0, during(spread{70 * moment, 95 * moment, leastSpread}, route("x", 10, 50, 500)), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := []RouteReport{tt.odd}
			for i := range 6 {
				then := 2 * float64(i+1)
				all = append(all, route(fmt.Sprint(i), then, tt.slope*then+tt.begin, 1000))
			}
			findSlower(all)
			for i := range all {
				if all[i].Slower != (tt.want && i == 0) {
					t.Errorf("%+v", all[i])
				}
			}
			few := all[:3]
			few[0].Slower = false
			if findSlower(few); few[0].Slower {
				t.Error("two others are too few")
			}
		})
	}
}

// What is undecided is listed with its values and what would decide it, behind what differs,
// and only so much of it.
func TestUndecidedShown(t *testing.T) {
	e := newEngine(t, Config{})
	for i := range 2 * uint64(textOpen) {
		visit{"GET", "/" + strings.Repeat("a", int(i)+1), i, "", 0, 1, 2}.meet(e, i)
	}
	visit{"POST", "/change", 99, "", 0, 3, 4}.meet(e, 99)
	for i := range uint64(9) {
		e.Original(Key{7, i}, said(200))
		e.Response(&Exchange{Key: Key{7, i}, Method: []byte("GET"), Path: []byte("/fails"), Time: began, Answer: said(500)})
	}
	r := e.Report()
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(r.AppendText(nil, 100))
	for _, want := range []string{
		"  undecided  compared  route\n          1         1  ", "$.n changed in 1: 1 -> 2\n", "  and 6 routes more that are undecided: --report FILE.html has them\n", "  undecided: too few requests",
	} {
		if strings.Count(text, want) < 1 || strings.Index(text, want) < strings.Index(text, "status changed in 9") {
			t.Errorf("no %q behind what differs in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "$.n changed"); n != textOpen {
		t.Errorf("%d places are shown", n)
	}
	for _, want := range []string{"What nobody can tell yet", "<code>3</code>", "<code>4</code>", "more such requests: what asks for a change is sent to nobody twice", "--echo 100%"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("no %q in the page", want)
		}
	}
	if want := `"then":"3","now":"4","decide":"more such requests`; !strings.Contains(string(data), want) {
		t.Errorf("no %s in %s", want, data)
	}
}

// Two places of one path, where elements are missing and where they are in another order,
// are shown each with its own values, whether that is known to differ or not.
func TestPlacesOfOnePath(t *testing.T) {
	for _, n := range []uint64{2, 40} {
		e := newEngine(t, Config{})
		for i := range n {
			body := func(s string) *diff.Answer {
				return &diff.Answer{Status: 200, Body: []byte(s), BodyLen: int64(len(s)), State: diff.Whole, Fields: []diff.Field{{Name: "Content-Type", Value: "application/json"}}}
			}
			k := Key{1, i}
			e.Original(k, body(`[{"id":"a"},{"id":"b"},{"id":"c"}]`))
			e.Response(&Exchange{Key: k, Method: []byte("GET"), Path: []byte("/all"), Time: began + int64(i)*int64(time.Second), Answer: body(`[{"id":"c"},{"id":"a"}]`)})
		}
		text := string(e.Report().AppendText(nil, 100))
		for _, want := range []string{fmt.Sprintf(`$[] order in %d: "a", "b", "c" -> "c", "a"`, n), fmt.Sprintf("$[] missing in %d: an object of 1 -> (nothing)", n)} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
}

// Routes that all take about the same time tell no slope: what is expected of one is
// in the same proportion as of the others, and one that is apart from them bends nothing.
func TestSlowerAmongAlike(t *testing.T) {
	const ms = float64(time.Millisecond)
	for _, tt := range []struct {
		name      string
		then, now float64 // of the odd one
		slower    bool
	}{
		{"as the others", 2.2, 3.1, false}, {"slow", 2.39, 33.5, true}, {"always slow", 50, 60, false}, {"always slow, and now three times", 50, 220, true}, {"faster", 2.6, .5, false},
	} {
		var all []RouteReport
		add := func(name string, then, now float64) {
			all = append(all, RouteReport{Route: name, Then: Latency{Count: 470, spread: spread{0, moment, leastSpread}, P50: time.Duration(then * ms), low: time.Duration(.8 * then * ms), high: time.Duration(1.2 * then * ms)},
				Now: Latency{Count: 470, P50: time.Duration(now * ms), low: time.Duration(.8 * now * ms), high: time.Duration(1.2 * now * ms)}})
		}
		add("odd", tt.then, tt.now)
		for i := range 20 {
			add(fmt.Sprint(i), 2.2+.02*float64(i%7-3), 3.1+.03*float64(i%5-2))
		}
		findSlower(all)
		for i, r := range all {
			if r.Slower != (tt.slower && i == 0) {
				t.Errorf("%s: %s %v -> %v is slower: %v", tt.name, r.Route, r.Then.P50, r.Now.P50, r.Slower)
			}
			if i > 0 && (r.Expected < 2900*time.Microsecond || r.Expected > 3300*time.Microsecond) {
				t.Errorf("%s: %s is expected to take %v", tt.name, r.Route, r.Expected)
			}
		}
	}
}

// Where many exchanges have no original, people are told why, and what to do; where few
// have none they are not.
func TestLacking(t *testing.T) {
	for _, tt := range []struct {
		original          string
		compared, lacking uint64
		says              string
	}{
		{"production", 1000, 100, ""}, {"production", 1000, 101, "opened anew"}, {"production", 0, 5, "opened anew"}, {"http://old", 0, 5, "http://old gave no response"},
	} {
		r := &Report{Original: tt.original, Targets: []TargetReport{{Target: "http://new", Fates: Fates{Compared: tt.compared, Same: tt.compared, NoOriginal: tt.lacking}}}}
		html, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{strings.Join(strings.Fields(string(r.AppendText(nil, 100))), " "), string(html)} {
			if strings.Contains(text, "Where there is no original") != (tt.says != "") || !strings.Contains(text, tt.says) {
				t.Errorf("%+v:\n%s", tt, text)
			}
		}
	}
}

// A spread is from the first to the last request, and counts the seconds between.
func TestSpread(t *testing.T) {
	var s, other spread
	for _, at := range []int64{0, 1, moment - 1, moment, moment + 5, 5 * moment, 5*moment - 1} {
		s.add(began + at)
	}
	if want := (spread{began, began + 5*moment, 3}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
	other.merge(&s)
	if s.merge(&spread{}); other != s {
		t.Errorf("%+v and %+v", other, s)
	}
	if s.merge(&spread{began - moment, began + moment, 2}); s != (spread{began - moment, began + 5*moment, 3}) || s.length() != 6*moment {
		t.Errorf("%+v", s)
	}
}
