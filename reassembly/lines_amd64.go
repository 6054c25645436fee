package reassembly

// markBlocks marks as many blocks of b as m has room for; b must have that
// many. It takes 16 bytes at a time, with instructions that every amd64
// processor has (SSE2).
//
//go:noescape
func markBlocks(m []marks, b []byte)
