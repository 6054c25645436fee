package forward

import (
	"bytes"
	"testing"

	"gor/reassembly/http1/http1test"
)

// FuzzRequest parses anything as a captured request. What is sent of it is the
// same request: parsed again it has the same method, target and body.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST //a|b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
		"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
		"GET / HTTP/1.0\nConnection: keep-alive\n\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"\r\nGET http://a/b HTTP/1.1\r\nKeep-Alive: 1\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	for _, c := range http1test.Requests(f) {
		f.Add(c.Raw)
	}
	s := shaper{host: []byte("target:80"), mark: DefaultMark}
	filter, err := NewFilter(FilterConfig{AllowPath: []string{"/"}, DenyHeader: []string{"A: b"}, SafeMethods: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		filter.Allow(raw) // must not fall
		var r request
		if r.parse(raw) != nil {
			return
		}
		target, err := s.target(r.target)
		if err != nil {
			t.Fatalf("%q: %v, though nothing is rewritten", raw, err)
		}
		front := len(r.target) - len(originForm(r.target))
		if want := originForm(r.target); front == 0 && !bytes.Equal(target, r.target) || !bytes.HasSuffix(target, want) ||
			front > 0 && !bytes.Equal(target[bytes.Index(target, []byte("://"))+3:], append([]byte("target:80"), want...)) {
			t.Fatalf("target %q became %q", r.target, target)
		}
		head := s.appendHead(nil, &r, target)
		var again request
		if err := again.parse(append(bytes.Clone(head), r.body...)); err != nil {
			t.Fatalf("%q became %q, which does not parse: %v", raw, head, err)
		}
		if !bytes.Equal(r.method, again.method) || !bytes.Equal(target, again.target) || !bytes.Equal(r.body, again.body) {
			t.Fatalf("%q became %q", raw, head)
		}
		if again.head.Odd && !r.head.Odd {
			t.Fatalf("%q became %q, which is odder", raw, head)
		}
		if again.hosts != max(r.hosts, 1) || !bytes.Contains(head, []byte("target:80")) {
			t.Fatalf("%q became %q with %d Hosts", raw, head, again.hosts)
		}
		if !bytes.Contains(head, []byte(DefaultMark+": 1")) {
			t.Fatalf("%q became %q without the mark", raw, head)
		}
		s.httpRequest(t.Context(), &r, target, "target:80") // must not fall
	})
}

// FuzzNormal holds what appendNormal promises of any target: that isNormal
// says no for all that it changes, and that what it makes of one is normal.
func FuzzNormal(f *testing.F) {
	for _, s := range []string{"/a/../b?c", "//%2e%2E/;x/..;y/.", "http://h", "*", "%", "/%zz%4", `\..\a#b?c`, "?", "/a.b/.c/d;e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, target []byte) {
		normal := appendNormal([]byte("x"), target)[1:]
		if isNormal(target) && !bytes.Equal(normal, target) {
			t.Fatalf("%q is said to be normal, and became %q", target, normal)
		}
		path := normal
		if i := bytes.IndexAny(originForm(target), "?#"); i >= 0 { // it is at the end of both
			path = normal[:len(normal)-len(originForm(target)[i:])]
		}
		if string(path) == "*" {
			return
		}
		if len(path) == 0 || path[0] != '/' {
			t.Fatalf("%q became %q", target, normal)
		}
		for segment := range bytes.SplitSeq(bytes.TrimSuffix(path[1:], []byte("/")), []byte("/")) {
			name, _, _ := bytes.Cut(segment, []byte(";"))
			if len(path) > 1 && len(name) == 0 || string(name) == "." || string(name) == ".." {
				t.Fatalf("%q became %q", target, normal)
			}
		}
	})
}
