package udpwire

import "encoding/binary"

// A begin is the body of BEGIN, with which a listener begins the session that a WELCOME gave. It has all that the replayer
// needs to make the session from: until it comes, the replayer keeps nothing.
type begin struct {
	// random and public are the HELLO's. They are not encrypted: the keys are made from them.
	random, public [32]byte

	// flags are the HELLO's.
	flags uint8

	// beat is how far the listener is: a BEGIN is a HEARTBEAT as well.
	beat heartbeat
}

// Sizes in bytes.
const (
	beginClear = 32 + 32                        // what of the body is authenticated and not encrypted
	beginSize  = beginClear + 8 + heartbeatSize // the body
)

// append appends the body to dst.
func (g *begin) append(dst []byte) []byte {
	dst = append(append(dst, g.random[:]...), g.public[:]...)
	return g.beat.append(binary.BigEndian.AppendUint64(dst, uint64(g.flags)<<56))
}

// parseClear reads what is not encrypted of the body and reports whether it is whole.
func (g *begin) parseClear(b []byte) bool {
	if len(b) < beginClear {
		return false
	}
	g.random, g.public = [32]byte(b), [32]byte(b[32:])
	return true
}

// parse reads the body and reports whether it is whole and its numbers can be.
func (g *begin) parse(b []byte) bool {
	if len(b) < beginSize || !g.parseClear(b) {
		return false
	}
	g.flags = b[beginClear]
	return g.beat.parse(b[beginClear+8:])
}
