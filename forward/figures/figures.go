// Package figures writes times, rates and shares as people read them, alike in every
// table, report, log line and view, so that a figure found in one can be looked for in
// another. What machines read (JSON, CSV, metrics) has plain numbers in base units
// instead.
package figures

import (
	"strconv"
	"time"
)

// Duration writes a time in three digits or so: 900ns, 85µs, 1.25ms, 12.5ms, 1.2s, 2m5s.
func Duration(d time.Duration) string {
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

// Brief writes a time in six columns at most, for a narrow table: 85us, 1.25ms, 12.5ms,
// 125ms, 1.2s, 61s. It holds up to 99,999 s.
func Brief(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatInt(d.Microseconds(), 10) + "us"
	case d >= 10*time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 0, 64) + "s"
	case d >= 100*time.Millisecond && d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	}
	return Duration(d)
}

// Rate writes something per second: with a decimal below ten.
func Rate(r float64) string {
	if r < 10 {
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return strconv.FormatFloat(r, 'f', 0, 64)
}

// Percent writes a share from 0 to 1. One that is not zero is not shown as zero, nor
// one that is not all as all.
func Percent(share float64) string {
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

// Count writes a number with its thousands apart; a small one with a decimal, if it is
// not whole.
func Count(n float64) string {
	if n < 10 && n != float64(int64(n)) {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	text := strconv.FormatFloat(n, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
