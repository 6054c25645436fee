package udpwire

import "encoding/binary"

// A heartbeat is the body of HEARTBEAT, which says how far a listener is. BYE from a listener has the same body: its
// final totals. Padded with zeros a HEARTBEAT asks whether the path carries a datagram of its size.
type heartbeat struct {
	// time is the listener's clock, in ns. The next REPORT returns it, which measures the round trip.
	time int64

	// oldest is the lowest number that may be sent again; highest is the last one sent.
	oldest, highest uint64

	// messages is how many the listener has begun in this session, bytes how many their bodies have.
	messages, bytes uint64

	// dropped is how many messages the listener had no room for since it started, in whatever session.
	dropped uint64

	// answer is the challenge of the last REPORT that came, which shows that the listener can be reached where this comes
	// from; 0: none came.
	answer uint64
}

// heartbeatSize is the size of the body without padding.
const heartbeatSize = 7 * 8

// append appends the body to dst.
func (h *heartbeat) append(dst []byte) []byte {
	for _, v := range [...]uint64{uint64(h.time), h.oldest, h.highest, h.messages, h.bytes, h.dropped, h.answer} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

// parse reads the body and reports whether it is whole and its numbers can be.
func (h *heartbeat) parse(b []byte) bool {
	if len(b) < heartbeatSize {
		return false
	}
	h.time = int64(binary.BigEndian.Uint64(b))
	h.oldest, h.highest = binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])
	h.messages, h.bytes = binary.BigEndian.Uint64(b[24:]), binary.BigEndian.Uint64(b[32:])
	h.dropped, h.answer = binary.BigEndian.Uint64(b[40:]), binary.BigEndian.Uint64(b[48:])
	return h.oldest <= h.highest+1 && h.highest < maxNumber
}
