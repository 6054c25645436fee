package users

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// A hashKey is the key of SipHash-2-4 (Aumasson and Bernstein, 2012), a hash that
// nobody can predict or aim at who does not know the key, and fast for short texts.
type hashKey struct{ k0, k1 uint64 }

// newHashKey derives the key from a secret. Without one it is the same everywhere,
// since all listeners have to agree; then the hash is no secret.
func newHashKey(secret []byte) hashKey {
	sum := sha256.Sum256(append([]byte("gor: whose request is it\x00"), secret...))
	return hashKey{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

// sum hashes eight bytes, which say what b is or are the hash of what precedes it,
// and then b.
func (k hashKey) sum(before uint64, b []byte) uint64 {
	v0, v1, v2, v3 := k.k0^0x736f6d6570736575, k.k1^0x646f72616e646f6d, k.k0^0x6c7967656e657261, k.k1^0x7465646279746573
	word, last, ended := before, uint64(len(b)+8)<<56, false
	for {
		v3 ^= word
		v0, v1, v2, v3 = sipRounds(2, v0, v1, v2, v3)
		v0 ^= word
		switch {
		case ended:
			v0, v1, v2, v3 = sipRounds(4, v0, v1, v2^0xff, v3)
			return v0 ^ v1 ^ v2 ^ v3
		case len(b) >= 8:
			word, b = binary.LittleEndian.Uint64(b), b[8:]
		default:
			for i, c := range b {
				last |= uint64(c) << (8 * i)
			}
			word, ended = last, true
		}
	}
}

// sipRounds mixes the state of SipHash n times. It takes and returns it by value,
// so that it stays in registers.
func sipRounds(n int, v0, v1, v2, v3 uint64) (_, _, _, _ uint64) {
	for ; n > 0; n-- {
		v0 += v1
		v1 = bits.RotateLeft64(v1, 13) ^ v0
		v0 = bits.RotateLeft64(v0, 32)
		v2 += v3
		v3 = bits.RotateLeft64(v3, 16) ^ v2
		v0 += v3
		v3 = bits.RotateLeft64(v3, 21) ^ v0
		v2 += v1
		v1 = bits.RotateLeft64(v1, 17) ^ v2
		v2 = bits.RotateLeft64(v2, 32)
	}
	return v0, v1, v2, v3
}
