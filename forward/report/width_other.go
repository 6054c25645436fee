//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package report

import "io"

// width is how many columns a terminal has, which nobody says here.
func width(io.Writer) int { return defaultWidth }
