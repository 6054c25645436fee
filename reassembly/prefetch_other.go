//go:build !amd64 && !arm64

package reassembly

// prefetch does nothing where Go offers no instruction for it.
func prefetch[T any](*T) {}
