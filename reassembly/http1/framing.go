package http1

import (
	"bytes"
	"math"
)

// contentLength accepts one length, or the same one again (RFC 9112 section 6.3).
func (m *Message) contentLength(v []byte) Verdict {
	for more := true; more; {
		var item []byte
		item, v, more = bytes.Cut(v, []byte{','})
		n, ok := parseLength(Trim(item))
		if !ok {
			return m.fail(Malformed, ReasonLength)
		}
		if m.hasLength && n != m.need {
			return m.fail(Malformed, ReasonTwoLengths)
		}
		m.hasLength, m.need = true, n
	}
	return More
}

// parseLength reads digits and nothing else; more than 2^63-1 does not fit.
func parseLength(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

// transferEncoding accepts chunked, once. A compression before it is valid, but
// servers respond with 501. Everything else hides where the body ends.
func (m *Message) transferEncoding(v []byte) Verdict {
	if !m.Chunked && EqualFold(v, "chunked") {
		m.Chunked = true
		return More
	}
	if coding, last, two := bytes.Cut(v, []byte{','}); !m.Chunked && two && EqualFold(Trim(last), "chunked") {
		for _, known := range [...]string{"gzip", "x-gzip", "deflate", "compress", "x-compress"} {
			if EqualFold(Trim(coding), known) {
				return m.fail(Unsupported, ReasonCoding)
			}
		}
	}
	return m.fail(Malformed, ReasonCoding)
}

// frame decides where the body ends (RFC 9112 section 6.3), once the head is whole.
func (m *Message) frame() Verdict {
	m.Tunnel = m.to != toRequest && m.to.opensTunnel(m.Status)
	switch {
	case m.Chunked && m.hasLength:
		return m.fail(Malformed, ReasonLengthAndChunked)
	case m.Chunked && m.HTTP10:
		return m.fail(Malformed, ReasonOldChunked)
	case m.to != toRequest && m.to.hasNoBody(m.Status):
		m.state, m.need, m.Chunked = inLength, 0, false
	case m.Chunked:
		m.state = inSize
	case m.to != toRequest && !m.hasLength:
		m.state = inClose
	default:
		m.state = inLength
	}
	return More // the loop in Head ends with the head
}

// hasNoBody reports whether a response with this status ends with its head,
// whatever its fields say (RFC 9112 section 6.3, rules 1 and 2).
func (to answered) hasNoBody(status int) bool {
	return to.opensTunnel(status) || to == toHEAD || status < 200 || status == 204 || status == 304
}

// opensTunnel reports whether what follows a response with this status is not
// HTTP/1.
func (to answered) opensTunnel(status int) bool {
	return status == 101 || to == toCONNECT && status/100 == 2
}
