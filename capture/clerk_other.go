//go:build !linux

package capture

import "os"

// A clerk is for processes that drop privileges, which none does here.
type clerk struct{}

func startClerk(*os.Root, series) (*clerk, error) { return nil, ErrUnsupported }

func (*clerk) create(string) (*os.File, error) { return nil, ErrUnsupported }

func (*clerk) remove(string) error { return ErrUnsupported }

func (*clerk) close() error { return nil }

// ServeAsClerk reports whether the process was started as a clerk: here none is.
func ServeAsClerk([]string) bool { return false }
