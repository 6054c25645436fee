package screen

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal is a new terminal of a size; the tests are in no session of it.
func openTerminal(t *testing.T, columns, rows uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestWrapTerminal(t *testing.T) {
	f := openTerminal(t, 80, 24)
	for _, tt := range []struct {
		env            map[string]string
		there, colours bool
	}{
		{map[string]string{"TERM": "xterm"}, true, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, true, false},
		{map[string]string{"TERM": "dumb"}, false, false},
		{nil, false, false},
	} {
		s := Wrap(f, func(name string) string { return tt.env[name] })
		if (s != nil) != tt.there || s != nil && s.colours != tt.colours {
			t.Errorf("%v: %+v", tt.env, s)
		}
		if s != nil && s.Columns() != 79 {
			t.Errorf("%d columns", s.Columns())
		}
	}
	if nothing := openTerminal(t, 0, 0); Wrap(nothing, func(string) string { return "xterm" }) != nil {
		t.Error("a Screen of no size")
	}
}

// Standard output shows up on the terminal if it is that, or may if it is a pipe.
func TestShares(t *testing.T) {
	f, other := openTerminal(t, 80, 24), openTerminal(t, 80, 24)
	s := Wrap(f, func(string) string { return "xterm" })
	again, err := os.OpenFile(f.Name(), os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*os.File{again, file, r, w} {
		defer c.Close()
	}
	for name, tt := range map[string]struct {
		f    *os.File
		want bool
	}{"the terminal": {again, true}, "another terminal": {other, false}, "a file": {file, false}, "a pipe": {w, true}} {
		if s.Shares(tt.f) != tt.want {
			t.Errorf("%s: not %t", name, tt.want)
		}
	}
}
