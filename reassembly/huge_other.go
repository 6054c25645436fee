//go:build !linux

package reassembly

// adviseHuge does nothing: only Linux is asked for huge pages.
func adviseHuge[T any]([]T) {}
