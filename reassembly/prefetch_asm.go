//go:build amd64 || arm64

package reassembly

import "unsafe"

// prefetch has the processor load the line of its cache that p begins in,
// without waiting for it.
func prefetch[T any](p *T) { prefetchLine(unsafe.Pointer(p)) }

//go:noescape
func prefetchLine(p unsafe.Pointer)
