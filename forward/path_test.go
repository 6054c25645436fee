package forward

import (
	"bytes"
	"fmt"
	"testing"
)

func TestNormal(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"/", "/"},
		{"/admin", "/admin"},
		{"/admin/", "/admin/"},
		{"/a.b/c;d=1/e..f?g=/../h", "/a.b/c;d=1/e..f?g=/../h"},
		{"/caf\xc3\xa9/\xff", "/caf\xc3\xa9/\xff"},
		{"/a b", "/a b"},

		{"http://h/admin", "/admin"},
		{"HTTPS://u:p@h:1/admin?x", "/admin?x"},
		{"coap+tcp://h/../admin", "/admin"},
		{"http://h", "/"},
		{"http://h?x", "/?x"},
		{`http://h\admin`, "/admin"},
		{"/http://h/admin", "/http:/h/admin"}, // a path
		{"1http://h/admin", "/1http:/h/admin"},
		{"?u=http://h/admin", "/?u=http://h/admin"},

		{"*", "*"},
		{"**", "/**"},
		{"admin", "/admin"},
		{"?x", "/?x"},
		{"#x", "/#x"},

		{"/admin?a=%61&b=//c/../d", "/admin?a=%61&b=//c/../d"},
		{"/%61dmin#x/../y", "/admin#x/../y"},
		{"/a%3fb%23c?d", "/a?b#c?d"},

		{"/%61dmin", "/admin"},
		{"/%2561dmin", "/%61dmin"}, // once
		{"/%4A%4a%c3%A9", "/JJ\xc3\xa9"},
		{"/%zz%4%", "/%zz%4%"},
		{"/a%00b", "/a\x00b"},
		{"/x%2F..%2fadmin", "/admin"},
		{"%2fadmin", "/admin"},

		{"//admin", "/admin"},
		{"///x//y//", "/x/y/"},
		{`\admin`, "/admin"},
		{`/x\..\admin`, "/admin"},
		{"/%5Cadmin", "/admin"},

		{"/./admin", "/admin"},
		{"/x/../admin", "/admin"},
		{"/../../admin", "/admin"},
		{"/x/y/../../admin/.", "/admin/"},
		{"/admin/x/..", "/admin/"},
		{"/x//../admin", "/admin"}, // slashes first
		{"/%2e%2E/admin", "/admin"},
		{"/...", "/..."},
		{"/.x/..x/x..", "/.x/..x/x.."},

		{"/admin;x", "/admin;x"},
		{"/x/..;y=1/admin", "/admin"},
		{"/.;/admin", "/admin"},
		{"/;x/admin", "/admin"},
		{"/..%3b/admin", "/admin"},
	} {
		if got := appendNormal([]byte("before"), []byte(tt.target)); string(got) != "before"+tt.want {
			t.Errorf("%q: got %q, want %q", tt.target, got, "before"+tt.want)
		}
		if isNormal([]byte(tt.target)) && tt.target != tt.want {
			t.Errorf("%q is said to be normal", tt.target)
		}
	}
}

// TestIsNormal: ordinary targets are not looked at twice.
func TestIsNormal(t *testing.T) {
	for _, target := range []string{"/", "/api/v1/items/42?next=%2Fa//b/../c#d", "/index.html", "/cart;jsessionid=1", "/caf\xc3\xa9"} {
		if !isNormal([]byte(target)) || !bytes.Equal(appendNormal(nil, []byte(target)), []byte(target)) {
			t.Errorf("%q is not normal", target)
		}
	}
}

func TestOriginForm(t *testing.T) {
	for target, want := range map[string]string{
		"/a": "/a", "http://h/a?b": "/a?b", "http://h": "", "x-y.z+1://h?b": "?b", "://h/a": "://h/a", "*": "*", "": "",
		"/x://h/a": "/x://h/a", "9p://h/a": "9p://h/a", "http:/h/a": "http:/h/a",
	} {
		if got := originForm([]byte(target)); string(got) != want {
			t.Errorf("%q: got %q, want %q", target, got, want)
		}
	}
}

// otherAdmins are ways to ask for /admin that one server or another serves.
var otherAdmins = []string{
	"/admin", "http://h/admin", "HTTP://h:80/admin", "//admin", "/%61dmin", "/%61%64%6d%69%6e", "/./admin", "/x/../admin", "/admin;x",
	"/admin/", "/admin?x", "/admin#x", "/x/..;/admin", "/;/admin", `/x\..\admin`, "/x%2f..%2fadmin", "/x/%2e%2e/admin", "http://h//admin", "/admin%2f", "admin",
}

// TestDenyPathForms: a denied path is denied however it is spelt.
func TestDenyPathForms(t *testing.T) {
	f, err := NewFilter(FilterConfig{DenyPath: []string{"^/admin"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range otherAdmins {
		if f.Allow(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target)) {
			t.Errorf("%s passes", target)
		}
	}
	for _, target := range []string{"/", "/x/admin", "/%2561dmin", "/a/dmin", "/?/admin", "/ADMIN", "http://admin/", "*"} {
		if !f.Allow(fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", target)) {
			t.Errorf("%s does not pass", target)
		}
	}
}

// TestPathForms: which forms of a target the rules for paths look at.
func TestPathForms(t *testing.T) {
	for _, tt := range []struct {
		rule, target      string
		allowed, deniable bool // with the rule as the only allowed, or denied, path
	}{
		{"^/api/", "/api/x", true, true},
		{"^/api/", "http://h/api/x", true, true},
		{"^/api/", "/api/../admin", false, true},   // only what came matches
		{"^/api/", "/admin/../api/x", false, true}, // only what it becomes
		{"^/api/", "/%61pi/x", false, true},
		{"^/api/", "//api/x", false, true},
		{"^/api/", "/api/x%20y", true, true},
		{"^/api/", "/other", false, false},
		{"^/api/", "http://h/other", false, false},
		{"^/api/[^/]+$", "/api/a%2Fb", false, true},
		{"^/a%20b$", "http://h/a%20b", false, true},
		{"^http://h/", "http://h/a", false, true},
		{`\?x=%2F$`, "/a?x=%2F", true, true},
		{`;jsessionid=`, "/./a;jsessionid=1", true, true},
		{`^\*$`, "*", true, true},
	} {
		raw := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", tt.target)
		allow, err := NewFilter(FilterConfig{AllowPath: []string{"never", tt.rule}})
		if err != nil {
			t.Fatal(err)
		}
		deny, err := NewFilter(FilterConfig{DenyPath: []string{"never", tt.rule}})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time with room that was used before
			if got := allow.Allow(raw); got != tt.allowed {
				t.Errorf("allow %s: %s is %v", tt.rule, tt.target, got)
			}
			if got := !deny.Allow(raw); got != tt.deniable {
				t.Errorf("deny %s: %s is %v", tt.rule, tt.target, got)
			}
		}
	}
}
