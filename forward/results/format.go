package results

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// duration writes a time in three digits or so: 85µs, 1.25ms, 12.5ms, 1.2s, 2m5s.
func duration(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return d.String()
	case d < time.Millisecond:
		return d.Round(time.Microsecond).String()
	case d < 10*time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Minute:
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// rate writes requests per second.
func rate(r float64) string {
	if r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return strconv.FormatFloat(r, 'f', 0, 64)
}

// percent writes a share; one that is not zero is not shown as zero, nor one that is
// not all as all.
func percent(share float64) string {
	switch p := share * 100; {
	case p == 0:
		return "0%"
	case p < .01:
		return "<0.01%"
	case p < 1:
		return strconv.FormatFloat(p, 'f', 2, 64) + "%"
	case p == 100:
		return "100%"
	case p > 99.9:
		return ">99.9%"
	default:
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
}

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
