//go:build amd64 || arm64

package reassembly

// prefetch has the processor load the line of its cache that p lies in,
// without waiting for it.
//
//go:noescape
func prefetch(p *uint32)
