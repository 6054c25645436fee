package reassembly

import "bytes"

// beginsRequest tells whether b, the beginning of a segment, begins with a
// request line: with a whole one, or with one that fills all of b. This is
// where a stream that lost its place, or never had one, starts.
func beginsRequest(b []byte) bool {
	b = b[emptyLines(b[:min(len(b), 4)]):]
	n := tokenLen(b[:min(len(b), maxMethodBytes)])
	if n == 0 || n+1 >= len(b) || b[n] != ' ' {
		return false
	}
	end, _, ok := lineEnd(b, n)
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
