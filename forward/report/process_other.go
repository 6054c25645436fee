//go:build !linux

package report

// readProcess knows nothing of the process on this system.
func readProcess() (process, bool) { return process{}, false }
