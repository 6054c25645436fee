package http1

import "testing"

// TestContent: the content of a body, and where it ends, however it comes.
func TestContent(t *testing.T) {
	const next = "HTTP/1.1 200 OK\r\n"
	for _, tt := range []struct {
		name, raw, content string
		want               Verdict
	}{
		{"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", Whole},
		{"none", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "", Whole},
		{"until the end", "HTTP/1.1 200 OK\r\n\r\n", next, More},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\n", "abc0123456789", Whole},
		{"chunked and empty", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", Whole},
		{"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd", "abc", Malformed},
	} {
		for _, size := range []int{1, 2, 3, 7, 1 << 10} {
			m, raw := Response("GET"), []byte(tt.raw+next)
			if v := m.Head(raw, ""); v != Whole {
				t.Fatal(tt.name, v)
			}
			var content []byte
			at, v := m.HeadLen, More
			for at < len(raw) && v == More {
				got, n, verdict := Content(&m, raw[at:min(at+size, len(raw))])
				content, at, v = append(content, got...), at+n, verdict
			}
			if string(content) != tt.content || v != tt.want || v == Whole && at != len(tt.raw) {
				t.Errorf("%s in pieces of %d: %q, %v, ends at %d of %d", tt.name, size, content, v, at, len(tt.raw))
			}
		}
	}
}
