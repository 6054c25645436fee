package forward

import (
	"reflect"
	"strings"
	"testing"

	"gor/reassembly/http1"
)

func TestFilter(t *testing.T) {
	const raw = "POST /api/v1?x=1 HTTP/1.1\r\nHost: www.example.com\r\nx-user: anna \r\nCookie: a=1\r\nCookie: b=2\r\n\r\nX-Body: yes"
	for _, tt := range []struct {
		name string
		cfg  FilterConfig
		raw  string
		want bool
	}{
		{"nothing asked", FilterConfig{}, raw, true},
		{"nothing asked, not HTTP", FilterConfig{}, "x", true},
		{"not HTTP", FilterConfig{SafeMethods: true}, "x", false},
		{"method", FilterConfig{Methods: []string{"GET", "POST"}}, raw, true},
		{"other method", FilterConfig{Methods: []string{"GET", "PUT"}}, raw, false},
		{"own method in small letters", FilterConfig{Methods: []string{"purge"}}, "purge / HTTP/1.1\r\n\r\n", true},
		{"own method in other letters", FilterConfig{Methods: []string{"purge"}}, "PURGE / HTTP/1.1\r\n\r\n", false},
		{"safe", FilterConfig{SafeMethods: true}, raw, false},
		{"safe and asked for", FilterConfig{SafeMethods: true, Methods: []string{"POST"}}, raw, false},
		{"safe HEAD", FilterConfig{SafeMethods: true}, "HEAD / HTTP/1.1\r\n\r\n", true},
		{"safe, behind blank lines", FilterConfig{SafeMethods: true}, "\r\n\r\nGET / HTTP/1.1\r\n\r\n", true},
		{"allowed path", FilterConfig{AllowPath: []string{"^/x", `^/api/`}}, raw, true},
		{"path not allowed", FilterConfig{AllowPath: []string{"^/x", "^/y"}}, raw, false},
		{"query counts", FilterConfig{AllowPath: []string{`\?x=1$`}}, raw, true},
		{"denied path", FilterConfig{AllowPath: []string{"^/api"}, DenyPath: []string{"/v1"}}, raw, false},
		{"other denied path", FilterConfig{DenyPath: []string{"/v2"}}, raw, true},
		{"blanks in the target", FilterConfig{AllowPath: []string{"^/a b$"}}, "GET /a b HTTP/1.1\r\n\r\n", true},
		{"allowed header", FilterConfig{AllowHeader: []string{"X-User: ^anna$"}}, raw, true},
		{"header not allowed", FilterConfig{AllowHeader: []string{"X-User: ^bert$", "Host: other"}}, raw, false},
		{"header not there", FilterConfig{AllowHeader: []string{"X-None: ."}}, raw, false},
		{"second of a name", FilterConfig{AllowHeader: []string{"cookie:b=2"}}, raw, true},
		{"denied header", FilterConfig{DenyHeader: []string{"cookie: a="}}, raw, false},
		{"other denied header", FilterConfig{DenyHeader: []string{"cookie: c="}}, raw, true},
		{"no header of the body", FilterConfig{DenyHeader: []string{"X-Body: yes"}}, raw, true},
		{"bare LF", FilterConfig{AllowHeader: []string{"A: ^b$"}}, "GET / HTTP/1.1\nnonsense\nA: b\n\nC: d", true},
		{"folded value", FilterConfig{DenyHeader: []string{"Authorization: ."}}, "GET / HTTP/1.1\r\nauthorization:\r\n Basic\r\n\teDp5\r\n\r\n", false},
		{"folded value is one line", FilterConfig{AllowHeader: []string{"Authorization: ^Basic eDp5$"}}, "GET / HTTP/1.1\r\nAuthorization:\r\n Basic \r\n\teDp5\r\n\r\n", true},
		{"blank before the colon", FilterConfig{DenyHeader: []string{"X-Bot: ."}}, "GET / HTTP/1.1\r\nX-Bot : 1\r\n\r\n", false},
		{"blanks in the request line", FilterConfig{SafeMethods: true, AllowPath: []string{"^/a$"}}, "GET   /a  HTTP/1.1 \r\n\r\n", true},
		{"malformed", FilterConfig{SafeMethods: true}, "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", false},
		{"head cut short", FilterConfig{SafeMethods: true}, "GET / HTTP/1.1\r\nA: b\r\n", false},
		{"colon in the regex", FilterConfig{AllowHeader: []string{"Host: ^www.*(?:com|org)"}}, raw, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, err := NewFilter(tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Allow([]byte(tt.raw)); got != tt.want {
				t.Errorf("Allow is %v", got)
			}
			read := []byte(tt.raw)[http1.EmptyLines([]byte(tt.raw)):]
			if m := (http1.Message{}); m.Head(read, "Gor-Replayed") == http1.Whole && f.AllowRead(&m, read) != tt.want {
				t.Errorf("AllowRead is %v", !tt.want)
			}
		})
	}
	if !(*Filter)(nil).Allow(nil) {
		t.Error("no filter lets nothing pass")
	}
}

