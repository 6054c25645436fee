package http1

import "bytes"

// Head reads the head of a message. b holds the message from its first byte,
// with no empty lines before it (see EmptyLines), and all that there is of it
// yet; it may go on behind the head. After More, Head is called again with more
// bytes, b again from the message's first byte: lines that were whole are not
// read a second time, nor is the beginning of the unfinished one searched again,
// so that a head which comes byte by byte costs no more than its length. watch
// is the name of a field to look for, the same in each call; "" is none.
func (m *Message) Head(b []byte, watch string) Verdict {
	line, from := int(m.head.line), int(m.head.scanned)
	for m.InHead() {
		if m.state == inFields && from == line { // as most are: nothing but text, and CR LF
			n := plainLen(b[line:])
			if end := line + n; end+1 < len(b) && b[end] == '\r' && b[end+1] == '\n' {
				if v := m.plainLine(b[line:end], line, end+len("\r\n"), watch); v != More {
					return v
				}
				line, from = end+len("\r\n"), end+len("\r\n")
				continue
			}
		}
		n := bytes.IndexByte(b[from:], '\n')
		if n < 0 {
			m.head.line, m.head.scanned = int32(line), int32(len(b))
			return m.unfinished(b)
		}
		next := from + n + 1
		if v := m.takeLine(b[line:next-1], next, watch); v != More {
			return v
		}
		line, from = next, next
	}
	return Whole
}

// takeLine reads a line that lacks nothing but its LF; the next one begins at
// next. It returns More unless the message is void.
func (m *Message) takeLine(line []byte, next int, watch string) Verdict {
	begin := next - 1 - len(line)
	if n := len(line) - 1; n >= 0 && line[n] == '\r' {
		line = line[:n]
	} else {
		m.Odd = true // a bare LF (RFC 9112 section 2.2)
	}
	if m.state == inFields {
		if v := m.controls(line); v != More {
			return v
		}
		return m.plainLine(line, begin, next, watch)
	}
	v := More
	if m.to == toRequest {
		v = m.requestLine(line)
	} else {
		v = m.statusLine(line)
	}
	if v == More {
		m.state, m.first = inFields, int32(next)
	}
	return v
}

// plainLine takes a line of the field section whose control bytes, if it has any, are
// no matter. The next one begins at next.
func (m *Message) plainLine(line []byte, begin, next int, watch string) Verdict {
	if len(line) == 0 {
		m.HeadLen, m.head = next, headState{}
		return m.frame()
	}
	return m.field(line, begin-int(m.first), watch)
}

// unfinished returns NotHTTP as soon as the start line, which has no end in b,
// cannot become one.
func (m *Message) unfinished(b []byte) Verdict {
	if m.state != inLine {
		return More
	}
	fits := false
	if m.to == toRequest {
		b = b[:min(len(b), MaxMethod+1)]
		n := TokenLen(b)
		fits = n == len(b) && n <= MaxMethod || n > 0 && n < len(b) && b[n] == ' '
	} else {
		const begin = "HTTP/"
		n := min(len(b), len(begin))
		fits = string(b[:n]) == begin[:n]
	}
	if !fits {
		return m.fail(NotHTTP, ReasonStartLine)
	}
	return More
}

// field reads one line of the field section (RFC 9112 section 5), which begins at,
// and looks into those that say where the message ends.
func (m *Message) field(line []byte, at int, watch string) Verdict {
	n := TokenLen(line)
	if n == 0 || n == len(line) || line[n] != ':' {
		return m.oddField(line, watch)
	}
	name := line[:n]
	m.head.framing = false
	if n == len(watch) && EqualFold(name, watch) {
		m.Watched = true
	}
	switch kind := kindOf(name); kind {
	case FieldCookie, FieldAuthorization, FieldForwarded, FieldForwardedFor, FieldUserAgent:
		m.notes.take(kind, at)
	case FieldContentLength:
		m.head.framing = true
		return m.contentLength(Trim(line[n+1:]))
	case FieldTransferEncoding:
		m.head.framing = true
		return m.transferEncoding(Trim(line[n+1:]))
	case FieldHost:
		m.Odd = m.Odd || m.head.hasHost
		m.head.hasHost = true
	case FieldUpgrade:
		m.Upgrade = true
	case FieldOther:
		if mayResemble(name[0]) && resembles(name, false) { // a token, as in Transfer_Encoding
			return m.fail(Malformed, ReasonLooksLikeFraming)
		}
	}
	return More
}

// oddField reads a line that does not begin with a name and a colon. It is a
// continuation of the line before (obs-fold, RFC 9112 section 5.2) if it begins
// with a blank, and else nothing that the RFC knows. Servers differ in what they
// make of either, and it is no matter unless one of them may find in it where
// the body ends.
func (m *Message) oddField(line []byte, watch string) Verdict {
	m.Odd = true
	folded, colon := isBlank(line[0]), bytes.IndexByte(line, ':')
	if folded && m.head.framing {
		return m.fail(Malformed, ReasonFoldedFraming)
	}
	m.head.framing = false
	switch {
	case colon >= 0 && resembles(line[:colon], false), colon < 0 && !folded && resembles(line, true):
		return m.fail(Malformed, ReasonLooksLikeFraming)
	case folded || colon < 0:
		return More
	}
	name := Trim(line[:colon])
	m.Upgrade = m.Upgrade || kindOf(name) == FieldUpgrade
	m.Watched = m.Watched || watch != "" && EqualFold(name, watch)
	return More
}

// resembles reports whether some reader may take b for the name of a field that
// says where the body ends: whether b spells one, all but letters left out. With
// more, letters may follow: b is a whole line.
func resembles(b []byte, more bool) bool {
	return spells(b, "contentlength", more) || spells(b, "transferencoding", more)
}

// mayResemble reports whether a name that begins with c can be one which
// resembles: nearly all begin with another letter.
func mayResemble(c byte) bool {
	c |= 0x20
	return c == 'c' || c == 't' || !isLetter(c)
}

func spells(b []byte, word string, more bool) bool {
	n := 0
	for _, c := range b {
		if c = lower(c); !isLetter(c) {
			continue
		}
		if n == len(word) {
			return more
		}
		if c != word[n] {
			return false
		}
		n++
	}
	return n == len(word)
}

// controls looks at a line with control bytes in it. NUL and CR decide: readers
// written in C may end the head at a NUL, and some take a CR for a line end.
func (m *Message) controls(line []byte) Verdict {
	for _, c := range line {
		switch {
		case c == 0:
			return m.fail(Malformed, ReasonNUL)
		case c == '\r':
			return m.fail(Malformed, ReasonBareCR)
		case c < 0x20 && c != '\t' || c == 0x7f:
			m.Odd = true
		}
	}
	return More
}

func (m *Message) fail(v Verdict, r Reason) Verdict {
	m.Reason = r
	return v
}
