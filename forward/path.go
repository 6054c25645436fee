package forward

import "bytes"

// originForm is target without the scheme and the authority of the absolute
// form (RFC 9112 section 3.2.2), as a server that is no proxy reads it: /a for
// http://host/a, and nothing at all for http://host. Any other target is returned
// as it is. The result is the end of target.
func originForm(target []byte) []byte {
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !isScheme(scheme) {
		return target
	}
	if i := bytes.IndexAny(rest, `/?#\`); i >= 0 {
		return rest[i:]
	}
	return rest[len(rest):]
}

// isScheme reports whether b is the scheme of a URI (RFC 3986 section 3.1).
func isScheme(b []byte) bool {
	for i, c := range b {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return len(b) > 0
}

// isNormal reports whether appendNormal would leave a target as it is. It may
// err on the side of no.
func isNormal(target []byte) bool {
	if len(target) == 0 || target[0] != '/' {
		return false
	}
	for i, c := range target {
		switch c {
		case '?':
			return true
		case '%', '#', '\\':
			return false
		case '/', '.', ';':
			if i > 0 && target[i-1] == '/' {
				return false
			}
		}
	}
	return true
}

// appendNormal appends target in the form in which filters look at it beside
// the one it came in, and which is what the most obliging servers make of it:
//
//   - the scheme and the authority of the absolute form are off;
//   - what begins with no slash gets one, but for the asterisk of OPTIONS;
//   - the path ends before the first ? or #; what follows is kept as it came;
//   - in the path each %XX is decoded, once, %2F included (RFC 3986 section 2.1);
//     a % without two hexadecimal digits stays;
//   - each backslash is a slash, and several slashes are one;
//   - dot segments are removed (RFC 3986 section 5.2.4), whether or not they have
//     parameters, as in /..;x/. The parameters of other segments are kept.
//
// Letters are not changed, nor are bytes above 0x7f.
func appendNormal(dst, target []byte) []byte {
	if string(target) == "*" {
		return append(dst, '*')
	}
	path := originForm(target)
	var rest []byte
	if i := bytes.IndexAny(path, "?#"); i >= 0 {
		path, rest = path[:i], path[i:]
	}
	from := len(dst)
	dst = appendDecoded(append(dst, '/'), path)
	dst = dst[:from+removeDots(dst[from:])]
	return append(dst, rest...)
}

// appendDecoded appends path with its escapes decoded and its backslashes turned.
func appendDecoded(dst, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '%' && i+2 < len(path) {
			if hi, lo := hexDigit(path[i+1]), hexDigit(path[i+2]); hi >= 0 && lo >= 0 {
				c = byte(hi<<4 | lo)
				i += 2
			}
		}
		if c == '\\' {
			c = '/'
		}
		dst = append(dst, c)
	}
	return dst
}

// removeDots removes the dot segments and the empty ones from path, which
// begins with a slash, and returns its new length.
func removeDots(path []byte) int {
	out, last := path[:0], false
	for i := 0; i < len(path); {
		end := len(path)
		if n := bytes.IndexByte(path[i+1:], '/'); n >= 0 {
			end = i + 1 + n
		}
		segment := path[i:end] // with the slash before it
		name, _, _ := bytes.Cut(segment[1:], []byte(";"))
		i, last = end, true
		switch string(name) {
		case "", ".":
		case "..":
			out = out[:max(bytes.LastIndexByte(out, '/'), 0)]
		default:
			out, last = append(out, segment...), false
		}
	}
	if last { // the path goes on into a directory
		out = append(out, '/')
	}
	return len(out)
}

// hexDigit returns the value of a hexadecimal digit; -1: it is none.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
