package reassembly

import (
	"math"
)

// isToken tells the characters of a token (RFC 9110 §5.6.2).
var isToken = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// tokenLen returns how many bytes of b, from the first on, are a token's.
func tokenLen(b []byte) int {
	for i, c := range b {
		if !isToken[c] {
			return i
		}
	}
	return len(b)
}

func isDigit(c byte) bool { return c-'0' < 10 }

func lower(c byte) byte {
	if c-'A' < 26 {
		c += 'a' - 'A'
	}
	return c
}

// equalFold compares ASCII without regard to case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if c != s[i] && lower(c) != lower(s[i]) {
			return false
		}
	}
	return true
}

// trim removes the optional white space around a field value (RFC 9110 §5.6.3).
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// parseLength reads digits and nothing else; more than 2^63-1 does not fit.
func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if !isDigit(c) || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// hexValue returns the value of a hexadecimal digit, or -1.
func hexValue(c byte) int64 {
	switch {
	case isDigit(c):
		return int64(c - '0')
	case lower(c)-'a' < 6:
		return int64(lower(c)-'a') + 10
	}
	return -1
}

// isPrintable reports whether s is visible ASCII without a backslash, as most
// targets are. It looks at eight bytes at a time, at some of the last ones twice.
func isPrintable(s []byte) bool {
	n := len(s) - 8
	if n < 0 {
		word := [8]byte{'/', '/', '/', '/', '/', '/', '/', '/'}
		copy(word[:], s)
		return len(s) > 0 && isPlain(le64(word[:]))
	}
	for i := 0; i < n; i += 8 {
		if !isPlain(le64(s[i:])) {
			return false
		}
	}
	return isPlain(le64(s[n:]))
}

// isPlain reports whether each of eight bytes is visible ASCII, and no backslash.
func isPlain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	backslash := w ^ '\\'*ones
	return (w|(w+ones)|(w-0x21*ones)|(backslash-ones))&tops == 0
}
