package users

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gor/reassembly/http1"
)

// fields makes a field section of lines.
func fields(lines ...string) []byte {
	return []byte(strings.Join(append(lines, "", ""), "\r\n"))
}

// head makes a request of a field section and reads its head.
func head(section []byte) (*http1.Message, []byte) {
	if section == nil {
		section = []byte("\r\n")
	}
	m, raw := &http1.Message{}, append([]byte("GET / HTTP/1.1\r\n"), section...)
	m.Head(raw, "")
	return m, raw
}

// find is Find for a request of a field section.
func (f *Finder) find(section []byte, client *[16]byte, conn uint64, now int64) User {
	m, raw := head(section)
	return f.Find(m, raw, client, conn, now)
}

func addr(s string) *[16]byte {
	a := netip.MustParseAddr(s).As16()
	return &a
}

// find is what a Finder of a rule makes of a request from an address.
func find(t *testing.T, rule, client string, lines ...string) User {
	t.Helper()
	r, err := ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Rule: r}).find(fields(lines...), addr(client), 7, 0)
}

const here = "192.0.2.1"

// The sources in their order, and what of each is looked at.
func TestSources(t *testing.T) {
	for _, tt := range []struct {
		name  string
		rule  string
		lines []string
		want  Source
	}{
		{"nothing", "", []string{"Host: a"}, ByAddress},
		{"no field at all", "", nil, ByAddress},
		{"session cookie", "", []string{"Cookie: a=b; PHPSESSID=1234"}, ByCookie},
		{"its name has another case", "", []string{"Cookie: phpsessid=1234"}, ByAddress},
		{"the field's name has another case", "", []string{"cOOKIE: PHPSESSID=1234"}, ByCookie},
		{"no value", "", []string{"Cookie: PHPSESSID="}, ByAddress},
		{"no value, then one", "", []string{"Cookie: sid=; sid=2"}, ByCookie},
		{"second field", "", []string{"Cookie: a=b", "Cookie: sid=1"}, ByCookie},
		{"folded", "", []string{"Cookie: a=b;", "\tsid=1"}, ByCookie},
		{"prefix of a name", "", []string{"Cookie: __Host-sid=1"}, ByCookie},
		{"other prefix", "", []string{"Cookie: __Secure-connect.sid=1"}, ByCookie},
		{"a name that goes on", "", []string{"Cookie: wordpress_logged_in_0123=1"}, ByCookie},
		{"one that should and does not", "", []string{"Cookie: wordpress_logged_in_=1"}, ByAddress},
		{"sealed session", "", []string{"Cookie: laravel_session=eyJpdiI6"}, ByAddress},
		{"cookie before credentials", "", []string{"Authorization: Basic YTpi", "Cookie: sid=1"}, ByCookie},
		{"credentials", "", []string{"Authorization: Basic YTpi", "X-Forwarded-For: 10.0.0.1"}, ByAuthorization},
		{"no credentials", "", []string{"Authorization:", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"handshake", "", []string{"Authorization: Negotiate abcd", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"Forwarded", "", []string{"Forwarded: for=10.0.0.1"}, ByForwarded},
		{"Forwarded that hides", "", []string{"Forwarded: for=_hidden, for=10.0.0.1"}, ByAddress},
		{"Forwarded that hides, beside an address", "", []string{"Forwarded: for=_hidden", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"unknown", "", []string{"X-Forwarded-For: unknown, 10.0.0.1"}, ByAddress},
		{"name with a blank", "", []string{"Cookie : sid=1"}, ByAddress},
		{"no colon", "", []string{"Cookie"}, ByAddress},
		{"second field, others between", "", []string{"Cookie: a=b", "Host: a", "cookies: sid=1", "Cookie: c=d", "Cookie: sid=1"}, ByCookie},
		{"second credentials", "", []string{"Authorization: NTLM abcd", "Accept: a", "Authorization: Basic YTpi"}, ByAuthorization},
		{"second Forwarded", "", []string{"Forwarded: for=_hidden", "Forwarded: for=10.0.0.1"}, ByForwarded},
		{"second X-Forwarded-For", "", []string{"X-Forwarded-For: unknown", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"first line is a continuation", "", []string{" Cookie: sid=1"}, ByAddress},

		{"named cookie", "cookie:mine", []string{"Cookie: sid=1; mine=2"}, ByCookie},
		{"named cookie is not there", "cookie:mine", []string{"Cookie: sid=1", "Authorization: Basic YTpi"}, ByAddress},
		{"nor is it, but an address", "cookie:mine", []string{"Cookie: sid=1", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"named header", "header:X-User", []string{"x-user: 9", "Cookie: sid=1"}, ByHeader},
		{"named header is not there", "header:X-User", []string{"X-Users: 9", "Cookie: sid=1"}, ByAddress},
		{"address", "ip", []string{"Cookie: sid=1", "Authorization: Basic YTpi"}, ByAddress},
		{"forwarded address", "ip", []string{"Cookie: sid=1", "X-Forwarded-For: 10.0.0.1"}, ByForwarded},
		{"connection", "connection", []string{"Cookie: sid=1"}, ByConnection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if u := find(t, tt.rule, here, tt.lines...); u.By != tt.want || u.Key == 0 || u.Crowd {
				t.Errorf("%+v, want source %d", u, tt.want)
			}
		})
	}
}

// Requests of one user have one key, and of two have two.
func TestSameUser(t *testing.T) {
	for _, tt := range []struct {
		name         string
		rule         string
		one, another []string
		same         bool
	}{
		{"the other fields", "", []string{"Cookie: sid=1", "Accept: a"}, []string{"Accept: b", "Cookie: x=y; sid=1;z"}, true},
		{"another session", "", []string{"Cookie: sid=1"}, []string{"Cookie: sid=2"}, false},
		{"another name, the same value", "", []string{"Cookie: sid=1"}, []string{"Cookie: SESSION=1"}, false},
		{"another site's name, the same value", "", []string{"Cookie: SESSab=1"}, []string{"Cookie: SESScd=1"}, false},
		{"a name of one's own", "cookie:x", []string{"Cookie: x=1"}, []string{"Cookie: x=1; sid=3"}, true},
		{"two cookies in any order", "", []string{"Cookie: sid=1; PHPSESSID=2"}, []string{"Cookie: PHPSESSID=2; sid=3"}, true},
		{"the first of two of a name", "", []string{"Cookie: sid=1; sid=2"}, []string{"Cookie: sid=1; sid=3"}, true},
		{"credentials", "", []string{"Authorization: Bearer a.b.c"}, []string{"authorization:bearer  a.b.c "}, true},
		{"other credentials", "", []string{"Authorization: Bearer a"}, []string{"Authorization: Bearer b"}, false},
		{"Digest", "", []string{`Authorization: Digest username="Mufasa", nc=1, response="1"`}, []string{`Authorization: Digest nc=2, response="2", username="Mufasa"`}, true},
		{"another's Digest", "", []string{`Authorization: Digest username="a,b", nc=1`}, []string{`Authorization: Digest username="a,c", nc=1`}, false},
		{"AWS", "", []string{"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range,Signature=1"},
			[]string{"Authorization: AWS4-HMAC-SHA256 Credential=AKID/20130525/us-east-1/s3/aws4_request, SignedHeaders=host;range, Signature=2"}, true},
		{"OAuth", "", []string{`Authorization: OAuth realm="x", oauth_consumer_key="k", oauth_token="t1", oauth_nonce="1"`},
			[]string{`Authorization: OAuth oauth_token="t2",oauth_consumer_key="k", oauth_nonce="1"`}, false},
		{"OAuth of a program", "", []string{`Authorization: OAuth oauth_consumer_key="k", oauth_nonce="1"`}, []string{`Authorization: OAuth oauth_nonce="2", oauth_consumer_key="k"`}, true},
		{"a proxy more", "", []string{"X-Forwarded-For: 10.0.0.1"}, []string{"X-Forwarded-For: 10.0.0.1, 10.9.9.9"}, true},
		{"a port", "", []string{"X-Forwarded-For: 10.0.0.1:4711"}, []string{"X-Forwarded-For: 10.0.0.1:4712"}, true},
		{"Forwarded and X-Forwarded-For", "", []string{`Forwarded: proto=https;for="[2001:DB8::1]:80", for=1.1.1.1`}, []string{"X-Forwarded-For: 2001:db8:0::1"}, true},
		{"IPv4 in IPv6", "", []string{"X-Forwarded-For: ::ffff:10.0.0.1"}, []string{"X-Forwarded-For: 10.0.0.1"}, true},
		{"another browser behind the address", "", []string{"X-Forwarded-For: 10.0.0.1", "User-Agent: a"}, []string{"X-Forwarded-For: 10.0.0.1", "User-Agent: b"}, false},
		{"the same without User-Agents", "ip", []string{"X-Forwarded-For: 10.0.0.1", "User-Agent: a"}, []string{"X-Forwarded-For: 10.0.0.1", "User-Agent: b"}, true},
		{"the client itself", "ip", []string{"X-Forwarded-For: " + here}, nil, true},
		{"header", "header:X-User", []string{"X-User: 1", "Cookie: sid=1"}, []string{"X-User:1", "Cookie: sid=2"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			one, another := find(t, tt.rule, here, tt.one...), find(t, tt.rule, here, tt.another...)
			if (one.Key == another.Key) != tt.same {
				t.Errorf("%+v and %+v: the same: %t, want %t", one, another, !tt.same, tt.same)
			}
		})
	}
	if a, b := find(t, "", here), find(t, "", "192.0.2.2"); a.Key == b.Key {
		t.Error("two addresses have one key")
	}
	r, _ := ParseRule("connection")
	f := New(Config{Rule: r})
	if a, b := f.find(nil, addr(here), 1, 0), f.find(nil, addr(here), 2, 0); a.Key == b.Key {
		t.Error("two connections have one key")
	}
}

// Keys are the same in every process, and with another secret others: these were
// written down once, and changing them would make other users of everybody.
func TestKeysForEver(t *testing.T) {
	section, client := fields("Cookie: sid=0123456789abcdef"), addr(here)
	for _, tt := range []struct {
		secret  string
		section []byte
		want    uint64
	}{
		{"", section, 0xac51d7fb034713c4},
		{"", nil, 0x34333fb7eceb6a55},
		{"0123456789abcdef", section, 0x1aacc9b3863430ac},
	} {
		if u := New(Config{Secret: []byte(tt.secret)}).find(tt.section, client, 1, 0); u.Key != tt.want {
			t.Errorf("secret %q: %#x, want %#x", tt.secret, u.Key, tt.want)
		}
	}
}

// The test vectors of SipHash-2-4: the key and the input count up from zero.
func TestSipHash(t *testing.T) {
	k := hashKey{0x0706050403020100, 0x0f0e0d0c0b0a0908}
	input := make([]byte, 64)
	for i := range input {
		input[i] = byte(i)
	}
	for n, want := range map[int]uint64{8: 0x93f5f5799a932462, 9: 0x9e0082df0ba9e4b0, 15: 0xa129ca6149be45e5} {
		if got := k.sum(0x0706050403020100, input[8:n]); got != want {
			t.Errorf("%d bytes: %#x, want %#x", n, got, want)
		}
	}
}

func TestParseRule(t *testing.T) {
	for s, want := range map[string]Rule{
		"": {}, "cookie:sid": {byCookie, "sid"}, "header:X-User": {byHeader, "X-User"}, "ip": {by: byIP}, "connection": {by: byConnection},
	} {
		if r, err := ParseRule(s); err != nil || r != want {
			t.Errorf("%q: %v, %v, want %v", s, r, err, want)
		}
	}
	for _, s := range []string{"cookie", "cookie:", "cookie:a b", "header:", "header:a:b", "ip:1", "connection:", "IP", "sid", ":x", ":"} {
		if r, err := ParseRule(s); err == nil || !strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v, %v, want an error that names it", s, r, err)
		}
	}
}

// typical is about what a browser sends to a site with analytics.
var typical = fields("Host: www.example.com", "Connection: keep-alive",
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Accept: text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8", "Accept-Encoding: gzip, deflate", "Accept-Language: en",
	"Referer: https://www.example.com/", "Cookie: _ga=GA1.2.1; _gid=GA1.2.3; consent=yes; theme=dark; PHPSESSID=0123456789abcdef0123456789")

// Nothing is allocated for a request, whoever sends it.
func TestNoAllocation(t *testing.T) {
	for name, section := range map[string][]byte{
		"typical": typical, "hostile": hostile(200), "address": fields("X-Forwarded-For: 2001:db8::1"), "nothing": nil,
		"credentials": fields(`Authorization: Digest username="Mufasa", realm="x"`), "shadow of a session": fields("Cookie: my_session=01234567890123456789"),
	} {
		f, client := New(Config{}), addr(here)
		m, raw := head(section)
		f.Find(m, raw, client, 1, 0) // a name that is new to the hints is kept
		if n := testing.AllocsPerRun(100, func() { f.Find(m, raw, client, 1, 0) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// hostile is a head of nothing but fields that have to be looked into.
func hostile(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var lines []string
	for range n {
		lines = append(lines, fmt.Sprintf("Cookie: %s=;;=;sess%d=%s;=x", strings.Repeat("a", r.IntN(40)), r.IntN(1000), strings.Repeat("v", r.IntN(40))),
			`Forwarded: for="`+strings.Repeat(`\`, r.IntN(9)), "X-Forwarded-For: "+strings.Repeat(":", r.IntN(9)), "Authorization: Digest "+strings.Repeat("a=b,", r.IntN(9)))
	}
	return fields(lines...)
}

// The accounts say what the users are known by.
func TestStats(t *testing.T) {
	f := New(Config{})
	if line := f.Stats().Line(); line != "" {
		t.Errorf("before the first request: %q", line)
	}
	for i := range 1000 {
		cookie := "Cookie: sid=" + fmt.Sprint(i)
		switch {
		case i%100 < 3:
			cookie = "Cookie: wordpress_logged_in_77=" + fmt.Sprint(i)
		case i%100 < 9:
			cookie = "Cookie: other=1"
		case i == 500+10:
			cookie = "Authorization: token"
		}
		f.find(fields(cookie), addr(fmt.Sprintf("10.0.%d.%d", i/200, i%200)), 1, 0)
	}
	s := f.Stats()
	if want := `by cookie "sid" 91 %, address 6 %, cookie "wordpress_logged_in_…" 3 %, authorization <1 %`; s.Line() != want {
		t.Errorf("%s, want %s", s.Line(), want)
	}
	if s.Sources != (SourceCounts{ByCookie: 939, ByAddress: 60, ByAuthorization: 1}) || s.Crowds != 0 {
		t.Errorf("%+v", s)
	}
	r, _ := ParseRule("cookie:mine")
	f = New(Config{Rule: r})
	f.find(fields("Cookie: mine=1"), addr(here), 1, 0)
	if want := `by cookie "mine" 100 %`; f.Stats().Line() != want {
		t.Errorf("%s, want %s", f.Stats().Line(), want)
	}
	if names, f := (SourceCounts{}).Names(), (SourceCounts{}); len(names) != int(sources) || f.Help(int(ByAddress)) == "" {
		t.Errorf("names %q", names)
	}
}

// A user whom somebody has named keeps the number, and may be a crowd, too.
func TestNamed(t *testing.T) {
	f := New(Config{})
	for n := range maxRequests + 1 {
		if u := f.Named(7, 0); u != (User{Key: 7, By: ByName, Crowd: n == maxRequests}) {
			t.Fatalf("request %d: %+v", n, u)
		}
	}
	if line := f.Stats().Line(); line != "by recording 100 %" {
		t.Error(line)
	}
}

// A cookie that looks like a session's is suggested once, and not used.
func TestSuggestion(t *testing.T) {
	const value = "%032d"
	for _, tt := range []struct {
		name    string
		cookie  string // with a verb for the number of the user
		users   int
		per     int // requests of each
		suggest string
	}{
		{"session", "app_session=" + value, 20, 10, "cookie:app_session"},
		{"many users", "theme=dark; app_session=" + value, 1000, 30, "cookie:app_session"},
		{"one user", "app_session=" + value, 1, 1000, ""},
		{"a value that is always new", "app_session=" + value, 5000, 1, ""},
		{"sealed", "app_session=eyJ" + value, 20, 10, ""},
		{"sealed by Rails", "app_session=" + value + "--abc", 20, 10, ""},
		{"no session", "theme=" + value, 20, 10, ""},
		{"forgery token", "csrf_token=" + value, 20, 10, ""},
		{"short", "sess=%d", 20, 10, ""},
		{"known", "PHPSESSID=" + value, 20, 10, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			f := New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			for n := range tt.users * tt.per {
				user := n / 4 % tt.users // four requests for each page
				if tt.per == 1 {
					user = n
				}
				u := f.find(fields("Cookie: "+fmt.Sprintf(tt.cookie, user)), addr(here), 1, int64(n)*int64(time.Second))
				if u.By == ByCookie && tt.name != "known" {
					t.Fatal("it is used")
				}
			}
			if got := strings.Count(log.String(), "looks like a session"); (tt.suggest != "") != (got == 1) || !strings.Contains(log.String(), tt.suggest) {
				t.Errorf("want %q:\n%s", tt.suggest, log.String())
			}
		})
	}
	r, _ := ParseRule("ip")
	var log bytes.Buffer
	f := New(Config{Rule: r, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for n := range 1000 {
		f.find(fields("Cookie: "+fmt.Sprintf("app_session="+value, n%20)), addr(here), 1, int64(n)*int64(time.Second))
	}
	if log.Len() > 0 {
		t.Errorf("who has said what to go by gets %s", log.String())
	}
}

// Names that look like sessions, thousands of them, cost nothing that lasts.
func TestSuggestionIsBounded(t *testing.T) {
	f := New(Config{})
	for n := range 5000 {
		f.find(fields(fmt.Sprintf("Cookie: session%d=01234567890123456789", n)), addr(here), 1, 0)
	}
	if n := len(f.hints.candidates); n != hintNames {
		t.Errorf("%d names are kept, want %d", n, hintNames)
	}
}

func BenchmarkFind(b *testing.B) {
	f, client := New(Config{}), addr(here)
	m, raw := head(typical)
	b.ReportAllocs()
	now := int64(0)
	for b.Loop() {
		now += 50_000
		f.Find(m, raw, client, 1, now)
	}
}
