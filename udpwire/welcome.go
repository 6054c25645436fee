package udpwire

import "encoding/binary"

// A welcome is the body of WELCOME, a replayer's response to HELLO.
type welcome struct {
	// asked is the HELLO's random.
	asked [32]byte

	// random is the replayer's half of what makes the session's keys.
	random [32]byte

	// session is the one to use from now on, never 0. It is the HELLO's current when the replayer still knows that.
	session uint64

	// window is how many bytes the replayer can take at once.
	window uint32

	// arrived is the HELLO's size as UDP payload: what the path has proven to carry.
	arrived uint16
}

// welcomeSize is the size of the body: two randoms, session, window, arrived, the version chosen, a zero.
const welcomeSize = 32 + 32 + 8 + 4 + 2 + 2

// append appends the body to dst.
func (w *welcome) append(dst []byte) []byte {
	dst = append(dst, w.asked[:]...)
	dst = append(dst, w.random[:]...)
	dst = binary.BigEndian.AppendUint64(dst, w.session)
	dst = binary.BigEndian.AppendUint32(dst, w.window)
	dst = binary.BigEndian.AppendUint16(dst, w.arrived)
	return append(dst, Version, 0)
}

// parse reads the body and reports whether it is whole, in a version spoken here, and names a session.
func (w *welcome) parse(b []byte) bool {
	if len(b) < welcomeSize || b[78] != Version {
		return false
	}
	w.asked, w.random = [32]byte(b), [32]byte(b[32:])
	w.session = binary.BigEndian.Uint64(b[64:])
	w.window = binary.BigEndian.Uint32(b[72:])
	w.arrived = binary.BigEndian.Uint16(b[76:])
	return w.session != 0
}
