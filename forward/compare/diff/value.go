package diff

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxName  = 64 // bytes of a name in a path
	maxWord  = 64 // bytes of a value that may be one of a few
	minHex   = 6  // hexadecimal digits, some of them letters and some not, that somebody drew
	minToken = 10 // letters and digits together that somebody drew
	clockOff = 5 * time.Second
)

// isWord reports whether a value may be one of a few that a server chooses from: it is
// short and has no digits, so that it is no counter, time or age.
func isWord(v []byte) bool {
	if len(v) > maxWord {
		return false
	}
	for _, c := range v {
		if c >= '0' && c <= '9' {
			return false
		}
	}
	return true
}

// isLabel reports whether a value may be the name or the version of something, such as v2,
// nginx/1.22.1 or 1.4.7: it has digits, and is no number, time, age or amount.
func isLabel(v []byte) bool {
	if len(v) == 0 || len(v) > maxWord || bytes.ContainsAny(v, " :,") {
		return false
	}
	isLetter := v[0] >= 'a' && v[0] <= 'z' || v[0] >= 'A' && v[0] <= 'Z'
	return isLetter || bytes.Count(v, []byte{'.'}) >= 2
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// generated says by the looks of two values why they differ in any two answers, if
// they do: they are drawn by chance, or are the time. at are the moments of the answers.
func generated(then, now []byte, atThen, atNow int64) string {
	if isSameTime(then, now, atThen, atNow) {
		return "the time"
	}
	if isToken(then) && isToken(now) && !bytes.Equal(then, now) {
		return byChance
	}
	drawn := false
	for len(then) > 0 && len(now) > 0 {
		a, b := run(then), run(now)
		if a == 0 || b == 0 {
			if then[0] != now[0] {
				return ""
			}
			then, now = then[1:], now[1:]
			continue
		}
		if !bytes.Equal(then[:a], now[:b]) {
			if !isDrawn(then[:a]) || !isDrawn(now[:b]) {
				return ""
			}
			drawn = true
		}
		then, now = then[a:], now[b:]
	}
	if !drawn || len(then) != len(now) {
		return ""
	}
	return byChance
}

const byChance = "a value drawn by chance"

// isToken reports whether v looks like bytes in base64 (RFC 4648), or a JWT (RFC 7519).
func isToken(v []byte) bool {
	if len(v) < 20 {
		return false
	}
	isJWT := bytes.HasPrefix(v, []byte("eyJ"))
	digits, lower, upper := 0, 0, 0
	for _, c := range v {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'z':
			lower++
		case c >= 'A' && c <= 'Z':
			upper++
		case c == '-' || c == '_' || c == '=' || c == '.' && isJWT || (c == '+' || c == '/') && v[0] != '/':
		default:
			return false
		}
	}
	return digits > 1 && lower > 2 && upper > 2
}

// run is how many bytes a run of letters and digits has; a UUID, and base64 in a
// URL, is one.
func run(v []byte) int {
	if isUUID(v) {
		return 36
	}
	for i, c := range v {
		if !isAlnum(c) {
			return i
		}
	}
	return len(v)
}

