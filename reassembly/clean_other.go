//go:build !amd64

package reassembly

// canScanHeads: without instructions that look at dozens of bytes at a time
// heads are read line by line.
func canScanHeads() bool { return false }

func scanHead(*headScan, []byte) { panic("reassembly: no such instructions") }
