package reassembly

import "golang.org/x/sys/cpu"

// canScanHeads: what servers have had since about 2015 can.
func canScanHeads() bool { return cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 }

// scanHead looks at up to scanBlocks blocks of 64 bytes of a head. It stops in
// the one with the empty line that ends the head, or where something is not
// clean. The last block may be short: then it may read bytes before b, of which
// there must be as many as b lacks to 64.
//
//go:noescape
func scanHead(s *headScan, b []byte)
