package http1

import (
	"encoding/binary"
	"math/bits"
)

// tokenBytes holds the bytes of a token (RFC 9110 section 5.6.2).
var tokenBytes = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// IsTokenByte reports whether c may be in a token (RFC 9110 section 5.6.2), as
// methods and field names are.
func IsTokenByte(c byte) bool { return tokenBytes[c] }

// TokenLen returns how many bytes of b, from the first on, are a token's.
func TokenLen(b []byte) int {
	rest := b
	for len(rest) >= 8 {
		odd := oddInWord(binary.LittleEndian.Uint64(rest))
		if odd == 0 {
			rest = rest[8:]
			continue
		}
		n := bits.TrailingZeros64(odd) / 8
		if !tokenBytes[rest[n&7]] {
			return len(b) - len(rest) + n
		}
		rest = rest[n&7+1:]
	}
	for len(rest) > 0 && tokenBytes[rest[0]] {
		rest = rest[1:]
	}
	return len(b) - len(rest)
}

// oddInWord has the top bit of each byte set that is neither a letter nor a digit nor
// "-", of which nearly all tokens are made. No byte carries into the next: each is
// taken without its top bit, and has less than 0x80 added.
func oddInWord(w uint64) uint64 {
	const ones = 0x0101010101010101
	c := w & (0x7f * ones)
	small, dash := c|0x20*ones, c^'-'*ones
	letter := (small + (0x80-'a')*ones) &^ (small + (0x7f-'z')*ones)
	digit := (c + (0x80-'0')*ones) &^ (c + (0x7f-'9')*ones)
	return (w | ^(letter|digit)&(dash+0x7f*ones)) & (0x80 * ones)
}

// IsToken reports whether b is a token, which has one byte at least.
func IsToken(b []byte) bool { return len(b) > 0 && TokenLen(b) == len(b) }

// EqualFold reports whether b is s, small and capital ASCII letters taken for
// the same.
func EqualFold(b []byte, s string) bool {
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

// Trim returns b without the blanks, SP and HTAB, around it: the optional white
// space around a field's value (RFC 9110 section 5.6.3).
func Trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	return trimEnd(b)
}

func trimEnd(b []byte) []byte {
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// HasToken reports whether list, a field value of items between commas, has the
// item token, in any case. Items with parameters are other items.
func HasToken(list []byte, token string) bool {
	for {
		i := 0
		for i < len(list) && list[i] != ',' {
			i++
		}
		if EqualFold(Trim(list[:i]), token) {
			return true
		}
		if i == len(list) {
			return false
		}
		list = list[i+1:]
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func isDigit(c byte) bool { return c-'0' < 10 }

// isLetter expects a letter in lower case.
func isLetter(c byte) bool { return c-'a' < 26 }

func lower(c byte) byte {
	if c-'A' < 26 {
		c += 'a' - 'A'
	}
	return c
}
