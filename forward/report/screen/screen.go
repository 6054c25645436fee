package screen

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// A Style is how a line of the view looks, where there are colours.
type Style uint8

// The styles.
const (
	Plain Style = iota
	Head        // what the rest is about
	Faint       // what explains the rest
	Bad         // what somebody should look at
)

// codes are the SGR parameters of the styles (ECMA-48).
var codes = [...]string{Plain: "", Head: "1", Faint: "2", Bad: "1;31"}

// A Line is one line of a view. Its text may be too wide, and hold anything.
type Line struct {
	Text  string
	Style Style
}

// A Screen is a terminal with a view at its bottom. Any goroutine may use it.
type Screen struct {
	out        io.Writer
	size       func() (columns, rows int)
	foreground func() bool
	colours    bool

	mu     sync.Mutex
	view   []Line // nil: none is shown
	drawn  bool   // the view is on the terminal, and the cursor at its beginning
	broken []byte // a line that was written without its end, while the view is shown
}

// Wrap makes a Screen of the file that a terminal is written by; nil: it is no terminal, or
// one that cannot move its cursor.
func Wrap(w io.Writer, getenv func(string) string) *Screen {
	f, ok := w.(*os.File)
	if !ok || getenv("TERM") == "" || getenv("TERM") == "dumb" {
		return nil
	}
	if columns, rows := size(f); columns == 0 || rows == 0 {
		return nil
	}
	s := New(f, func() (int, int) { return size(f) })
	s.colours, s.foreground = getenv("NO_COLOR") == "", func() bool { return inForeground(f) }
	return s
}

// New makes a Screen without colours of a terminal that is always in the foreground.
func New(w io.Writer, size func() (columns, rows int)) *Screen {
	return &Screen{out: w, size: size, foreground: func() bool { return true }}
}

// Shares reports whether what is written to w shows up on this terminal, too, or may:
// nobody knows where a pipe ends.
func (s *Screen) Shares(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	if info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0 {
		return true
	}
	terminal, ok := s.out.(*os.File)
	if !ok {
		return false
	}
	own, err := terminal.Stat()
	return err == nil && os.SameFile(info, own)
}

// Columns is how wide a line of the view may be.
func (s *Screen) Columns() int {
	columns, _ := s.size()
	return max(columns-1, 0)
}

// Show puts a view in the place of the one before. It reports whether it is to be seen:
// not in the background of a terminal.
func (s *Screen) Show(view []Line) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.foreground() {
		s.view, s.drawn = nil, false // where the cursor is, is the foreground's affair
		return false
	}
	s.view = view
	var b []byte
	if s.drawn {
		b = append(b, away...)
	}
	s.out.Write(s.appendView(b)) // whoever reads it has gone, or will see the next
	return true
}

// Hide takes the view away.
func (s *Screen) Hide() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b []byte
	if s.drawn {
		b = append(b, away...)
	}
	b = append(b, s.broken...)
	s.view, s.drawn, s.broken = nil, false, nil
	s.out.Write(b)
}

// Write writes whole lines above the view. A line without its end waits for that.
func (s *Screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil || !s.foreground() {
		return s.out.Write(p)
	}
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		s.broken = append(s.broken, p...)
		return len(p), nil
	}
	var b []byte
	if s.drawn {
		b = append(b, away...)
	}
	b = append(append(b, s.broken...), p[:end]...)
	s.broken = append(s.broken[:0], p[end:]...)
	if _, err := s.out.Write(s.appendView(b)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// away clears all from the cursor's row on. To write over it would not do: where a terminal
// has wrapped a line, it remembers that of its rows until they are cleared, and would make
// one line of what is two when it becomes wider.
const away = "\r\x1b[J"

// appendView draws the view from the cursor on, below which there is nothing, and moves
// the cursor back to its beginning.
func (s *Screen) appendView(b []byte) []byte {
	columns, rows := s.size()
	view := s.view[:min(len(s.view), max(rows-1, 0))]
	for i, line := range view {
		if i > 0 {
			b = append(b, "\r\n"...)
		}
		text := Fit(line.Text, columns-1)
		if code := codes[line.Style]; code != "" && s.colours {
			text = "\x1b[" + code + "m" + text + "\x1b[m"
		}
		b = append(b, text...)
	}
	b = append(b, '\r')
	if len(view) > 1 {
		b = fmt.Appendf(b, "\x1b[%dA", len(view)-1)
	}
	s.drawn = len(view) > 0
	return b
}

// Fit makes of a text what takes no more columns than there are: plain ASCII, cut with a
// tilde at its end.
func Fit(text string, columns int) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == 'µ':
			r = 'u'
		case r == '…':
			r = '~'
		case r < ' ' || r > '~':
			r = '?'
		}
		b.WriteRune(r)
	}
	text = b.String()
	switch {
	case len(text) <= columns:
		return text
	case columns <= 0:
		return ""
	}
	return text[:columns-1] + "~"
}
