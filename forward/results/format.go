package results

import (
	"strings"
	"unicode"
)

// columns is how many columns of a terminal a text takes: letters of East Asian
// scripts and pictures take two, marks on a letter none.
func columns(s string) (n int) {
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3,
		r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000:
		return 2
	}
	return 1
}

// shorten cuts a text to a number of columns.
func shorten(s string, most int) string {
	if columns(s) <= most {
		return s
	}
	var b strings.Builder
	n := 1 // for the dots
	for _, r := range s {
		if n += runeColumns(r); n > most {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
