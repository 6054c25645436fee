package reassembly

import "bytes"

// The states of a message, in the order in which a request goes through them.
type state uint8

const (
	stateStart  state = iota // nothing decided: the first bytes may be another protocol's
	stateLine                // in the request line
	stateFields              // in the header fields
	stateLength              // in a body of known length
	stateChunk               // chunkScanner's states follow
)

// An outcome is what the parser says about the bytes it was given.
type outcome uint8

const (
	more        outcome = iota // all are part of the request, which goes on
	done                       // the part asked for ends in them
	skip                       // message.skip bytes before the request are not part of it
	foreign                    // not HTTP/1: see message.protocol
	junk                       // not a request line, whatever else it is
	broken                     // a request that breaks the syntax
	smuggled                   // a request whose end is a matter of opinion
	unsupported                // a request in a dialect we do not speak
)

// A message is the state of the parser inside one request (RFC 9112). Offsets
// count from the request's first byte.
type message struct {
	state    state
	chunk    chunkState
	fresh    bool // it may be another protocol's beginning
	begun    bool // it is in the accounts
	discard  bool // its fate is decided: only its end is looked for
	chunked  bool
	length   bool // it has a Content-Length
	upgrade  bool
	marked   bool
	framing  bool // the line before was Content-Length or Transfer-Encoding
	old      bool // HTTP/1.0
	digits   bool // the chunk size has one
	protocol Protocol

	line      int // where the unfinished line begins
	scanned   int // up to here the unfinished line has no end
	method    int // length of the method
	target    int // end of the target
	proto     int // end of the protocol
	header    int // length of the head, once it is in
	skip      int
	need      int64 // bytes left of the body, or of the chunk
	body      int64 // bytes of body so far, chunk framing not counted
	firstTime int64 // of the packet with the first byte
	index     uint64
}

const (
	maxMethodBytes = 64      // longer ones are no method: the registry's longest has 17
	maxHeadBytes   = 1 << 20 // servers refuse far smaller heads (nginx 32 KiB, Go 1 MiB)
)

// head parses the head of a request that begins at b[0]; b holds all bytes of
// it so far and may go on after its end. On done, m.header is its length.
func (m *message) head(b []byte, mark string) outcome {
	if m.state == stateStart {
		if out := m.first(b); out != done {
			return out
		}
		m.state = stateLine
	}
	if out, ok := m.cleanLines(b, mark); ok {
		return out
	}
	return m.readLines(b, mark)
}

// readLines is head behind the first bytes, line by line.
func (m *message) readLines(b []byte, mark string) outcome {
	var lines lineScanner
	lines.start(b, m.scanned)
	for {
		end, next, ok := lines.next()
		if !ok {
			if m.state == stateLine {
				return junk
			}
			return broken
		}
		if end < 0 {
			m.scanned = next
			if m.state == stateLine && !methodFits(b[:min(len(b), maxMethodBytes+1)]) {
				return junk
			}
			return more
		}
		line := b[m.line:end]
		var out outcome
		if m.state == stateLine {
			if out = m.requestLine(line); out == done {
				m.state = stateFields
			}
		} else if len(line) == 0 {
			m.header = next
			return m.frame()
		} else {
			out = m.field(line, mark)
		}
		if out != done {
			return out
		}
		m.line, m.scanned = next, next
	}
}

// first looks at the first bytes of a stream for other protocols, and before
// any request for empty lines (RFC 9112 §2.2).
func (m *message) first(b []byte) outcome {
	if m.fresh {
		v, p, n := classify(b)
		switch v {
		case undecided:
			return more
		case isOther:
			m.protocol = p
			return foreign
		case isProxy:
			m.skip = n
			return skip
		}
	}
	if n := emptyLines(b); n > 0 {
		m.skip = n
		return skip
	}
	return done
}

// emptyLines counts the CR and LF that b begins with.
func emptyLines(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
		n++
	}
	return n
}

// methodFits tells whether b can be the beginning of a request line.
func methodFits(b []byte) bool {
	n := tokenLen(b)
	return n == len(b) && n <= maxMethodBytes || n > 0 && n < len(b) && b[n] == ' '
}

