package udpwire

import (
	"encoding/binary"
	"errors"
	"net/netip"
)

// MaxMessage is the largest Body that can be sent, in bytes.
const MaxMessage = 64 << 20

// Errors of Send. A closed Sender returns net.ErrClosed.
var (
	// ErrQueueFull: the buffer holds as much as it may; the message was not taken.
	ErrQueueFull = errors.New("buffer full")
	// ErrNobody: the source can wait, but there is nobody to wait for. No replayer has responded for 10 seconds, or those
	// that do can reach none of their targets. The message was not taken.
	ErrNobody = errors.New("nobody to wait for")
	// ErrTooLarge: the message can never be sent with this buffer.
	ErrTooLarge = errors.New("message too large")
	// ErrUnwanted: the replayer that the message would go to wants no messages of KindResponse. It was not taken.
	ErrUnwanted = errors.New("responses are not wanted")
)

// A Message is what travels: some bytes and where they were seen.
type Message struct {
	Kind  uint8  // what Body is, such as KindRequest
	Proto uint8  // the application's: in which protocol it was seen
	User  uint64 // whose it is: messages of one User arrive in the order they were sent
	Crowd bool   // User is that of many people: only messages of one Conn keep their order
	Conn  uint64 // the client connection
	Index uint64 // position in the connection, carried unread
	// Answered, of a request, says that production's response to it follows, as a message of KindResponse with the same
	// Conn and Index, sooner or later; one that could not be had says so (Response.Missing).
	Answered bool
	Time     int64 // nanoseconds since the Unix epoch
	Src      netip.AddrPort
	Dst      netip.AddrPort
	Body     []byte // at most MaxMessage bytes

	// Patient is set by a Receiver: the message's source waited for the room that ReceiverConfig.Room has told of.
	Patient bool
}

// orderedBy is what the messages have in common that m keeps its place among, and goes to one replayer with.
func (m *Message) orderedBy() uint64 {
	if m.Crowd {
		return m.Conn
	}
	return m.User
}

// Flags above the address families. A replayer that does not know one takes the frame for malformed.
const (
	flagCrowd    = 1 << 4 // the user is a crowd
	flagAnswered = 1 << 5 // production's response is to follow
	flagsUnknown = 0xff &^ (flagCrowd | flagAnswered | 0xf)
)

// Kinds of messages. A Receiver hands on requests, and responses where ReceiverConfig.Responses asks for them; it counts
// and skips all others.
const (
	KindRequest  uint8 = 0 // what a client asked
	KindResponse uint8 = 1 // what production answered to that: the Body is a Response, Conn and Index are the request's
)

// Sizes of a MESSAGE frame's head.
const (
	messageFixed = 36 // what each has
	messageFlags = 3  // where its flags are
	messageLeast = messageFixed + 1 + 1
	maxHead      = messageFixed + binary.MaxVarintLen32 + binary.MaxVarintLen64 + 2*16
	maxFrame     = maxHead + MaxMessage
)

// Address families in a MESSAGE frame's flags: two bits for the source, two for the destination.
const (
	familyNone = 0
	familyIPv4 = 1
	familyIPv6 = 2
)

// family is the address family of a in a MESSAGE frame.
func family(a netip.Addr) uint8 {
	switch {
	case a.Is4():
		return familyIPv4
	case a.Is6():
		return familyIPv6
	}
	return familyNone
}

// addrSize is how many bytes an address of a family takes.
func addrSize(family uint8) int {
	switch family {
	case familyIPv4:
		return 4
	case familyIPv6:
		return 16
	}
	return 0
}

// appendHead appends the MESSAGE frame of m up to its Body. back is how many messages ago the one before m in
// its lane was sent, zero when the order does not matter.
func appendHead(dst []byte, m *Message, back uint32) []byte {
	src, dest := family(m.Src.Addr()), family(m.Dst.Addr())
	flags := src | dest<<2
	if m.Crowd {
		flags |= flagCrowd
	}
	if m.Answered {
		flags |= flagAnswered
	}
	start := len(dst)
	dst = appendFrameHead(dst, frameMessage, [3]byte{m.Kind, m.Proto, flags}, 0)
	dst = binary.BigEndian.AppendUint64(dst, m.User)
	dst = binary.BigEndian.AppendUint64(dst, m.Conn)
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.Time))
	dst = binary.BigEndian.AppendUint16(dst, m.Src.Port())
	dst = binary.BigEndian.AppendUint16(dst, m.Dst.Port())
	dst = binary.AppendUvarint(dst, uint64(back))
	dst = binary.AppendUvarint(dst, m.Index)
	dst = appendAddr(appendAddr(dst, m.Src.Addr()), m.Dst.Addr())
	binary.BigEndian.PutUint32(dst[start+4:], uint32(len(dst)-start-frameHead+len(m.Body)))
	return dst
}

// appendAddr appends the bytes of an address; none when it is not valid.
func appendAddr(dst []byte, a netip.Addr) []byte {
	switch family(a) {
	case familyIPv4:
		b := a.As4()
		return append(dst, b[:]...)
	case familyIPv6:
		b := a.As16()
		return append(dst, b[:]...)
	}
	return dst
}

// parseMessage reads the MESSAGE frame at the start of b into m, whose Body then lies in b. It returns the frame's
// length and how many messages back the lane's last one was. ok is false when the frame is cut off or makes no sense.
func parseMessage(b []byte, m *Message) (n int, back uint32, ok bool) {
	n, ok = parseFrameHead(b)
	if !ok || n < messageLeast || b[0] != frameMessage || b[3]&flagsUnknown != 0 {
		return 0, 0, false
	}
	ago, p := uint64(b[messageFixed]), 1
	if ago >= 0x80 {
		ago, p = binary.Uvarint(b[messageFixed:n])
	}
	index, q := binary.Uvarint(b[min(messageFixed+max(p, 0), n):n])
	src, dst := b[3]&3, b[3]>>2&3
	addrs := messageFixed + p + q
	head := addrs + addrSize(src) + addrSize(dst)
	if p <= 0 || q <= 0 || ago > 1<<32-1 || src == 3 || dst == 3 || n < head || n-head > MaxMessage {
		return 0, 0, false
	}
	m.Kind, m.Proto = b[1], b[2]
	m.Crowd, m.Answered = b[3]&flagCrowd != 0, b[3]&flagAnswered != 0
	m.User, m.Conn = binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])
	m.Index, m.Time = index, int64(binary.BigEndian.Uint64(b[24:]))
	m.Src = parseAddr(b[addrs:], src, binary.BigEndian.Uint16(b[32:]))
	m.Dst = parseAddr(b[addrs+addrSize(src):], dst, binary.BigEndian.Uint16(b[34:]))
	m.Body = b[head:n:n]
	return n, uint32(ago), true
}

// parseAddr reads an address of a family at the start of b, which is long enough.
func parseAddr(b []byte, family uint8, port uint16) netip.AddrPort {
	switch family {
	case familyIPv4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b)), port)
	case familyIPv6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b)), port)
	}
	return netip.AddrPortFrom(netip.Addr{}, port)
}
