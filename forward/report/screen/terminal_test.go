package screen

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A terminal is a model of one that wraps long lines at its right edge, scrolls, and wraps
// its lines anew when its width changes, as tmux, VTE and others do.
type terminal struct {
	t             testing.TB
	mu            sync.Mutex
	columns, rows int
	lines         []row // all there were, of which the last rows are on the screen
	x, y          int   // of the cursor; y counts lines
	sgr           bool  // there were colours
}

// A row is one row of cells.
type row struct {
	cells   []rune
	wrapped bool // it goes on in the next
}

func newTerminal(t testing.TB, columns, rows int) *terminal {
	return &terminal{t: t, columns: columns, rows: rows, lines: []row{{}}}
}

func (v *terminal) size() (int, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.columns, v.rows
}

// screen is a Screen on the terminal.
func (v *terminal) screen() *Screen { return New(v, v.size) }

func (v *terminal) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := string(p); s != ""; {
		if !strings.HasPrefix(s, "\x1b[") {
			r := []rune(s)[0]
			v.put(r)
			s = s[len(string(r)):]
			continue
		}
		end := strings.IndexAny(s, "ABCDEFGHJKmhl")
		if end < 0 {
			v.t.Fatalf("an escape sequence without an end: %q", s)
		}
		v.escape(s[2:end], s[end])
		s = s[end+1:]
	}
	return len(p), nil
}

// put writes a character, or moves the cursor.
func (v *terminal) put(r rune) {
	switch {
	case r == '\r':
		v.x = 0
	case r == '\n': // the tty makes \r\n of it
		v.x = 0
		v.down()
	case r < ' ' || r == 0x7f:
		v.t.Errorf("a control character %q", r)
	default:
		if v.x == v.columns {
			v.lines[v.y].wrapped = true
			v.x = 0
			v.down()
		}
		l := &v.lines[v.y]
		for len(l.cells) <= v.x {
			l.cells = append(l.cells, ' ')
		}
		l.cells[v.x] = r
		v.x++
	}
}

func (v *terminal) down() {
	if v.y++; v.y == len(v.lines) {
		v.lines = append(v.lines, row{})
	}
}

func (v *terminal) escape(parameter string, final byte) {
	switch final {
	case 'K':
		v.erase(v.y)
	case 'J':
		v.erase(v.y)
		v.lines = v.lines[:v.y+1]
	case 'A':
		n, err := strconv.Atoi(parameter)
		if err != nil || n < 1 {
			v.t.Errorf("up %q", parameter)
		}
		v.y = max(v.y-n, len(v.lines)-v.rows, 0)
	case 'm':
		v.sgr = true
	default:
		v.t.Errorf("an escape sequence %q%c", parameter, final)
	}
}

// erase clears a row from the cursor on.
func (v *terminal) erase(y int) {
	l := &v.lines[y]
	l.cells, l.wrapped = l.cells[:min(v.x, len(l.cells))], false
}

// text is the rows that a terminal has made of each line as it was written.
func (v *terminal) text() (all []string) {
	line := ""
	for _, l := range v.lines {
		line += string(l.cells)
		if !l.wrapped {
			all, line = append(all, line), ""
		}
	}
	return all
}

// resize wraps all lines anew, and keeps the cursor at its character.
func (v *terminal) resize(columns, rows int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	line, at := 0, v.x // the cursor among the lines as they were written
	for _, l := range v.lines[:v.y] {
		if at += len(l.cells); !l.wrapped {
			line, at = line+1, v.x
		}
	}
	text := v.text()
	v.columns, v.rows, v.lines = columns, rows, nil
	for i, s := range text {
		cells := []rune(s)
		for first := true; first || len(cells) > 0; first = false {
			n := min(len(cells), columns)
			if i == line && at >= 0 && (at < columns || n == len(cells)) {
				v.x, v.y = min(at, columns), len(v.lines)
				at = -1
			} else if i == line && at >= 0 {
				at -= columns
			}
			v.lines = append(v.lines, row{cells: cells[:n:n], wrapped: n < len(cells)})
			cells = cells[n:]
		}
	}
	if v.y >= len(v.lines) {
		v.t.Fatal(fmt.Sprint("the cursor is lost: ", v.y, len(v.lines)))
	}
}
