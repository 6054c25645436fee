package udpwire

import "encoding/binary"

// fragmentHead is the size of a FRAGMENT frame before its bytes.
const fragmentHead = frameHead + 8

// A fragment is a piece of a MESSAGE frame too long for one datagram.
type fragment struct {
	offset uint32 // Where in the frame the piece begins.
	total  uint32 // The frame's size.
	piece  []byte // It lies in the datagram, and is lent with that.
}

// last reports whether the frame ends with the piece.
func (f *fragment) last() bool { return uint64(f.offset)+uint64(len(f.piece)) == uint64(f.total) }

// appendFragmentHead appends a FRAGMENT frame up to its piece of length bytes.
func appendFragmentHead(dst []byte, length, offset, total int) []byte {
	dst = appendFrameHead(dst, frameFragment, [3]byte{}, fragmentHead-frameHead+length)
	dst = binary.BigEndian.AppendUint32(dst, uint32(offset))
	return binary.BigEndian.AppendUint32(dst, uint32(total))
}

// parseFragment reads the FRAGMENT frame at the start of b into f and returns its length. ok is false when it is cut off
// or its numbers contradict each other.
func parseFragment(b []byte, f *fragment) (n int, ok bool) {
	n, ok = parseFrameHead(b)
	if !ok || n <= fragmentHead || b[0] != frameFragment {
		return 0, false
	}
	f.offset, f.total = binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	if f.total < messageLeast || f.total > maxFrame || uint64(f.offset)+uint64(n-fragmentHead) > uint64(f.total) {
		return 0, false
	}
	f.piece = b[fragmentHead:n:n]
	return n, true
}
