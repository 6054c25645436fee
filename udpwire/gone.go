package udpwire

import "encoding/binary"

// A gone is the body of GONE, with which a listener says which numbers it will not send again.
type gone struct {
	// numbers ascend and do not overlap.
	numbers []span
}

// goneSpans is how many bytes of a GONE its spans may take.
const goneSpans = maxControl - headerSize - 8 - tagSize

// append appends the body to dst. There is at least one number, and no more than fit.
func (g *gone) append(dst []byte) []byte {
	first := g.numbers[0].first
	return appendSpans(binary.BigEndian.AppendUint64(dst, first), first, g.numbers)
}

// parse reads the body and reports whether it is whole. The numbers reuse g.numbers' memory.
func (g *gone) parse(b []byte) (ok bool) {
	if len(b) < 8 {
		return false
	}
	g.numbers, ok = parseSpans(g.numbers[:0], binary.BigEndian.Uint64(b), b[8:])
	return ok
}
