package http1

import "bytes"

// A FieldKind says what a field means to whoever forwards messages.
type FieldKind uint8

// The kinds of fields that a forwarder looks for, and those that say whose request
// it is.
const (
	FieldOther FieldKind = iota
	FieldHost
	FieldConnection
	FieldKeepAlive
	FieldProxyConnection
	FieldContentLength
	FieldTransferEncoding
	FieldUpgrade
	FieldTrailer
	FieldExpect
	FieldCookie
	FieldAuthorization
	FieldForwarded
	FieldForwardedFor // X-Forwarded-For
	FieldUserAgent
)

// The kinds from firstNoted on are noted by Head.
const (
	firstNoted = FieldCookie
	noted      = FieldUserAgent - firstNoted + 1
)

// A Field is one field of a head or of a trailer section, exactly as it came. Its
// slices are parts of the section, and live as long as that does.
type Field struct {
	// Line is the whole line with its line end, and with all continuation lines.
	Line []byte
	// Name is what precedes the colon, without blanks around it. A line without
	// a colon has none.
	Name []byte
	// Value is what follows the colon, without the blanks and line ends around
	// it. It holds line ends where it is folded: see AppendUnfolded.
	Value []byte
	// Kind is that of the name. A first line that begins with a blank is of no
	// kind: readers differ in whether it is a field.
	Kind FieldKind
}

// AppendFields takes a field section apart, that of Message.Fields or the
// trailers of AppendContent, and appends its fields to dst in their order. It
// takes whatever Head called Whole, and stops at the blank line.
func AppendFields(dst []Field, section []byte) []Field {
	for line, rest := CutField(section); line != nil; line, rest = CutField(rest) {
		dst = append(dst, ParseField(line))
	}
	return dst
}

// CutField cuts the first field, with its line end and all continuation lines, off
// a field section, for whoever looks for a few of the fields and passes over the
// others. It returns nil where none is left before the blank line.
func CutField(section []byte) (line, rest []byte) {
	if len(section) == 0 || section[0] == '\n' || bytes.HasPrefix(section, []byte("\r\n")) {
		return nil, section
	}
	n := lineLen(section)
	for n < len(section) && isBlank(section[n]) {
		n += lineLen(section[n:])
	}
	return section[:n:n], section[n:]
}

// ParseField takes a line that CutField returned apart. The colon has to stand in
// the first of its lines.
func ParseField(line []byte) Field {
	f := Field{Line: line}
	if colon := bytes.IndexByte(line, ':'); colon >= 0 && bytes.IndexByte(line[:colon], '\n') < 0 {
		f.Name = Trim(line[:colon])
		f.Value = trimLines(line[colon+1:])
		if !isBlank(line[0]) {
			f.Kind = kindOf(f.Name)
		}
	}
	return f
}

// trimLines returns b without the blanks and line ends around it. bytes.Trim,
// which makes a set of what to cut at each call, takes four times as long.
func trimLines(b []byte) []byte {
	for len(b) > 0 && (isBlank(b[0]) || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (isBlank(b[n-1]) || b[n-1] == '\r' || b[n-1] == '\n'); n = len(b) {
		b = b[:n-1]
	}
	return b
}

// lineLen returns the length of the line that b begins with, its LF included.
func lineLen(b []byte) int {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		return n + 1
	}
	return len(b)
}

// AppendUnfolded appends a field value to dst in which each line end with the
// blanks around it (obs-fold, RFC 9112 section 5.2) is one space.
func AppendUnfolded(dst, value []byte) []byte {
	for {
		n := bytes.IndexByte(value, '\n')
		if n < 0 {
			return append(dst, value...)
		}
		dst = append(dst, bytes.TrimRight(value[:n], " \t\r")...)
		dst = append(dst, ' ')
		value = bytes.TrimLeft(value[n+1:], " \t")
	}
}

// fieldNames are the names of the kinds.
var fieldNames = [...]string{
	FieldHost:             "host",
	FieldConnection:       "connection",
	FieldKeepAlive:        "keep-alive",
	FieldProxyConnection:  "proxy-connection",
	FieldContentLength:    "content-length",
	FieldTransferEncoding: "transfer-encoding",
	FieldUpgrade:          "upgrade",
	FieldTrailer:          "trailer",
	FieldExpect:           "expect",
	FieldCookie:           "cookie",
	FieldAuthorization:    "authorization",
	FieldForwarded:        "forwarded",
	FieldForwardedFor:     "x-forwarded-for",
	FieldUserAgent:        "user-agent",
}

// kindsByForm has the kind of the one name, if there is one, of a length and a first
// letter, so that a name is compared with no more than one.
var kindsByForm = func() (t [32][32]FieldKind) {
	for k, name := range fieldNames {
		if name != "" {
			t[len(name)][name[0]&31] = FieldKind(k)
		}
	}
	return t
}()

// kindOf returns the kind of the field of this name, in any case.
func kindOf(name []byte) FieldKind {
	if len(name) == 0 || len(name) >= len(kindsByForm) {
		return FieldOther
	}
	if k := kindsByForm[len(name)][name[0]&31]; k != FieldOther && EqualFold(name, fieldNames[k]) {
		return k
	}
	return FieldOther
}
