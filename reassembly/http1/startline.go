package http1

import "bytes"

// MaxMethod is the length in bytes of the longest method. The longest in the
// registry, UPDATEREDIRECTREF, has 17; longer words begin no request.
const MaxMethod = 64

// The form of a version (RFC 9112 section 2.3).
const versionLen = len("HTTP/1.1")

func isVersion(b []byte) bool {
	return len(b) == versionLen && string(b[:5]) == "HTTP/" && isDigit(b[5]) && b[6] == '.' && isDigit(b[7])
}

// requestLine reads method SP target SP version (RFC 9112 section 3). Blanks are
// taken as they come, as many servers do: the method ends at the first, the
// version begins behind the last.
func (m *Message) requestLine(line []byte) Verdict {
	n := TokenLen(line[:min(len(line), MaxMethod+1)])
	if n == 0 || n > MaxMethod || n == len(line) || line[n] != ' ' {
		return m.fail(NotHTTP, ReasonStartLine)
	}
	text := trimEnd(line)
	end := len(text) - versionLen
	if end <= n || text[end-1] != ' ' || !isVersion(text[end:]) {
		return m.fail(noVersion(text, n))
	}
	target := Trim(text[n:end])
	if len(target) == 0 {
		return m.fail(Malformed, ReasonStartLine)
	}
	if text[end+5] != '1' {
		return m.fail(Unsupported, ReasonVersion)
	}
	m.HTTP10 = text[end+7] == '0'
	if len(text) < len(line) || len(target) != end-n-len("  ") || bytes.IndexByte(target, ' ') >= 0 {
		m.Odd = true
	}
	if !isPlain(text) {
		m.Odd = true // also a HTAB, which is a blank here
		return m.controls(text)
	}
	return More
}

// noVersion says what a line is that begins with a method of n bytes and a space
// and does not end with a version.
func noVersion(text []byte, n int) (Verdict, Reason) {
	target := Trim(text[min(n, len(text)):])
	switch {
	case bytes.Contains(text, []byte(" HTTP/")):
		return Malformed, ReasonStartLine
	case string(text[:n]) == "GET" && len(target) > 0 && isPlain(target) && bytes.IndexByte(target, ' ') < 0:
		return Unsupported, ReasonVersion // HTTP/0.9
	}
	return NotHTTP, ReasonStartLine
}

// statusLine reads version SP status [SP reason phrase] (RFC 9112 section 4).
func (m *Message) statusLine(line []byte) Verdict {
	if !isVersion(line[:min(len(line), versionLen)]) {
		return m.fail(NotHTTP, ReasonStartLine)
	}
	if line[5] != '1' {
		return m.fail(Unsupported, ReasonVersion)
	}
	m.HTTP10 = line[7] == '0'
	code := line[versionLen:]
	if len(code) < 4 || code[0] != ' ' || code[1] == '0' || len(code) > 4 && code[4] != ' ' {
		return m.fail(Malformed, ReasonStartLine)
	}
	for _, c := range code[1:4] {
		if !isDigit(c) {
			return m.fail(Malformed, ReasonStartLine)
		}
		m.Status = m.Status*10 + int(c-'0')
	}
	return m.controls(code[4:])
}

// Line returns the start line without its line end. b holds the message from its
// first byte, as in all methods below, and what they return is a part of it. They
// are valid as soon as InLine reports false.
func (m *Message) Line(b []byte) []byte {
	n := int(m.first) - len("\n")
	if n > 0 && b[n-1] == '\r' {
		n--
	}
	return b[:n]
}

// Method returns a request's method.
func (m *Message) Method(b []byte) []byte { return b[:TokenLen(b)] }

// Target returns a request's target: all that is between the method and the
// version but for the blanks around it. It is exactly what came, of any form, and
// may hold blanks and control bytes if the message is Odd.
func (m *Message) Target(b []byte) []byte {
	line := trimEnd(m.Line(b))
	return Trim(line[TokenLen(line) : len(line)-versionLen])
}

// Proto returns the version as it came, "HTTP/1.1".
func (m *Message) Proto(b []byte) []byte {
	if m.to != toRequest {
		return b[:versionLen]
	}
	line := trimEnd(m.Line(b))
	return line[len(line)-versionLen:]
}

// Fields returns the field section, for AppendFields: from behind the start line
// to behind the blank line. It is valid once Head returned Whole.
func (m *Message) Fields(b []byte) []byte { return b[m.first:m.HeadLen] }
