package udpwire

import "encoding/binary"

// A span is a run of datagram numbers: what is missing in a REPORT, and what will not be sent again in a GONE.
type span struct {
	first uint64
	count uint64 // at least 1
}

// end is the number behind the last one.
func (s span) end() uint64 { return s.first + s.count }

// maxSpans is how many spans the smallest ones leave room for in a control datagram.
const maxSpans = 200

// addNumber adds n, which lies above all numbers in spans, to the last one when it is its neighbour, else as a new one.
func addNumber(spans []span, n uint64) []span {
	if k := len(spans); k > 0 && spans[k-1].end() == n {
		spans[k-1].count++
		return spans
	}
	return append(spans, span{n, 1})
}

// fitSpans returns as many of the spans, which ascend, as appendSpans writes in at most room bytes.
func fitSpans(spans []span, from uint64, room int) []span {
	var scratch [2 * binary.MaxVarintLen64]byte
	used := 1
	for i, s := range spans {
		if used += len(s.append(scratch[:0], from)); used > room || i == maxSpans {
			return spans[:i]
		}
		from = s.end()
	}
	return spans
}

// append appends a span that begins at or behind from.
func (s span) append(dst []byte, from uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, s.first-from), s.count-1)
}

// appendSpans appends to dst how many spans there are, at most maxSpans, and for each how far behind the end of the one
// before it begins, the first behind from, and how long it is.
func appendSpans(dst []byte, from uint64, spans []span) []byte {
	dst = append(dst, byte(len(spans)))
	for _, s := range spans {
		dst = s.append(dst, from)
		from = s.end()
	}
	return dst
}

// parseSpans appends the spans in b, of which the first is counted from a number, to dst. ok is false when they are cut
// off or reach beyond the last number.
func parseSpans(dst []span, from uint64, b []byte) (spans []span, ok bool) {
	if len(b) < 1 || from > maxNumber {
		return dst, false
	}
	count, b := b[0], b[1:]
	for range count {
		gap, n := binary.Uvarint(b)
		more, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 || gap >= maxNumber-from || more >= maxNumber-from-gap {
			return dst, false
		}
		s := span{from + gap, more + 1}
		dst, from, b = append(dst, s), s.end(), b[n+m:]
	}
	return dst, true
}
