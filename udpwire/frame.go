package udpwire

import "encoding/binary"

// Frame types inside a DATA datagram. Frames of other types are skipped: a later version may have a use for them.
const (
	framePad      = 0 // the rest of the datagram is zero
	frameMessage  = 1 // a whole message
	frameFragment = 2 // a piece of a MESSAGE frame
)

// frameHead is how every frame but PAD begins: the type, three bytes of its own, and how many bytes follow.
const frameHead = 8

// appendFrameHead appends the head of a frame in which length bytes follow.
func appendFrameHead(dst []byte, kind uint8, own [3]byte, length int) []byte {
	return binary.BigEndian.AppendUint32(append(dst, kind, own[0], own[1], own[2]), uint32(length))
}

// parseFrameHead reads the head of the frame at the start of b and returns the whole frame's length. ok is false when it
// is cut off.
func parseFrameHead(b []byte) (n int, ok bool) {
	if len(b) < frameHead {
		return 0, false
	}
	length := binary.BigEndian.Uint32(b[4:])
	if uint64(length) > uint64(len(b)-frameHead) {
		return 0, false
	}
	return frameHead + int(length), true
}
