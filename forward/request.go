package forward

import (
	"bytes"
	"errors"
)

// Why a request cannot be sent as it was captured.
var (
	errNoHead      = errors.New("the head has no end")
	errRequestLine = errors.New("no request line of HTTP/1")
	errConnect     = errors.New("CONNECT makes a tunnel, which is not a request")
	errHeaderBytes = errors.New("the head holds a NUL or a carriage return inside a line")
	errHost        = errors.New("more than one Host")
	errLength      = errors.New("the length of the body is doubtful")
	errCut         = errors.New("the body is cut short")
	errChunk       = errors.New("bad chunk")
	errPrefix      = errors.New("the target has no path to put the target URL's path before")
)

type fieldKind uint8

// The kinds of header that matter to a forwarder.
const (
	fieldOther fieldKind = iota
	fieldHost
	fieldConnection
	fieldHop // Keep-Alive, Proxy-Connection
	fieldLength
	fieldEncoding
	fieldUpgrade
)

// A field is one header as it came; everything points into the raw request.
type field struct {
	line  []byte // the whole line, continuation lines and line ends included
	name  []byte // without a blank before the colon
	value []byte // without blanks around it; with its line ends where folded
	kind  fieldKind
}

// A request is a captured request taken apart. It is reused: parse overwrites
// it, and its slices point into the raw bytes.
type request struct {
	method, target, version []byte
	lineEnd, blankLine      []byte // of the request line; and behind the headers
	fields                  []field
	hasHost                 bool
	body                    []byte // as framed on the wire
	chunked                 bool
	minor                   byte // HTTP/1.minor, as a digit
	keepAlive               bool // Connection: keep-alive
	upgrade                 bool // Connection: upgrade, and an Upgrade header
	// odd requests break RFC 9112 in ways on which servers disagree. They are
	// sent as they are, and their connection is not used again.
	odd bool
}

// parse takes raw apart. The error says why the request cannot be forwarded.
func (r *request) parse(raw []byte) error {
	*r = request{fields: r.fields[:0]}
	raw = skipBlankLines(raw) // RFC 9112 section 2.2
	line, rest := cutLine(raw)
	var ok bool
	if r.method, r.target, ok = splitRequestLine(line); !ok {
		return errRequestLine
	}
	r.version = line[len(line)-len("HTTP/1.1"):]
	r.lineEnd = raw[len(line) : len(raw)-len(rest)]
	r.minor = line[len(line)-1]
	if string(r.method) == "CONNECT" {
		return errConnect
	}
	r.odd = len(r.lineEnd) == 1 // a bare LF
	if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0 {
		return errHeaderBytes
	}
	rest, err := r.parseFields(rest)
	if err != nil {
		return err
	}
	return r.parseBody(rest)
}

// parseFields reads the header lines and returns what follows the blank line.
func (r *request) parseFields(b []byte) ([]byte, error) {
	for {
		nl := bytes.IndexByte(b, '\n')
		if nl < 0 {
			return nil, errNoHead
		}
		line := b[:nl+1]
		end := nl
		if end > 0 && b[end-1] == '\r' {
			end--
		} else {
			r.odd = true
		}
		if end == 0 {
			r.blankLine = line
			return b[nl+1:], nil
		}
		if bytes.IndexByte(line[:end], '\r') >= 0 || bytes.IndexByte(line[:end], 0) >= 0 {
			return nil, errHeaderBytes
		}
		if c := line[0]; c == ' ' || c == '\t' {
			if err := r.fold(line, end); err != nil {
				return nil, err
			}
		} else {
			r.fields = append(r.fields, r.parseField(line, end))
		}
		b = b[nl+1:]
	}
}

// fold adds a continuation line (obs-fold, RFC 9112 section 5.2) to the last header.
func (r *request) fold(line []byte, end int) error {
	r.odd = true
	if len(r.fields) == 0 {
		return errRequestLine
	}
	f := &r.fields[len(r.fields)-1]
	switch f.kind {
	case fieldLength, fieldEncoding, fieldHost, fieldConnection:
		return errLength
	}
	// both point into one buffer, and the lines are neighbours
	f.line = f.line[:len(f.line)+len(line)]
	f.value = bytes.Trim(f.line[len(f.name):len(f.line)-len(line)+end], ": \t\r\n")
	return nil
}

func (r *request) parseField(line []byte, end int) field {
	f := field{line: line}
	colon := bytes.IndexByte(line[:end], ':')
	if colon < 0 {
		r.odd = true
		return f // nothing a forwarder looks for
	}
	f.name = line[:colon]
	f.value = trimBlanks(line[colon+1 : end])
	if !isToken(f.name) {
		r.odd = true
		f.name = trimBlanks(f.name)
	}
	f.kind = kindOf(f.name)
	return f
}

