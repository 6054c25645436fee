package http1

// Body reads the body, once Head returned Whole. b goes on where the last Body,
// the last Gap or the head ended; its first n bytes belong to the message, and no
// byte is needed again. On Whole the message ends behind them; a message without
// a body is Whole at once, with any b. A body that ends with the connection never
// is: see End.
func (m *Message) Body(b []byte) (n int, v Verdict) {
	switch m.state {
	case inLength:
		n = int(min(m.need, int64(len(b))))
		m.need -= int64(n)
		m.BodyLen += int64(n)
		if m.need > 0 {
			return n, More
		}
		return n, Whole
	case inClose:
		m.BodyLen += int64(len(b))
		return len(b), More
	case ended:
		return 0, Whole
	}
	return m.chunks(b)
}

// Content reads the body as Body does, but no further than to the end of a run of
// content, which it returns; it is a part of b, and empty where only chunk framing
// was read. After More it goes on with b[n:].
func Content(m *Message, b []byte) (content []byte, n int, v Verdict) {
	if !m.Chunked {
		n, v = m.Body(b)
		return b[:n], n, v
	}
	for n < len(b) && m.state != inData && m.state != ended {
		k, v := m.chunks(b[n : n+1])
		if n += k; v > Whole {
			return nil, n, v
		}
	}
	switch {
	case m.state == ended:
		return nil, n, Whole
	case n == len(b):
		return nil, n, More
	}
	k := int(min(m.need, int64(len(b)-n)))
	m.Gap(int64(k))
	return b[n : n+k], n + k, More
}

// Gap says that n bytes which come next will never be seen. It reports whether
// the end of the message is still known, which is so where all of them are
// content; Body then goes on behind them, with no bytes if there are none, to say
// whether this was the end. If Gap reports false the message is void.
func (m *Message) Gap(n int64) bool {
	switch m.state {
	case inClose:
	case inLength, inData:
		if n > m.need {
			return false
		}
		m.need -= n
		if m.state == inData && m.need == 0 {
			m.state = inDataCR
		}
	default:
		return n == 0
	}
	m.BodyLen += n
	return true
}

// End says that the connection ended. It returns Whole if the message ended with
// it or before, and More if the message was cut short.
func (m *Message) End() Verdict {
	if m.state == inClose || m.state == ended || m.state == inLength && m.need == 0 {
		return Whole
	}
	return More
}

// Left returns how many bytes of the body are still to come, which is known if
// a length frames it and the head is whole. Such a body can be passed on without
// Body, if Gap is told.
func (m *Message) Left() (n int64, known bool) {
	switch m.state {
	case inLength:
		return m.need, true
	case ended:
		return 0, true
	}
	return 0, false
}
