//go:build !unix

package udpwire

import "io/fs"

// readableByAll reports nothing: here a file's mode does not say who may read it.
func readableByAll(fs.FileMode) bool { return false }
