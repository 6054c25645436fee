package reassembly

import "math"

// A chunkState is where in the chunked coding (RFC 9112 §7.1) a message is.
type chunkState uint8

const (
	chunkSize      chunkState = iota // in a chunk's size
	chunkSizeEnd                     // in white space after the size
	chunkExtension                   // in a chunk's extensions
	chunkLF                          // before the LF of a chunk's first line
	chunkData                        // in a chunk's data: message.need bytes are left
	chunkDataCR                      // before the CR after the data
	chunkDataLF                      // before the LF after the data
	trailerStart                     // at the beginning of a trailer line, or of the last line
	trailerName                      // in the name of a trailer field
	trailerValue                     // in its value
	trailerLF                        // before the LF of a trailer line
	chunkedLF                        // before the LF that ends the request
)

// chunks parses a chunked body; b goes on where the last call ended. It
// returns how many bytes belong to the request. Lines of the framing have to
// end in CR LF: readers differ in what a bare LF means there, which is enough
// to hide a request from one of them.
func (m *message) chunks(b []byte) (n int, out outcome) {
	for n < len(b) {
		if m.chunk == chunkData {
			k := min(m.need, int64(len(b)-n))
			n += int(k)
			m.need -= k
			m.body += k
			if m.need == 0 {
				m.chunk = chunkDataCR
			}
			continue
		}
		if m.chunk == trailerValue || m.chunk == chunkExtension {
			n += bulk(b[n:])
			if n == len(b) {
				break
			}
		}
		last := m.chunk == chunkedLF
		if !m.chunkByte(b[n]) {
			return n, smuggled
		}
		n++
		if last {
			return n, done
		}
	}
	return n, more
}

// bulk returns the length of the run of printable bytes b begins with.
func bulk(b []byte) int {
	for i, c := range b {
		if c < 0x20 || c == 0x7f {
			return i
		}
	}
	return len(b)
}

// chunkByte takes one byte of the framing; false is not chunked coding.
func (m *message) chunkByte(c byte) bool {
	switch m.chunk {
	case chunkSize:
		if v := hexValue(c); v >= 0 {
			if m.need > math.MaxInt64>>4 {
				return false
			}
			m.need, m.digits = m.need<<4|v, true
			return true
		}
		return m.digits && m.sizeEnd(c)
	case chunkSizeEnd:
		return m.sizeEnd(c)
	case chunkExtension:
		if c == '\r' {
			m.chunk = chunkLF
		}
		return c == '\r' || c == '\t' || c >= 0x20 && c != 0x7f
	case chunkLF:
		m.chunk, m.digits = chunkData, false
		if m.need == 0 {
			m.chunk = trailerStart
		}
		return c == '\n'
	case chunkDataCR:
		m.chunk = chunkDataLF
		return c == '\r'
	case chunkDataLF:
		m.chunk = chunkSize
		return c == '\n'
	}
	return m.trailerByte(c)
}

// sizeEnd takes what may follow a chunk's size.
func (m *message) sizeEnd(c byte) bool {
	switch c {
	case '\r':
		m.chunk = chunkLF
	case ';':
		m.chunk = chunkExtension
	case ' ', '\t':
		m.chunk = chunkSizeEnd
	default:
		return false
	}
	return true
}

// trailerByte takes one byte of the trailer section (RFC 9112 §7.1.2).
func (m *message) trailerByte(c byte) bool {
	switch m.chunk {
	case trailerStart:
		m.chunk = trailerName
		if c == '\r' {
			m.chunk = chunkedLF
		}
		return c == '\r' || isToken[c]
	case trailerName:
		if c == ':' {
			m.chunk = trailerValue
		}
		return c == ':' || isToken[c]
	case trailerValue:
		if c == '\r' {
			m.chunk = trailerLF
		}
		return c == '\r' || c == '\t' || c >= 0x20 && c != 0x7f
	case trailerLF:
		m.chunk = trailerStart
	}
	return c == '\n' // trailerLF, chunkedLF
}
