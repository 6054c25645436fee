package doctor

import (
	"fmt"
	"io"
	"strings"
)

// A Level says how bad a finding is.
type Level uint8

// The levels.
const (
	OK      Level = iota // as it should be
	Warning              // gor works, and somebody should know
	Problem              // gor would not see, or not deliver, what it should
)

var levelNames = [...]string{OK: "ok", Warning: "warning", Problem: "problem"}

// String is the level's name.
func (l Level) String() string { return levelNames[min(int(l), len(levelNames)-1)] }

// MarshalText is the name, for JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// A Finding is one thing that was found.
type Finding struct {
	Level Level  `json:"level"`
	About string `json:"about"`          // what was looked at, in a word or two, such as "port 80"
	Cause string `json:"cause"`          // a name for what was found, for programs; always the same for the same
	Seen  string `json:"seen"`           // what was seen, as a sentence without its end
	Type  string `json:"type,omitempty"` // what to type, or to do; "": nothing
}

// Worst is the worst level of some findings.
func Worst(findings []Finding) (worst Level) {
	for _, f := range findings {
		worst = max(worst, f.Level)
	}
	return worst
}

// width is how many columns the text takes at most, and column where what was seen
// begins.
const (
	width  = 80
	column = 23
)

// Write writes findings as text for a terminal of 80 columns.
func Write(w io.Writer, findings []Finding) error {
	var b strings.Builder
	for _, f := range findings {
		fold(&b, fmt.Sprintf("%-8s %-*s", f.Level, column-10, f.About), f.Seen)
		if f.Type != "" {
			fold(&b, strings.Repeat(" ", column-3)+"->", f.Type)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// fold writes a text behind the beginning of a line, in as many lines as its words
// take.
func fold(b *strings.Builder, line, text string) {
	if len(line) >= column {
		b.WriteString(line + "\n")
		line = ""
	}
	line += strings.Repeat(" ", column-1-len(line))
	for _, word := range strings.Fields(printable(text)) {
		if len(line)+1+len(word) > width && strings.TrimSpace(line) != "" {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", column-1)
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// printable is a text without what could steer a terminal: names of processes, files
// and machines are in it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}
