//go:build !linux

package capture

// DropPrivileges returns ErrUnsupported.
func DropPrivileges(string) error { return ErrUnsupported }
