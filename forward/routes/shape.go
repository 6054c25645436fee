package routes

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// ID stands for a segment, or a part of one, that names one thing of many.
	ID = "{id}"

	rest       = "{rest}" // stands for the segments beyond the deepest
	asterisk   = "*"
	maxSegment = 64 // bytes of a segment that may be a name
	maxMethod  = 20 // bytes of a method that may be one
)

// path is the part of a request target that a route is learnt from.
func path(target []byte) []byte {
	if i := bytes.IndexAny(target, "?#"); i >= 0 {
		target = target[:i]
	}
	if len(target) > 0 && target[0] != '/' {
		if i := bytes.Index(target, []byte("://")); i > 0 {
			target = target[i+3:]
			if i := bytes.IndexByte(target, '/'); i >= 0 {
				return target[i:]
			}
			return []byte("/")
		}
	}
	return target
}

// segments yields what lies between the slashes, without parameters; beyond the
// deepest all is one.
func segments(path []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		path = bytes.TrimPrefix(path, []byte("/"))
		for depth := 0; ; depth++ {
			segment, after, more := bytes.Cut(path, []byte("/"))
			if more && depth == maxDepth-1 {
				yield([]byte(rest))
				return
			}
			if i := bytes.IndexByte(segment, ';'); i >= 0 {
				segment = segment[:i]
			}
			if !yield(segment) || !more {
				return
			}
			path = after
		}
	}
}

// appendShape appends what a segment is in a route if that is not itself: {id}, or
// {id} with what is around it, as in {id}.json and app.{id}.js.
func appendShape(dst, segment []byte) []byte {
	if isID(segment) {
		return append(dst, ID...)
	}
	if bytes.IndexByte(segment, '.') < 0 || !isPrintable(segment) {
		return dst
	}
	start, found := len(dst), false
	for part := range bytes.SplitSeq(segment, []byte(".")) {
		if len(dst) > start {
			dst = append(dst, '.')
		}
		if isID(part) {
			found = true
			dst = append(dst, ID...)
			continue
		}
		dst = append(dst, part...)
	}
	if !found || len(dst)-start > maxSegment {
		return dst[:start]
	}
	return dst
}

// Kinds of bytes in a segment.
type census struct {
	digits, hexLetters, letters, marks, others int
}

// count counts the kinds of bytes: a to f are hexLetters, marks are what stands in
// numbers, dates and times.
func count(s []byte) (c census) {
	for _, b := range s {
		switch {
		case b >= '0' && b <= '9':
			c.digits++
		case b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F':
			c.hexLetters++
		case b >= 'g' && b <= 'z' || b >= 'G' && b <= 'Z':
			c.letters++
		case strings.IndexByte("-_.,:+~", b) >= 0:
			c.marks++
		default:
			c.others++
		}
	}
	return c
}

const (
	minHash  = 8  // hexadecimal digits, one of them a decimal one, are a hash
	minWord  = 16 // and without a decimal one, which words may lack
	minToken = 20 // letters, digits and marks, with some digits among them, are a token
	minTime  = 8  // digits that a date has, beside which a time has a letter or two
)

// isID reports whether a segment looks like the name of one thing of many.
func isID(s []byte) bool {
	if len(s) > maxSegment {
		return true
	}
	c := count(s)
	switch plain := c.others == 0; {
	case plain && c.digits > 0 && c.hexLetters+c.letters == 0: // numbers, dates, times, coordinates, addresses
		return true
	case plain && c.marks == 0 && c.letters == 0 && len(s) >= minHash && (c.digits > 0 || len(s) >= minWord): // hashes
		return true
	case plain && c.digits >= minTime && c.hexLetters+c.letters <= 2: // times such as 2024-01-31T12:00:00.123Z
		return true
	case plain && len(s) >= minToken && c.digits >= 3 && bytes.IndexByte(s, '.') < 0: // tokens
		return true
	case isUUID(bytes.Trim(s, "{}")):
		return true
	}
	return isAddress(s)
}

// isUUID reports whether s is like 123e4567-e89b-12d3-a456-426614174000 (RFC 9562
// section 4).
func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, b := range s {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		if isDash != (b == '-') || !isDash && !isHex(b) {
			return false
		}
	}
	return true
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

// isAddress reports whether s is like an e-mail address, whose @ may be encoded.
func isAddress(s []byte) bool {
	local, domain, found := bytes.Cut(s, []byte("@"))
	if !found {
		local, domain, found = bytes.Cut(s, []byte("%40"))
	}
	return found && len(local) > 0 && bytes.IndexByte(domain, '.') > 0
}

// isPrintable reports whether a segment may stand in a name as it is.
func isPrintable(s []byte) bool {
	for _, b := range s {
		if b <= ' ' || b >= 0x7f {
			return false
		}
	}
	return true
}

// printable is a segment as it stands in a name: what is not printable is
// percent-encoded, and so are blanks, also those that only Unicode knows.
func printable(s []byte) string {
	if isPrintable(s) {
		return string(s)
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		if r == utf8.RuneError && n == 1 || unicode.IsSpace(r) || !unicode.IsPrint(r) {
			for _, c := range s[:n] {
				fmt.Fprintf(&b, "%%%02X", c)
			}
		} else {
			b.Write(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// methodName is a method as it stands in a name.
func methodName(m []byte) string {
	if len(m) > maxMethod {
		return Other
	}
	return printable(m)
}
