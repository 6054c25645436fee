package udpwire

import "encoding/binary"

// Version is the format's version, the fourth byte of each datagram.
const Version = 2

// kind says what a datagram holds.
type kind uint8

const (
	kindHello     kind = 1  // listener: is anybody there?
	kindWelcome   kind = 2  // replayer: yes, and this is your session
	kindData      kind = 3  // listener: frames
	kindHeartbeat kind = 4  // listener: how far it is
	kindReport    kind = 5  // replayer: what arrived and what is missing
	kindGone      kind = 6  // listener: numbers that will not be sent again
	kindBye       kind = 7  // both: the end, with the totals
	kindRetry     kind = 8  // replayer: ask again, with this cookie
	kindUnknown   kind = 9  // replayer: I know no such session
	kindBegin     kind = 10 // listener: the session begins
	kindPiece     kind = 11 // listener: a piece of a DATA datagram that became too large
	kindStatus    kind = 12 // listener: what it is
)

// Flags of a datagram. Others are zero when sent and ignored when received.
const (
	flagSealed = 1 << 0 // encrypted and authenticated
)

// Sizes in bytes.
const (
	headerSize  = 24
	dataOffset  = headerSize + 8 // a DATA datagram's first frame
	tagSize     = 16             // AES-GCM's authentication tag behind a sealed datagram
	maxDatagram = 65507          // the largest UDP payload over IPv4
	minDatagram = 512            // the smallest full datagram
	maxControl  = 512            // the largest of another kind than DATA that is to pass any path: IPv4's 576 less headers
)

// maxNumber is the last number a session may use in a direction. A listener begins a new session before it.
const maxNumber = 1 << 62

// A header begins each datagram. In HELLO and WELCOME session and number are random, and what they are for differs: see
// the package comment.
type header struct {
	kind    kind
	flags   uint8
	epoch   uint16 // Of the keys that seal it; 0 when it is not sealed.
	session uint64 // The session it belongs to.
	number  uint64 // Its number in its session and direction: DATA by itself, all other kinds together.
}

var magic = [4]byte{'G', 'O', 'R', Version}

// put writes the header into the first headerSize bytes of b.
func (h header) put(b []byte) {
	_ = b[headerSize-1]
	copy(b, magic[:])
	b[4], b[5] = byte(h.kind), h.flags
	binary.BigEndian.PutUint16(b[6:], h.epoch)
	binary.BigEndian.PutUint64(b[8:], h.session)
	binary.BigEndian.PutUint64(b[16:], h.number)
}

// parseHeader reads a datagram's header. why is meaningful when ok is false.
func parseHeader(b []byte) (h header, why reason, ok bool) {
	if len(b) < headerSize {
		return h, rejectShort, false
	}
	if [3]byte(b) != [3]byte(magic[:3]) {
		return h, rejectMagic, false
	}
	if b[3] != Version {
		return h, rejectVersion, false
	}
	h.kind, h.flags = kind(b[4]), b[5]
	if h.kind < kindHello || h.kind > kindStatus {
		return h, rejectKind, false
	}
	h.epoch = binary.BigEndian.Uint16(b[6:])
	h.session = binary.BigEndian.Uint64(b[8:])
	h.number = binary.BigEndian.Uint64(b[16:])
	return h, 0, true
}

// putBase writes the id of a DATA datagram's first message.
func putBase(d []byte, id uint64) { binary.BigEndian.PutUint64(d[headerSize:], id) }
