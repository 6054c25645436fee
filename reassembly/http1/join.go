package http1

import (
	"bytes"
	"strings"
)

// EmptyLines counts the CR and LF that b begins with. Servers skip empty lines
// before a request (RFC 9112 section 2.2), and so does the caller of Head.
func EmptyLines(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	return n
}

// StartsRequest reports whether b, the beginning of a segment, begins with a
// request line: with a whole one, or with one that fills all of b. It may be
// preceded by empty lines. This is where a stream that lost its place, or never
// had one, is joined, so that it takes none of the liberties of Head.
func StartsRequest(b []byte) bool {
	b = b[EmptyLines(b[:min(len(b), 4)]):]
	n := TokenLen(b[:min(len(b), MaxMethod)])
	if n == 0 || n+1 >= len(b) || b[n] != ' ' || isTornMethod(b[:n]) {
		return false
	}
	line, _, whole := bytes.Cut(b, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if whole {
		var m Message
		return m.requestLine(line) == More && !m.Odd
	}
	// The line does not end here. Not to be a guess, the target has to have the
	// form of one, and nothing but a version may come after it.
	target, version, _ := bytes.Cut(line[n+1:], []byte{' '})
	if len(target) == 0 || target[0] != '/' && target[0] != '*' && !bytes.HasPrefix(target, []byte("http")) {
		return false
	}
	const v1 = "HTTP/1."
	return isPlain(line) && len(version) <= len(v1)+1 && strings.HasPrefix(v1, string(version[:min(len(version), len(v1))])) &&
		(len(version) <= len(v1) || isDigit(version[len(v1)]))
}

// commonMethods are those by which a torn one is recognised.
var commonMethods = [...]string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PURGE",
	"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT",
}

// isTornMethod reports whether b is no method of its own but the end of one,
// whose beginning is missing ("OST"), or the end of a body with a method behind
// it ("xPOST").
func isTornMethod(b []byte) bool {
	torn := false
	for _, m := range commonMethods {
		if string(b) == m {
			return false
		}
		torn = torn || strings.HasSuffix(m, string(b)) || strings.HasSuffix(string(b), m)
	}
	return torn
}