// isUUID reports whether v begins with a UUID (RFC 9562 section 4).
func isUUID(v []byte) bool {
	if len(v) < 36 || len(v) > 36 && isAlnum(v[36]) {
		return false
	}
	for i, c := range v[:36] {
		isDash := i == 8 || i == 13 || i == 18 || i == 23
		if isDash != (c == '-') || !isDash && !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// isDrawn reports whether a run looks as if it was drawn by chance, or computed:
// letters and digits among each other. Digits alone may be anything.
func isDrawn(v []byte) bool {
	if len(v) == 36 {
		return true // a UUID
	}
	digits, hex, turns := 0, 0, 0
	for i, c := range v {
		isDigit := c >= '0' && c <= '9'
		if isDigit {
			digits++
		}
		if isHex(c) {
			hex++
		}
		if i > 0 && isDigit != (v[i-1] >= '0' && v[i-1] <= '9') {
			turns++
		}
	}
	switch {
	case digits == 0 && hex == len(v):
		return len(v) >= 16
	case digits == 0:
		return false
	case hex == len(v) && digits < len(v):
		return len(v) >= minHex && (turns > 1 || len(v) >= 8)
	case digits == len(v):
		return false
	}
	return len(v) >= minToken && turns > 2
}

// isSameTime reports whether two values are times that are the same but for the
// moments at which they were said: as far from those, or almost equal.
func isSameTime(then, now []byte, atThen, atNow int64) bool {
	a, ok := parseTime(then)
	if !ok {
		return false
	}
	b, ok := parseTime(now)
	if !ok {
		return false
	}
	if d := a.Sub(b); d.Abs() <= clockOff {
		return true
	}
	if atThen == 0 || atNow == 0 {
		return false
	}
	return (a.Sub(time.Unix(0, atThen)) - b.Sub(time.Unix(0, atNow))).Abs() <= clockOff
}

// layouts of times, by the length of what they read.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999Z0700", time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, "2006/01/02 15:04:05"}

// parseTime reads a time: as people write it, or in seconds, milliseconds, microseconds or nanoseconds
// since 1970 if that is within the years 2001 to 2096.
func parseTime(v []byte) (time.Time, bool) {
	if len(v) < 10 || len(v) > 40 {
		return time.Time{}, false
	}
	if c := v[len(v)-1]; v[0] == '1' || v[0] == '2' || v[0] == '3' {
		if c >= '0' && c <= '9' && v[4] != '-' && v[4] != '/' {
			return sinceEpoch(string(v))
		}
	} else if (v[0] < 'A' || v[0] > 'Z') && v[0] != '0' {
		return time.Time{}, false
	}
	if bytes.IndexByte(v, ':') < 0 {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, string(v)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// sinceEpoch reads a number that may be a time.
func sinceEpoch(v string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(v, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || len(fraction) > 9 {
		return time.Time{}, false
	}
	unit := int64(time.Second)
	switch len(whole) {
	case 10:
	case 13:
		unit = int64(time.Millisecond)
	case 16:
		unit = int64(time.Microsecond)
	case 19:
		unit = 1
	default:
		return time.Time{}, false
	}
	if n > (1<<63-1)/unit {
		return time.Time{}, false
	}
	return time.Unix(0, n*unit), true
}

// appendName appends what somebody called something, for a path: printable, cut.
func appendName(dst, name []byte) []byte {
	name = name[:min(len(name), maxName)]
	for _, c := range name {
		if c <= ' ' || c >= 0x7f || c == '"' {
			q := strconv.AppendQuoteToASCII(dst, string(name))
			return q[:min(len(q), len(dst)+2*maxName)]
		}
	}
	return append(dst, name...)
}

// isKeyID reports whether the name of a member is itself the name of one thing of
// many, as in an object that is a table.
func isKeyID(key []byte) bool {
	if len(key) == 0 || len(key) > maxName {
		return len(key) > maxName
	}
	digits := 0
	for _, c := range key {
		if c >= '0' && c <= '9' {
			digits++
		} else if c != '-' && c != '.' && c != ':' && c != '/' && c != '_' {
			return isDrawn(key[:run(key)]) && run(key) == len(key) || bytes.IndexByte(key, '@') > 0 && bytes.IndexByte(key, '.') > 0
		}
	}
	return digits > 0
}

// requestIDs are names of what a server says of a single request.
var requestIDs = []string{"requestid", "traceid", "correlationid", "spanid", "transactionid", "nonce", "csrftoken", "csrf"}

// requestID says why a member is noise by its name.
func requestID(key []byte) string {
	var name [16]byte // the longest there is
	n := 0
	for _, c := range key {
		if c == '_' || c == '-' {
			continue
		}
		if n == len(name) {
			return ""
		}
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		name[n] = c
		n++
	}
	for _, id := range requestIDs {
		if string(name[:n]) == id {
			return "the name of a single request"
		}
	}
	return ""
}

// printable makes a text safe to show on a terminal.
func printable(dst, v []byte) []byte {
	for len(v) > 0 {
		r, n := utf8.DecodeRune(v)
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			dst = append(dst, '.')
		} else {
			dst = append(dst, v[:n]...)
		}
		v = v[n:]
	}
	return dst
}
