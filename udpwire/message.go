package udpwire

import (
	"errors"
	"net/netip"
)

// MaxMessage is the largest Body that can be sent, in bytes.
const MaxMessage = 64 << 20

// Errors of Send. A closed Sender returns net.ErrClosed.
var (
	// ErrQueueFull: the buffer holds as much as it may; the message was not taken.
	ErrQueueFull = errors.New("udpwire: buffer full")
	// ErrTooLarge: the message can never be sent with this buffer.
	ErrTooLarge = errors.New("udpwire: message too large")
)

// A Message is what travels: some bytes and where they were seen.
type Message struct {
	Kind  uint8  // the application's: what Body is
	Proto uint8  // the application's: in which protocol it was seen
	Conn  uint64 // the client connection; messages of one Conn arrive in the order they were sent
	Index uint64 // position in the connection, carried unread
	Time  int64  // nanoseconds since the Unix epoch
	Src   netip.AddrPort
	Dst   netip.AddrPort
	Body  []byte // at most MaxMessage bytes
}
