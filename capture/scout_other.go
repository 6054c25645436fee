//go:build !linux

package capture

import "time"

// A Scout cannot be opened here.
type Scout struct{}

// OpenScout returns ErrUnsupported.
func OpenScout(int) (*Scout, error) { return nil, ErrUnsupported }

// The rest is never called: there is no Scout.

func (*Scout) Close()                       {}
func (*Scout) Looking() time.Time           { return time.Time{} }
func (*Scout) Begin(Gaze, time.Time) error  { return ErrUnsupported }
func (*Scout) End(time.Time) (*Look, error) { return nil, ErrUnsupported }