func TestFilterErrors(t *testing.T) {
	for _, tt := range []struct {
		cfg  FilterConfig
		want string
	}{
		{FilterConfig{Methods: []string{"G T"}}, `method "G T"`},
		{FilterConfig{Methods: []string{""}}, `method ""`},
		{FilterConfig{Methods: []string{"PUT", "get"}}, `method "get": methods are case-sensitive (RFC 9110 section 9.1): give GET`},
		{FilterConfig{Methods: []string{"Patch"}}, `give PATCH`},
		{FilterConfig{AllowPath: []string{"("}}, `allow-path "("`},
		{FilterConfig{DenyPath: []string{"[", "x"}}, `deny-path "["`},
		{FilterConfig{AllowHeader: []string{"X-Foo"}}, `allow-header "X-Foo": give 'Name: regex'`},
		{FilterConfig{DenyHeader: []string{"X Foo: a"}}, `deny-header "X Foo: a"`},
		{FilterConfig{DenyHeader: []string{"X-Foo: ("}}, `deny-header "X-Foo: ("`},
	} {
		if _, err := NewFilter(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %s", tt.cfg, err, tt.want)
		}
	}
}

func TestRewriteErrors(t *testing.T) {
	for _, tt := range []struct {
		cfg  RewriteConfig
		want string
	}{
		{RewriteConfig{RewritePath: []string{"nocolon"}}, "regex:replacement"},
		{RewriteConfig{RewritePath: []string{`a\:b`}}, "regex:replacement"},
		{RewriteConfig{RewritePath: []string{"(:b"}}, "missing closing"},
		{RewriteConfig{RewritePath: []string{"a:b c"}}, "blanks"},
		{RewriteConfig{RewritePath: []string{"a:b\r\nX: y"}}, "blanks"},
		{RewriteConfig{SetHeader: []string{"X"}}, "Name: value"},
		{RewriteConfig{SetHeader: []string{"X Y: z"}}, "not a header name"},
		{RewriteConfig{SetHeader: []string{"X: a\nb"}}, "one line"},
		{RewriteConfig{SetHeader: []string{"X: a\x00b"}}, "NUL"},
		{RewriteConfig{SetHeader: []string{"X: a\x01b"}}, "control characters"},
		{RewriteConfig{SetHeader: []string{"Content_Length: 3"}}, "looks like Content-Length"},
		{RewriteConfig{SetHeader: []string{"content-length: 3"}}, "cannot be changed"},
		{RewriteConfig{RemoveHeader: []string{"Transfer-Encoding"}}, "cannot be changed"},
		{RewriteConfig{RemoveHeader: []string{"Host"}}, "needs its Host"},
		{RewriteConfig{RemoveHeader: []string{""}}, "not a header name"},
	} {
		if _, err := NewRewrite(tt.cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %s", tt.cfg, err, tt.want)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want TargetSpec
		err  string
	}{
		{"http://staging", TargetSpec{URL: "http://staging"}, ""},
		{" staging:8080/base ", TargetSpec{URL: "http://staging:8080/base"}, ""},
		{"https://[::1]:8443|10", TargetSpec{URL: "https://[::1]:8443", Rate: 10}, ""},
		{"localhost:80|0.5%", TargetSpec{URL: "http://localhost:80", Percent: 0.5}, ""},
		{"a|100%", TargetSpec{URL: "http://a", Percent: 100}, ""},
		{"a|1000000", TargetSpec{URL: "http://a", Rate: 1_000_000}, ""},
		{"http://a/base#10", TargetSpec{URL: "http://a/base", Rate: 10}, ""},
		{"a#5%", TargetSpec{URL: "http://a", Percent: 5}, ""},
		{"a#0", TargetSpec{}, "limit"},
		{"a#", TargetSpec{}, "limit"},
		{"a#10|20", TargetSpec{}, "limit"},
		{"a|0", TargetSpec{}, "limit"},
		{"a|1000001", TargetSpec{}, "limit"},
		{"a|-1", TargetSpec{}, "limit"},
		{"a|x", TargetSpec{}, "limit"},
		{"a|", TargetSpec{}, "limit"},
		{"a|1.5", TargetSpec{}, "limit"},
		{"a|10|20", TargetSpec{}, "limit"},
		{"a|0%", TargetSpec{}, "share"},
		{"a|101%", TargetSpec{}, "share"},
		{"a|NaN%", TargetSpec{}, "share"},
		{"a|%", TargetSpec{}, "share"},
		{"", TargetSpec{}, "host is missing"},
		{"http://", TargetSpec{}, "host is missing"},
		{"http://:80", TargetSpec{}, "host is missing"},
		{"ftp://a", TargetSpec{}, "http:// or https://"},
		{"http://a:0", TargetSpec{}, "1 to 65535"},
		{"http://a:65536", TargetSpec{}, "1 to 65535"},
		{"http://a:x", TargetSpec{}, "invalid port"},
		{"http://a b", TargetSpec{}, "give a URL"},
		{"http://a/?x", TargetSpec{}, "only scheme, host, port and path"},
		{"http://a/#x", TargetSpec{}, "limit"},
		{"http://u:p@a/", TargetSpec{}, "only scheme"},
	} {
		got, err := ParseTarget(tt.in)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: error %v, want one about %q", tt.in, err, tt.err)
			}
		} else if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %+v, %v", tt.in, got, err)
		}
	}
	specs, err := ParseTargets("http://staging|10,dev|5%,c")
	if err != nil || len(specs) != 3 || specs[0].Rate != 10 || specs[1].Percent != 5 || specs[2].URL != "http://c" {
		t.Errorf("%+v, %v", specs, err)
	}
	if _, err := ParseTargets("http://a,,b"); err == nil {
		t.Error("an empty target passes")
	}
}

