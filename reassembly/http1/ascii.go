package http1

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
	for i, c := range b {
		if !tokenBytes[c] {
			return i
		}
	}
	return len(b)
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
