//go:build !amd64

package reassembly

// markBlocks marks as many blocks of b as m has room for; b must have that many.
func markBlocks(m []marks, b []byte) {
	for k := range m {
		m[k] = markBytes(b[64*k : 64*k+64])
	}
}