// requestLine parses method SP target SP version (RFC 9112 §3).
func (m *message) requestLine(line []byte) outcome {
	n := tokenLen(line)
	if n == 0 || n > maxMethodBytes || n == len(line) || line[n] != ' ' {
		return junk
	}
	m.method = n
	end := len(line) - len(" HTTP/1.1")
	if end <= n || string(line[end:end+8]) != " HTTP/1." || !isDigit(line[end+8]) {
		return otherVersion(line, n)
	}
	target := line[n+1 : end]
	if !isPrintable(target) && (len(target) == 0 || bytes.ContainsAny(target, " \t")) {
		return broken
	}
	m.target, m.proto = end, len(line)
	m.old = line[end+8] == '0'
	return done
}

// otherVersion tells what a line is that begins with a method of n bytes and a
// space, and does not end with a version of HTTP/1.
func otherVersion(line []byte, n int) outcome {
	version := line[max(n, len(line)-len(" HTTP/1.1")):]
	switch {
	case bytes.HasPrefix(version, []byte(" HTTP/")) && len(version) == 9 && isDigit(version[6]) && version[7] == '.' && isDigit(version[8]):
		target := line[n : len(line)-len(version)]
		if len(target) < 2 || bytes.ContainsAny(target[1:], " \t") {
			return broken
		}
		return unsupported
	case bytes.Contains(line, []byte(" HTTP/")):
		return broken
	case string(line[:n]) == "GET" && bytes.IndexByte(line[n+1:], ' ') < 0:
		return unsupported // HTTP/0.9
	}
	return junk
}

// field parses one header line (RFC 9112 §5), and looks into those that say
// where the request ends.
func (m *message) field(line []byte, mark string) outcome {
	if line[0] == ' ' || line[0] == '\t' {
		// obs-fold (RFC 9112 §5.2): goes on with the line before. Where that
		// says how long the body is, servers differ in what they read.
		if m.line == m.proto+1 || m.line == m.proto+2 {
			return broken
		}
		if m.framing {
			return smuggled
		}
		return done
	}
	n := tokenLen(line)
	if n == 0 || n == len(line) || line[n] != ':' {
		return broken // also white space before the colon (RFC 9112 §5.1)
	}
	m.framing = false
	switch name := line[:n]; {
	case n == len("content-length") && equalFold(name, "content-length"):
		m.framing = true
		return m.contentLength(trim(line[n+1:]))
	case n == len("transfer-encoding") && equalFold(name, "transfer-encoding"):
		m.framing = true
		return m.transferEncoding(trim(line[n+1:]))
	case n == len("upgrade") && equalFold(name, "upgrade"):
		m.upgrade = true
	case n == len(mark) && equalFold(name, mark):
		m.marked = true
	}
	return done
}

// contentLength accepts one length, or the same one again (RFC 9112 §6.3).
func (m *message) contentLength(v []byte) outcome {
	for first := true; first || len(v) > 0; first = false {
		item, rest, comma := bytes.Cut(v, []byte{','})
		if comma && len(trim(rest)) == 0 {
			return smuggled
		}
		n, ok := parseLength(trim(item))
		if !ok || m.length && n != m.need {
			return smuggled
		}
		m.length, m.need = true, n
		v = rest
	}
	return done
}

// transferEncoding accepts chunked, once, and nothing else: a coding before it
// is valid, but servers answer 501; everything else hides where the body ends.
func (m *message) transferEncoding(v []byte) outcome {
	if m.chunked {
		return smuggled
	}
	m.chunked = true
	if equalFold(v, "chunked") {
		return done
	}
	if i := bytes.LastIndexByte(v, ','); i > 0 && equalFold(trim(v[i+1:]), "chunked") {
		for _, known := range [...]string{"gzip", "x-gzip", "deflate", "compress", "x-compress"} {
			if equalFold(trim(v[:i]), known) {
				return unsupported
			}
		}
	}
	return smuggled
}

// frame decides where the body ends (RFC 9112 §6.3).
func (m *message) frame() outcome {
	switch {
	case m.chunked && (m.length || m.old):
		return smuggled // §6.1: both, or chunked from a client of HTTP/1.0
	case m.chunked:
		m.state, m.need = stateChunk, 0
	default:
		m.state, m.body = stateLength, m.need
	}
	return done
}

// rest parses the body; b goes on where the last call ended. It returns how
// many bytes belong to the request.
func (m *message) rest(b []byte) (int, outcome) {
	if m.state == stateChunk {
		return m.chunks(b)
	}
	n := int(min(m.need, int64(len(b))))
	m.need -= int64(n)
	if m.need == 0 {
		return n, done
	}
	return n, more
}
