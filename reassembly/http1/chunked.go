package http1

import (
	"bytes"
	"math"
)

// chunks reads a body in the chunked coding (RFC 9112 section 7.1), as Body does.
// Lines have to end in CR LF: readers differ in what a bare LF means here, which
// is enough to hide a request from one of them. What is in an extension or in a
// trailer matters to nobody's framing, and is not looked at.
func (m *Message) chunks(b []byte) (n int, v Verdict) {
	for n < len(b) {
		switch m.state {
		case inData:
			k := min(m.need, int64(len(b)-n))
			n += int(k)
			m.Gap(k)
			continue
		case inExtension, inTrailer:
			n += textLen(b[n:])
			if n == len(b) {
				return n, More
			}
		}
		if r := m.chunkByte(b[n]); r != ReasonNone {
			return n, m.fail(Malformed, r)
		}
		n++
		if m.state == ended {
			return n, Whole
		}
	}
	return n, More
}

// textLen returns the length of what b begins with up to a CR, LF or NUL.
func textLen(b []byte) int {
	for i, c := range b {
		if c == '\r' || c == '\n' || c == 0 {
			return i
		}
	}
	return len(b)
}

// chunkByte reads one byte of the framing. It returns why it may not be.
func (p *progress) chunkByte(c byte) Reason {
	switch p.state {
	case inSize, inDigits:
		v := hexValue(c)
		if v < 0 && p.state == inDigits {
			return p.sizeEnd(c)
		}
		if v < 0 || p.need > math.MaxInt64>>4 {
			return ReasonChunkSize
		}
		p.state, p.need = inDigits, p.need<<4|v
		return ReasonNone
	case inSizeEnd:
		return p.sizeEnd(c)
	case inExtension:
		return p.expect(c, '\r', inSizeLF, ReasonChunkLine)
	case inSizeLF:
		if p.need == 0 {
			return p.expect(c, '\n', inTrailers, ReasonChunkLine)
		}
		return p.expect(c, '\n', inData, ReasonChunkLine)
	case inDataCR:
		return p.expect(c, '\r', inDataLF, ReasonChunkEnd)
	case inDataLF:
		return p.expect(c, '\n', inSize, ReasonChunkEnd)
	}
	return p.trailerByte(c)
}

// sizeEnd reads a byte behind a chunk's size.
func (p *progress) sizeEnd(c byte) Reason {
	switch c {
	case ' ', '\t':
		p.state = inSizeEnd
	case ';':
		p.state = inExtension
	case '\n':
		return ReasonChunkLine
	default:
		return p.expect(c, '\r', inSizeLF, ReasonChunkSize)
	}
	return ReasonNone
}

// trailerByte reads a byte of the trailer section (RFC 9112 section 7.1.2).
func (p *progress) trailerByte(c byte) Reason {
	switch p.state {
	case inTrailers:
		if c == '\r' {
			p.state = inLastLF
		} else if p.state = inTrailer; c == '\n' || c == 0 {
			return ReasonChunkLine
		}
		return ReasonNone
	case inTrailer:
		return p.expect(c, '\r', inTrailerLF, ReasonChunkLine)
	case inTrailerLF:
		return p.expect(c, '\n', inTrailers, ReasonChunkLine)
	}
	return p.expect(c, '\n', ended, ReasonChunkLine) // inLastLF
}

// expect goes to the next state if c is want, and returns r if it is not.
func (p *progress) expect(c, want byte, next state, r Reason) Reason {
	if c != want {
		return r
	}
	p.state = next
	return ReasonNone
}

// hexValue returns the value of a hexadecimal digit, or -1.
func hexValue(c byte) int64 {
	switch {
	case isDigit(c):
		return int64(c - '0')
	case lower(c)-'a' < 6:
		return int64(lower(c)-'a') + 10
	}
	return -1
}

// AppendContent appends to dst the content of a body in the chunked coding, all
// of which Body has read and called Whole. trailers is the trailer section, a part
// of body: what follows the last chunk, the final blank line included, as
// AppendFields takes it.
func AppendContent(dst, body []byte) (content, trailers []byte) {
	for {
		var size int64
		n := 0
		for n < len(body) && hexValue(body[n]) >= 0 {
			size = size<<4 | hexValue(body[n])
			n++
		}
		n += bytes.IndexByte(body[n:], '\n') + 1
		body = body[n:]
		if size <= 0 || size > int64(len(body))-2 {
			return dst, body
		}
		dst = append(dst, body[:size]...)
		body = body[size+2:]
	}
}
