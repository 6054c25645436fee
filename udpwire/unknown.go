package udpwire

import "encoding/binary"

// An unknown is the body of UNKNOWN, a replayer's response to a datagram of a session that it does not know. It is no
// longer than that. Anybody who can read the path can have one made again, so that it is only a hint to ask with HELLO.
type unknown struct {
	session uint64 // The one that is not known.
	number  uint64 // Of the datagram.
}

// unknownSize is the size of the body.
const unknownSize = 8 + 8

// append appends the body to dst.
func (u *unknown) append(dst []byte) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, u.session), u.number)
}

// parse reads the body and reports whether it is whole.
func (u *unknown) parse(b []byte) bool {
	if len(b) < unknownSize {
		return false
	}
	u.session, u.number = binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
	return true
}
