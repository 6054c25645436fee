package http1

import "encoding/binary"

// isPlain reports whether b holds no control byte: none below 0x20, nor 0x7f. It
// looks at eight bytes at a time, as it is asked about each line of each head.
func isPlain(b []byte) bool {
	if len(b) < 8 {
		for _, c := range b {
			if c < 0x20 || c == 0x7f {
				return false
			}
		}
		return true
	}
	found := controlBits(b[len(b)-8:])
	for ; len(b) >= 32; b = b[32:] {
		found |= controlBits(b) | controlBits(b[8:]) | controlBits(b[16:]) | controlBits(b[24:])
	}
	for ; len(b) >= 8; b = b[8:] {
		found |= controlBits(b)
	}
	return found == 0
}

// controlBits is not 0 if one of the first eight bytes of b is a control byte. A
// byte below 0x20, less 0x20, has its top bit set; and so has 0x7f, once 0x7f is
// 0, less 1. It is not exact in which byte that is, as it borrows from the next.
func controlBits(b []byte) uint64 {
	const ones = 0x0101010101010101
	w := binary.LittleEndian.Uint64(b)
	return ((w - 0x20*ones) | ((w ^ 0x7f*ones) - ones)) &^ w & (0x80 * ones)
}