func TestDescribe(t *testing.T) {
	targets, err := ParseTargets("http://staging|10,dev#2.5%,https://c/base,https://d#h2,https://e|10|h2")
	if err != nil {
		t.Fatal(err)
	}
	f, err := New(Config{Targets: targets})
	if err != nil {
		t.Fatal(err)
	}
	const want = "http://staging (10 per second), http://dev (2.5% of the users), https://c/base (no limit), " +
		"https://d (no limit, over HTTP/2), https://e (10 per second, over HTTP/2)"
	if got := f.Describe(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConfigErrors(t *testing.T) {
	target := []TargetSpec{{URL: "http://a"}}
	for name, cfg := range map[string]Config{
		"no target":       {},
		"bad target":      {Targets: []TargetSpec{{URL: "a"}}},
		"rate":            {Targets: []TargetSpec{{URL: "http://a", Rate: -1}}},
		"concurrency":     {Targets: target, Concurrency: -1},
		"max wait":        {Targets: target, MaxWait: -1},
		"mark":            {Targets: target, Mark: "no token"},
		"CA file":         {Targets: target, TLS: TLSConfig{CAFile: "/nonexistent"}},
		"no certificate":  {Targets: target, TLS: TLSConfig{CAFile: "filter_test.go"}},
		"key alone":       {Targets: target, TLS: TLSConfig{KeyFile: "x"}},
		"bad certificate": {Targets: target, TLS: TLSConfig{CertFile: "filter_test.go", KeyFile: "filter_test.go"}},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFilterAllocs(t *testing.T) {
	f, err := NewFilter(FilterConfig{
		Methods: []string{"GET"}, AllowPath: []string{"^/api/"}, DenyPath: []string{"/admin"},
		AllowHeader: []string{"Cookie: session="}, DenyHeader: []string{"X-Bot: ."},
	})
	if err != nil {
		t.Fatal(err)
	}
	odd := []byte("GET http://h/x/..//%61pi/y HTTP/1.1\r\nHost: h\r\nCookie:\r\n a=b;\r\n\tsession=1\r\n\r\n")
	for _, raw := range [][]byte{typical, odd} { // the second has to be normalised and unfolded
		if n := testing.AllocsPerRun(100, func() { f.Allow(raw) }); n != 0 && !raceEnabled {
			t.Errorf("%v allocations for %.40q", n, raw)
		}
	}
}

func BenchmarkFilter(b *testing.B) {
	f, err := NewFilter(FilterConfig{SafeMethods: true, AllowPath: []string{"^/api/"}, DenyHeader: []string{"X-Bot: ."}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !f.Allow(typical) {
			b.Fatal("denied")
		}
	}
}
