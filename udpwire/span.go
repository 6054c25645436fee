package udpwire

import "encoding/binary"

// A span is a run of datagram numbers: what is missing in a REPORT, and what will not be sent again in a GONE.
type span struct {
	first uint64
	count uint32 // at least 1
}

// end is the number behind the last one.
func (s span) end() uint64 { return s.first + uint64(s.count) }

// maxSpans keeps REPORT and GONE below 1,200 bytes. What is missing beyond is named in the next one.
const maxSpans = 80

// spanSize is how many bytes a span takes on the wire.
const spanSize = 12

// addNumber adds n, which lies above all numbers in spans, to the last one when it is its neighbour, else as a new one.
func addNumber(spans []span, n uint64) []span {
	if k := len(spans); k > 0 && spans[k-1].end() == n {
		spans[k-1].count++
		return spans
	}
	return append(spans, span{n, 1})
}

// appendSpans appends how many spans there are and each of them to dst.
func appendSpans(dst []byte, spans []span) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(spans)))
	for _, s := range spans {
		dst = binary.BigEndian.AppendUint64(dst, s.first)
		dst = binary.BigEndian.AppendUint32(dst, s.count)
	}
	return dst
}

// parseSpans appends the spans in b to dst. ok is false when they do not ascend, overlap, are too many, or are cut off.
func parseSpans(dst []span, b []byte) (spans []span, ok bool) {
	if len(b) < 4 {
		return dst, false
	}
	n := binary.BigEndian.Uint32(b)
	b = b[4:]
	if n > maxSpans || len(b) < int(n)*spanSize {
		return dst, false
	}
	floor := uint64(0)
	for range n {
		s := span{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])}
		if s.count == 0 || s.first < floor || s.first >= maxNumber {
			return dst, false
		}
		floor = s.end()
		dst, b = append(dst, s), b[spanSize:]
	}
	return dst, true
}
