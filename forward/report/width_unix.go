//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package report

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// width is how many columns a terminal has; 80 where it does not say.
func width(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return defaultWidth
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return defaultWidth
	}
	return int(size.Col)
}
