package forward

import (
	"net/netip"
	"strings"
	"testing"
)

var somebody = peers{
	client: netip.MustParseAddrPort("203.0.113.7:4711"), server: netip.MustParseAddrPort("[2001:db8::1]:80"), user: 0xabc,
}

func TestTemplate(t *testing.T) {
	for _, tt := range []struct{ text, want, unknown string }{
		{"", "", ""},
		{"plain", "plain", "plain"},
		{"{client}", "203.0.113.7", "unknown"},
		{"{client}:{client_port}", "203.0.113.7:4711", "unknown:unknown"},
		{"a {server} b", "a [2001:db8::1]:80 b", "a unknown b"},
		{"u={user};", "u=0000000000000abc;", "u=0000000000000000;"},
		{"{{client}}", "{203.0.113.7}", "{unknown}"},
		{`{"client":"{client}"}`, `{"client":"203.0.113.7"}`, `{"client":"unknown"}`},
		{"{} {A} {1} {client", "{} {A} {1} {client", "{} {A} {1} {client"},
	} {
		tmpl, err := parseTemplate(tt.text)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		for p, want := range map[*peers]string{&somebody: tt.want, {}: tt.unknown} {
			if got := string(tmpl.append([]byte("x"), p)); got != "x"+want {
				t.Errorf("%q: %q, want %q", tt.text, got[1:], want)
			}
		}
		if tmpl.isFixed() != (tt.want == tt.unknown) {
			t.Errorf("%q: fixed %t", tt.text, tmpl.isFixed())
		}
		if n := testing.AllocsPerRun(100, func() { tmpl.append(make([]byte, 0, 128), &somebody) }); n != 0 {
			t.Errorf("%q: %v allocations", tt.text, n)
		}
	}
	for _, s := range []string{"{clinet}", "{client} {x_y}", "{{port}}"} {
		if _, err := parseTemplate(s); err == nil || !strings.Contains(err.Error(), "{client_port}") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// What the target should know of the client stands in its request, in the place of
// what was captured, over HTTP/1.1 and HTTP/2.
func TestSetHeaderOfClient(t *testing.T) {
	rw, err := NewRewrite(RewriteConfig{SetHeader: []string{"X-Forwarded-For: {client}", "X-User: {user}"}})
	if err != nil {
		t.Fatal(err)
	}
	s := shaper{mark: "Gor-Replayed", rewrite: rw}
	r := &request{}
	if err := r.parse([]byte("GET / HTTP/1.1\r\nHost: a\r\nx-forwarded-for: 10.0.0.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	r.peers = somebody
	const want = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\nX-User: 0000000000000abc\r\nGor-Replayed: 1\r\n\r\n"
	if got := string(s.appendHead(nil, r, []byte("/"))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	h, err := s.httpRequest(t.Context(), r, []byte("/"), "x")
	if err != nil || h.Header.Get("X-Forwarded-For") != "203.0.113.7" || h.Header.Get("X-User") != "0000000000000abc" {
		t.Errorf("%v, %v", h, err)
	}
	for _, bad := range []string{"Host: {client}", "X: {nobody}"} {
		if _, err := NewRewrite(RewriteConfig{SetHeader: []string{bad}}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
