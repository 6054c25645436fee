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

// A sip is the state of SipHash.
type sip struct{ v0, v1, v2, v3 uint64 }

// sum hashes eight bytes, which say what b is or are the hash of what precedes it,
// and then b.
func (k hashKey) sum(before uint64, b []byte) uint64 {
	s := sip{k.k0 ^ 0x736f6d6570736575, k.k1 ^ 0x646f72616e646f6d, k.k0 ^ 0x6c7967656e657261, k.k1 ^ 0x7465646279746573}
	last := uint64(len(b)+8) << 56
	s.word(before)
	for ; len(b) >= 8; b = b[8:] {
		s.word(binary.LittleEndian.Uint64(b))
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	s.word(last)
	s.v2 ^= 0xff
	for range 4 {
		s.round()
	}
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3
}

func (s *sip) word(m uint64) {
	s.v3 ^= m
	s.round()
	s.round()
	s.v0 ^= m
}

func (s *sip) round() {
	s.v0 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 13) ^ s.v0
	s.v0 = bits.RotateLeft64(s.v0, 32)
	s.v2 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 16) ^ s.v2
	s.v0 += s.v3
	s.v3 = bits.RotateLeft64(s.v3, 21) ^ s.v0
	s.v2 += s.v1
	s.v1 = bits.RotateLeft64(s.v1, 17) ^ s.v2
	s.v2 = bits.RotateLeft64(s.v2, 32)
}
