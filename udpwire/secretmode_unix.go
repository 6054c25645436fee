//go:build unix

package udpwire

import "io/fs"

// readableByAll reports whether a file's mode lets everybody read it. A group may be meant to.
func readableByAll(mode fs.FileMode) bool { return mode.IsRegular() && mode.Perm()&0o004 != 0 }
