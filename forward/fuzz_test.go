package forward

import (
	"bytes"
	"testing"
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
	s := shaper{host: []byte("target:80"), mark: []byte(DefaultMark), smallEnd: 1 << 14}
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
		head, err := s.appendHead(nil, &r)
		if err != nil {
			return
		}
		var again request
		if err := again.parse(append(bytes.Clone(head), r.body...)); err != nil {
			t.Fatalf("%q became %q, which does not parse: %v", raw, head, err)
		}
		if !bytes.Equal(r.method, again.method) || !bytes.Equal(r.target, again.target) || !bytes.Equal(r.body, again.body) {
			t.Fatalf("%q became %q", raw, head)
		}
		if !bytes.Contains(head, []byte(DefaultMark+": 1")) {
			t.Fatalf("%q became %q without the mark", raw, head)
		}
	})
}
