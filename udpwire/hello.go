package udpwire

import "encoding/binary"

// A hello is the body of HELLO, with which a listener asks for a session. It is padded to the size of the largest
// datagram the listener wants to send, so that the response proves that such a datagram passes.
type hello struct {
	// random is the listener's half of what makes the session's keys. The WELCOME repeats it, which proves that it was
	// made for this HELLO and not recorded.
	random [32]byte

	// current is the session the listener would like to go on with; 0 asks for a new one.
	current uint64
}

// helloSize is the size of the body without the padding: random, current, the lowest and the highest version spoken.
const helloSize = 32 + 8 + 2

// append appends the body to dst, without the padding.
func (h *hello) append(dst []byte) []byte {
	dst = append(dst, h.random[:]...)
	dst = binary.BigEndian.AppendUint64(dst, h.current)
	return append(dst, Version, Version)
}

// parse reads the body and reports whether it is whole and offers a version spoken here.
func (h *hello) parse(b []byte) bool {
	if len(b) < helloSize || b[40] > Version || b[41] < Version {
		return false
	}
	h.random = [32]byte(b)
	h.current = binary.BigEndian.Uint64(b[32:])
	return true
}
