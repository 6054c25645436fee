package http1

import (
	"encoding/binary"
	"math/bits"
)

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

// plainLen returns how many bytes of b, from the first on, are no control bytes: a
// line of a head ends with the first that is one, and is looked at once.
func plainLen(b []byte) int {
	rest := b
	for ; len(rest) >= 8; rest = rest[8:] {
		if found := controlBits(rest); found != 0 {
			return len(b) - len(rest) + bits.TrailingZeros64(found)/8
		}
	}
	for len(rest) > 0 && rest[0] >= 0x20 && rest[0] != 0x7f {
		rest = rest[1:]
	}
	return len(b) - len(rest)
}

// controlBits is not 0 if one of the first eight bytes of b is a control byte. A
// byte below 0x20, less 0x20, has its top bit set; and so has 0x7f, once 0x7f is
// 0, less 1. The lowest bit tells the first of them; those above it may be wrong, as
// what is less than 0 borrows from the next byte.
func controlBits(b []byte) uint64 {
	const ones = 0x0101010101010101
	w := binary.LittleEndian.Uint64(b)
	return ((w - 0x20*ones) | ((w ^ 0x7f*ones) - ones)) &^ w & (0x80 * ones)
}
