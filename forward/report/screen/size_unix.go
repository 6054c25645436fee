//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package screen

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// size is how many columns and rows a terminal has; zero: f is none, or does not say.
func size(f *os.File) (columns, rows int) {
	ws, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(ws.Col), int(ws.Row)
}

// inForeground reports whether this process is in its terminal's foreground.
func inForeground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp() // who does not know is not in a shell's background
}

// Resizes tells of each change of the terminal's size until stop.
func Resizes() (changes <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1) // one that finds another waiting means the same
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
