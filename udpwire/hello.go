package udpwire

import "encoding/binary"

// A hello is the body of HELLO, with which a listener asks for a session. A HELLO has always the same size, which is
// more than any response to it.
type hello struct {
	// random makes the HELLO different from all others. The responses repeat it, which proves that they were made for this
	// HELLO and not recorded.
	random [32]byte

	// public is the listener's half of what makes the session's keys; zeros without a secret.
	public [32]byte

	// current is the session the listener would like to go on with; 0 asks for a new one.
	current uint64

	// flags are what the replayer should know of the listener, such as helloPatient.
	flags uint8

	// cookie is what a RETRY gave; zeros: none did.
	cookie [16]byte
}

// Flags of a hello. Others are zero when sent and ignored when received.
const helloPatient = 1 << 0 // the messages' source can wait

// helloSize is the size of the body without the padding: two of 32 bytes, current, the lowest and the highest version
// spoken, flags, a zero, the cookie.
const helloSize = 32 + 32 + 8 + 4 + 16

// append appends the body to dst, without the padding.
func (h *hello) append(dst []byte) []byte {
	dst = append(append(dst, h.random[:]...), h.public[:]...)
	dst = binary.BigEndian.AppendUint64(dst, h.current)
	return append(append(dst, Version, Version, h.flags, 0), h.cookie[:]...)
}

// parse reads the body and reports whether it is whole and offers a version spoken here.
func (h *hello) parse(b []byte) bool {
	if len(b) < helloSize || b[72] > Version || b[73] < Version {
		return false
	}
	h.random, h.public = [32]byte(b), [32]byte(b[32:])
	h.current = binary.BigEndian.Uint64(b[64:])
	h.flags, h.cookie = b[74], [16]byte(b[76:])
	return true
}