func kindOf(name []byte) fieldKind {
	switch len(name) {
	case len("Host"):
		if equalFold(name, []byte("Host")) {
			return fieldHost
		}
	case len("Upgrade"):
		if equalFold(name, []byte("Upgrade")) {
			return fieldUpgrade
		}
	case len("Connection"): // and Keep-Alive
		if equalFold(name, []byte("Connection")) {
			return fieldConnection
		}
		if equalFold(name, []byte("Keep-Alive")) {
			return fieldHop
		}
	case len("Content-Length"):
		if equalFold(name, []byte("Content-Length")) {
			return fieldLength
		}
	case len("Proxy-Connection"):
		if equalFold(name, []byte("Proxy-Connection")) {
			return fieldHop
		}
	case len("Transfer-Encoding"):
		if equalFold(name, []byte("Transfer-Encoding")) {
			return fieldEncoding
		}
	}
	return fieldOther
}

// parseBody finds the body in b, by the rules of RFC 9112 section 6.3, and is
// strict: where two servers could see two different lengths there is no
// faithful way to send the request.
func (r *request) parseBody(b []byte) error {
	var host, upgrade, length, encoding *field
	for i := range r.fields {
		f := &r.fields[i]
		var seen **field
		switch f.kind {
		case fieldHost:
			if host != nil {
				return errHost
			}
			host, r.hasHost = f, true
			continue
		case fieldConnection:
			r.keepAlive = r.keepAlive || hasToken(f.value, "keep-alive")
			r.upgrade = r.upgrade || hasToken(f.value, "upgrade")
			continue
		case fieldUpgrade:
			upgrade = f
			continue
		case fieldLength:
			seen = &length
		case fieldEncoding:
			seen = &encoding
		default:
			continue
		}
		if *seen != nil || !bytes.HasPrefix(f.line[len(f.name):], []byte(":")) {
			return errLength
		}
		*seen = f
	}
	r.upgrade = r.upgrade && upgrade != nil
	switch {
	case encoding != nil:
		if length != nil || r.minor == '0' || !endsInChunked(encoding.value) {
			return errLength
		}
		r.chunked = true
		n, odd, err := chunkedLen(b)
		r.body, r.odd = b[:n], r.odd || odd
		return err
	case length != nil:
		n, ok := parseLength(length.value)
		if !ok {
			return errLength
		}
		if n > int64(len(b)) {
			return errCut
		}
		r.body = b[:n]
	}
	return nil
}

// parseLength reads a Content-Length: digits alone.
func parseLength(v []byte) (int64, bool) {
	if len(v) == 0 || len(v) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// endsInChunked reports whether chunked is the last coding and named once.
func endsInChunked(v []byte) bool {
	coding := v
	if i := bytes.LastIndexByte(v, ','); i >= 0 {
		if hasToken(v[:i], "chunked") {
			return false
		}
		coding = v[i+1:]
	}
	return bytes.EqualFold(trimBlanks(coding), []byte("chunked"))
}

// splitRequestLine finds the method, which ends at the first blank, and the
// target, which ends at the last one: a target may hold blanks.
func splitRequestLine(line []byte) (method, target []byte, ok bool) {
	i, j := bytes.IndexByte(line, ' '), bytes.LastIndexByte(line, ' ')
	if i <= 0 || j <= i+1 {
		return nil, nil, false
	}
	v := line[j+1:]
	if len(v) != len("HTTP/1.1") || string(v[:7]) != "HTTP/1." || v[7] < '0' || v[7] > '9' || !isToken(line[:i]) {
		return nil, nil, false
	}
	return line[:i], line[i+1 : j], true
}

// cutLine cuts b behind its first line; line lacks its CRLF or LF.
func cutLine(b []byte) (line, rest []byte) {
	nl := bytes.IndexByte(b, '\n')
	if nl < 0 {
		return b, nil
	}
	line, rest = b[:nl], b[nl+1:]
	if nl > 0 && line[nl-1] == '\r' {
		line = line[:nl-1]
	}
	return line, rest
}

func skipBlankLines(b []byte) []byte {
	for len(b) > 0 && (b[0] == '\n' || b[0] == '\r' && len(b) > 1 && b[1] == '\n') {
		_, b = cutLine(b)
	}
	return b
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n = len(b) {
		b = b[:n-1]
	}
	return b
}

// hasToken reports whether the comma-separated list v names token.
func hasToken(v []byte, token string) bool {
	for len(v) > 0 {
		item := v
		if i := bytes.IndexByte(v, ','); i >= 0 {
			item, v = v[:i], v[i+1:]
		} else {
			v = nil
		}
		if item = trimBlanks(item); len(item) == len(token) && bytes.EqualFold(item, []byte(token)) {
			return true
		}
	}
	return false
}

// tokenBytes are the bytes of a token, RFC 9110 section 5.6.2.
var tokenBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}
