package screen

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func linesOf(texts ...string) (view []Line) {
	for _, s := range texts {
		view = append(view, Line{Text: s})
	}
	return view
}

// check fails unless the terminal has what was written, whole and in order, and below it
// the view, once.
func (v *terminal) check(written []string, view []Line) {
	v.t.Helper()
	want := slices.Clone(written)
	for _, l := range view[:min(len(view), max(v.rows-1, 0))] {
		want = append(want, Fit(l.Text, v.columns-1))
	}
	got := v.text()
	for i := range got {
		got[i] = strings.TrimRight(got[i], " ")
	}
	for len(want) > 0 && strings.TrimSpace(want[len(want)-1]) == "" {
		want = want[:len(want)-1]
	}
	for len(got) > 0 && got[len(got)-1] == "" {
		got = got[:len(got)-1]
	}
	for i := range want {
		want[i] = strings.TrimRight(want[i], " ")
	}
	if !slices.Equal(got, want) {
		v.t.Fatalf("%d x %d:\n%s\nwant\n%s", v.columns, v.rows, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShow(t *testing.T) {
	v := newTerminal(t, 20, 10)
	s := v.screen()
	fmt.Fprintln(s, "before")
	v.check([]string{"before"}, nil)
	view := linesOf("one", "two", "a line that is longer than the terminal")
	for range 3 {
		if !s.Show(view) {
			t.Error("not shown")
		}
		v.check([]string{"before"}, view)
	}
	fmt.Fprintln(s, "a log line that is longer than the terminal")
	written := []string{"before", "a log line that is longer than the terminal"}
	v.check(written, view)
	view = linesOf("one")
	s.Show(view)
	v.check(written, view)
	fmt.Fprint(s, "half ")
	v.check(written, view)
	fmt.Fprint(s, "a line\nand ")
	written = append(written, "half a line")
	v.check(written, view)
	s.Hide()
	fmt.Fprintln(s, "the end")
	v.check(append(written, "and the end"), nil)
	if v.sgr {
		t.Error("colours that nobody wants")
	}
}

// TestRandom draws, writes and resizes at random: whatever happens, the terminal has all
// that was written, whole and in order, and below it the last view, once.
func TestRandom(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		v := newTerminal(t, 20+r.IntN(100), 4+r.IntN(20))
		s := v.screen()
		s.colours = r.IntN(2) == 0
		var written []string
		var view []Line
		text := func(most int) string {
			b := make([]rune, r.IntN(most))
			for i := range b {
				b[i] = rune(' ' + 1 + r.IntN(94))
			}
			return string(b)
		}
		for range 60 {
			switch r.IntN(5) {
			case 0, 1:
				n := 1 + r.IntN(3)
				var b strings.Builder
				for range n {
					line := "log" + text(300)
					written = append(written, line)
					b.WriteString(line + "\n")
				}
				s.Write([]byte(b.String()))
			case 2:
				v.resize(10+r.IntN(150), 4+r.IntN(30))
				fallthrough
			default:
				view = nil
				for range 1 + r.IntN(8) {
					view = append(view, Line{Text: "view" + text(200), Style: Style(r.IntN(len(codes)))})
				}
				s.Show(view)
			}
			v.check(written, view)
		}
		s.Hide()
		v.check(written, nil)
	}
}

// In the background nothing is drawn, and what is written goes through.
func TestBackground(t *testing.T) {
	var out bytes.Buffer
	there := true
	s := &Screen{out: &out, size: func() (int, int) { return 80, 24 }, foreground: func() bool { return there }}
	s.Show(linesOf("view"))
	there = false
	out.Reset()
	if s.Show(linesOf("view")) {
		t.Error("shown in the background")
	}
	fmt.Fprintln(s, "log")
	if out.String() != "log\n" {
		t.Errorf("%q", out.String())
	}
	there = true
	out.Reset()
	s.Show(linesOf("view"))
	if got, want := out.String(), "view\r"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A view that is higher than the terminal is cut, so that it can be taken away; where
// there is no room at all there is none.
func TestLowTerminal(t *testing.T) {
	for rows := range 5 {
		v := newTerminal(t, 20, max(rows, 1))
		v.rows = rows
		s := v.screen()
		s.Show(linesOf("1", "2", "3", "4", "5", "6"))
		fmt.Fprintln(s, "log")
		s.Hide()
		v.check([]string{"log"}, nil)
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		text    string
		columns int
		want    string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab~"}, {"abcd", 1, "~"}, {"abcd", 0, ""}, {"abcd", -1, ""}, {"", 0, ""},
		{"85µs…", 9, "85us~"}, {"a\x1b[2Jb\r\n\x00\x7f", 20, "a?[2Jb????"}, {"日本\u202e", 20, "???"}, {"\xff\xfe", 20, "??"},
	} {
		if got := Fit(tt.text, tt.columns); got != tt.want {
			t.Errorf("%q in %d columns: %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
}

func FuzzFit(f *testing.F) {
	f.Add("a\x1bb", 3)
	f.Fuzz(func(t *testing.T, text string, columns int) {
		got := Fit(text, columns)
		if len(got) > max(columns, 0) || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q in %d columns: %q", text, columns, got)
		}
	})
}

// What is no terminal has no Screen.
func TestWrap(t *testing.T) {
	env := func(string) string { return "xterm" }
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if Wrap(&bytes.Buffer{}, env) != nil || Wrap(f, env) != nil {
		t.Error("a Screen on no terminal")
	}
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil || Wrap(null, env) != nil {
		t.Errorf("a Screen on nothing, %v", err)
	}
}
