package udpwire

import (
	"encoding/binary"
	"math"
)

// A Response is what production answered to a request: the Body of a message of KindResponse, whose Conn, Index, User and
// Crowd are the request's, and whose Time is when the head was seen.
type Response struct {
	Missing bool   // It could not be had, and nothing else is known: a loss, a connection joined in its middle.
	Whole   bool   // Body is all of the content.
	BodyLen int64  // How long the content is in bytes, without chunk framing; -1: not known.
	Hash    uint64 // Of the whole content, where that is longer than Body; 0: there is none.
	Head    []byte // The status line and the fields as they were sent, with the empty line behind them.
	Body    []byte // The content, or its beginning; empty where only heads are captured.
}

// The form of a Response.
const (
	responseFixed   = 24 // bytes before the head
	responseMissing = 1 << 0
	responseWhole   = 1 << 1
	lengthUnknown   = math.MaxUint64
)

// AppendTo appends what ParseResponse reads.
func (r *Response) AppendTo(dst []byte) []byte {
	var flags byte
	if r.Missing {
		flags |= responseMissing
	}
	if r.Whole {
		flags |= responseWhole
	}
	length := uint64(lengthUnknown)
	if r.BodyLen >= 0 {
		length = uint64(r.BodyLen)
	}
	dst = append(dst, flags, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Head)))
	dst = binary.BigEndian.AppendUint64(dst, length)
	dst = binary.BigEndian.AppendUint64(dst, r.Hash)
	return append(append(dst, r.Head...), r.Body...)
}

// ParseResponse reads a Response from the Body of a message. Its Head and Body lie in b. ok is false where b contradicts
// itself: one whose content is whole says how long that is, and nobody has more of it than there is.
func ParseResponse(b []byte) (r Response, ok bool) {
	if len(b) < responseFixed {
		return Response{}, false
	}
	head, length := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint64(b[8:])
	if uint64(head) > uint64(len(b)-responseFixed) || length != lengthUnknown && length > math.MaxInt64 {
		return Response{}, false
	}
	end := responseFixed + int(head)
	r = Response{
		Missing: b[0]&responseMissing != 0, Whole: b[0]&responseWhole != 0, BodyLen: int64(length), // all ones are -1
		Hash: binary.BigEndian.Uint64(b[16:]), Head: b[responseFixed:end:end], Body: b[end:len(b):len(b)],
	}
	body := int64(len(r.Body))
	switch {
	case r.Missing:
		ok = len(b) == responseFixed && !r.Whole
	case r.Whole:
		ok = body == r.BodyLen
	default:
		ok = r.BodyLen < 0 || body <= r.BodyLen
	}
	if !ok {
		return Response{}, false
	}
	return r, true
}
