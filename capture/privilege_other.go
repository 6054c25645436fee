//go:build !linux

package capture

// DropPrivileges returns ErrUnsupported.
func DropPrivileges(string) ([]string, error) { return nil, ErrUnsupported }
