package http1

import "testing"

// TestResponses: where responses end, by the request they answer. Each is followed
// by the rest, which is not part of it unless the body goes on until the end.
func TestResponses(t *testing.T) {
	const rest = "HTTP/1.1 200 OK\r\n\r\n"
	for _, tt := range []struct {
		name, to, raw string
		want          Verdict
		status        int
		body          int64
		tunnel        bool
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Whole, 200, 3, false},
		{"length 0", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", Whole, 404, 0, false},
		{"equal lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc", Whole, 200, 3, false},
		{"chunked", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", Whole, 200, 3, false},
		{"until close", "GET", "HTTP/1.1 200 OK\r\nHost: a\r\n\r\n", More, 200, int64(len(rest)), false},
		{"HTTP/1.0 until close", "GET", "HTTP/1.0 200 OK\r\n\r\n", More, 200, int64(len(rest)), false},
		{"no reason phrase", "GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", Whole, 200, 0, false},
		{"no space behind the status", "GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", Whole, 200, 0, false},
		{"high status", "GET", "HTTP/1.1 999 \xe4\t\r\nContent-Length: 0\r\n\r\n", Whole, 999, 0, false},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", Whole, 200, 0, false},
		{"HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Whole, 200, 0, false},
		{"HEAD, nothing said", "HEAD", "HTTP/1.1 200 OK\r\n\r\n", Whole, 200, 0, false},
		{"100", "POST", "HTTP/1.1 100 Continue\r\n\r\n", Whole, 100, 0, false},
		{"103", "GET", "HTTP/1.1 103 Early Hints\r\nLink: x\r\nContent-Length: 5\r\n\r\n", Whole, 103, 0, false},
		{"101", "GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", Whole, 101, 0, true},
		{"204", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Whole, 204, 0, false},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Whole, 304, 0, false},
		{"304, chunked", "GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", Whole, 304, 0, false},
		{"205 with a body", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc", Whole, 205, 3, false},
		{"CONNECT", "CONNECT", "HTTP/1.1 200 OK\r\n\r\n", Whole, 200, 0, true},
		{"CONNECT and a length", "CONNECT", "HTTP/1.1 299 OK\r\nContent-Length: 3\r\n\r\n", Whole, 299, 0, true},
		{"CONNECT refused", "CONNECT", "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc", Whole, 403, 3, false},
		{"methods differ by case", "head", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", Whole, 200, 3, false},
		{"bare LF", "GET", "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", Whole, 200, 3, false},
		{"control byte in the phrase", "GET", "HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n", Whole, 200, 0, false},
		{"odd fields", "GET", "HTTP/1.1 200 OK\r\nX Y: z\r\n a\r\nContent-Length: 3\r\n\r\nabc", Whole, 200, 3, false},

		{"NUL in the phrase", "GET", "HTTP/1.1 200 \x00\r\n\r\n", Malformed, 0, 0, false},
		{"CR in the phrase", "GET", "HTTP/1.1 200 a\rb\r\n\r\n", Malformed, 0, 0, false},
		{"two digits", "GET", "HTTP/1.1 20 OK\r\n\r\n", Malformed, 0, 0, false},
		{"four digits", "GET", "HTTP/1.1 2000 OK\r\n\r\n", Malformed, 0, 0, false},
		{"letters", "GET", "HTTP/1.1 2x0 OK\r\n\r\n", Malformed, 0, 0, false},
		{"below 100", "GET", "HTTP/1.1 099 OK\r\n\r\n", Malformed, 0, 0, false},
		{"two spaces", "GET", "HTTP/1.1  200 OK\r\n\r\n", Malformed, 0, 0, false},
		{"no status", "GET", "HTTP/1.1\r\n\r\n", Malformed, 0, 0, false},
		{"two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", Malformed, 0, 0, false},
		{"length and chunked", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed, 0, 0, false},
		{"length and chunked to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed, 0, 0, false},
		{"chunked in HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Malformed, 0, 0, false},
		{"folded length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n 4\r\n\r\n", Malformed, 0, 0, false},
		{"bad chunk", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", Malformed, 0, 0, false},
		{"compressed and chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Unsupported, 0, 0, false},
		{"HTTP/2.0", "GET", "HTTP/2.0 200 OK\r\n\r\n", Unsupported, 0, 0, false},
		{"another word", "GET", "ICY 200 OK\r\n\r\n", NotHTTP, 0, 0, false},
		{"lower-case version", "GET", "http/1.1 200 OK\r\n\r\n", NotHTTP, 0, 0, false},
		{"version cut short", "GET", "HTTP/1\r\n\r\n", NotHTTP, 0, 0, false},
		{"no version", "GET", "HTTP/x.1 200 OK\r\n\r\n", NotHTTP, 0, 0, false},
		{"a request", "GET", "GET / HTTP/1.1\r\n\r\n", NotHTTP, 0, 0, false},
		{"an empty line", "GET", "\r\nHTTP/1.1 200 OK\r\n\r\n", NotHTTP, 0, 0, false},
		{"binary", "GET", "\x00\x01", NotHTTP, 0, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, n, v := checkCuts(t, Response(tt.to), []byte(tt.raw+rest))
			if v != tt.want {
				t.Fatalf("%v (%v), want %v", v, m.Reason, tt.want)
			}
			if v != Whole && v != More {
				return
			}
			want := len(tt.raw)
			if v == More {
				want += len(rest)
			}
			if n != want || m.Status != tt.status || m.BodyLen != tt.body || m.Tunnel != tt.tunnel || m.End() != Whole {
				t.Errorf("%d of %d bytes: %+v, at the end %v", n, want, m, m.End())
			}
		})
	}
}

// TestResponseCut: a response that the connection's end cuts short is told from
// one which it ends.
func TestResponseCut(t *testing.T) {
	for raw, want := range map[string]Verdict{
		"":                            More,
		"HTTP/1.1 20":                 More,
		"HTTP/1.1 200 OK\r\nA: b\r\n": More,
		"HTTP/1.1 200 OK\r\n\r\n":     Whole,
		"HTTP/1.1 200 OK\r\n\r\nabc":  Whole,
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab":                    More,
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":                   Whole,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n": More,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r":      More,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n":    Whole,
	} {
		if m, _, _ := read(Response("GET"), "", []byte(raw)); m.End() != want {
			t.Errorf("%q: %v, want %v", raw, m.End(), want)
		}
	}
}

// TestResponseParts: what the accessors give of a response, and what its oddities are.
func TestResponseParts(t *testing.T) {
	for raw, odd := range map[string]bool{
		"HTTP/1.1 200 OK\r\nA: b\r\n\r\n":       false,
		"HTTP/1.1 200 \r\n\r\n":                 false,
		"HTTP/1.1 200 \xe4\t\r\n\r\n":           false,
		"HTTP/1.1 200 OK\n\r\n":                 true,
		"HTTP/1.1 200 O\x01\r\n\r\n":            true,
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n":      true,
		"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n": true,
	} {
		b := []byte(raw)
		m := Response("GET")
		if v := m.Head(b, ""); v != Whole || m.Odd != odd || string(m.Proto(b)) != "HTTP/1.1" || string(m.Line(b)[:12]) != "HTTP/1.1 200" {
			t.Errorf("%q: %v, odd: %v, %q of %q", raw, v, m.Odd, m.Proto(b), m.Line(b))
		}
	}
}
