package reassembly

import (
	"bytes"
	"strings"
)

// beginsRequest tells whether b, the beginning of a segment, begins with a
// request line: with a whole one, or with one that fills all of b. This is
// where a stream that lost its place, or never had one, starts.
func beginsRequest(b []byte) bool {
	b = b[emptyLines(b[:min(len(b), 4)]):]
	n := tokenLen(b[:min(len(b), maxMethodBytes)])
	if n == 0 || n+1 >= len(b) || b[n] != ' ' {
		return false
	}
	if isTornMethod(b[:n]) {
		return false
	}
	var lines lineScanner
	lines.start(b, n)
	end, _, ok := lines.next()
	if !ok {
		return false
	}
	if end >= 0 {
		return new(message).requestLine(b[:end]) == done
	}
	// The line does not end here. Not to be a guess, the target has to have the
	// form of one, and nothing but a version may come after it.
	target, version, _ := bytes.Cut(b[n+1:], []byte{' '})
	if len(target) == 0 || target[0] != '/' && target[0] != '*' && !bytes.HasPrefix(target, []byte("http")) {
		return false
	}
	const v1 = "HTTP/1."
	return isPrefix(version, v1) && len(version) <= len(v1)+2
}

// commonMethods are those by which a torn one is recognised.
var commonMethods = []string{
	"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PURGE",
	"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT",
}

// isTornMethod tells whether b is no method of its own but the end of one,
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
