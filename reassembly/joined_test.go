package reassembly

import (
	"testing"

	"gor/capture"
)

// A body can begin a segment with what other protocols begin with; joined
// inside of it, the stream has to find the next request all the same.
func TestJoinedInBinaryBody(t *testing.T) {
	for _, first := range []string{"\x04\x05\x00\x00", "\x05\x01\x00", "\x16\x03\x01", "\x16\x03\x01\xff\xff12", "\x80\x01\x01\x03\x01", "SSH-"} {
		for before := range 2 {
			c, k := newCollector(Config{}), newClient(1, 1)
			for range before {
				c.push(k.data("\x00\x01\x02"))
			}
			c.push(k.data(first))
			c.push(k.data(get(1)))
			c.push(k.data(get(2)))
			same(t, c.requests, []string{get(1), get(2)})
			c.finish(t)
		}
	}
}

func TestJoinedProtocols(t *testing.T) {
	for first, p := range map[string]Protocol{
		"\x17\x03\x03\x00\x03abc\x17\x03\x03\x01\x00rest": TLS, "SSH-2.0-x\r\n": SSH, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": HTTP2,
	} {
		c, k := newCollector(Config{}), newClient(1, 1)
		c.push(k.data(first))
		if s := c.finish(t); s.Streams[p] != 1 || s.Captured != 0 {
			t.Errorf("%q: want one %v stream: %+v", first, p, s)
		}
	}
}

// A keep-alive probe may be the first packet after the handshake.
func TestProbeBeforeFirstByte(t *testing.T) {
	c, k := newCollector(Config{}), newClient(1, 1)
	c.push(k.syn())
	c.push(k.at(k.seq-1, capture.ACK, "\x00"))
	first := k.data(get(1)[:2])
	c.push(k.data(get(1)[2:]))
	c.push(first)
	same(t, c.requests, []string{get(1)})
	c.finish(t)
}

// What a snap length cut off is missing once, and reading goes on behind it.
func TestCutPayload(t *testing.T) {
	whole := post(1, string(make([]byte, 100)))
	for name, rest := range map[string][]string{
		"next in order": {get(2)}, "two behind": {get(2), get(3)},
	} {
		t.Run(name, func(t *testing.T) {
			c, k := newCollector(Config{}), newClient(1, 1)
			c.push(k.syn())
			s := k.data(whole)
			s.Payload, s.Cut = s.Payload[:len(whole)-30], 30
			c.push(s)
			c.push(s) // seen twice, it is missing once
			for _, b := range rest {
				c.push(k.data(b))
			}
			same(t, c.requests, rest)
			if st := c.finish(t); st.Fates[Truncated] != 1 || st.MissingBytes != 30 {
				t.Errorf("%+v", st)
			}
		})
	}
}

// The end of a connection does not lose what its first segment, which comes
// late, makes whole.
func TestEndBeforeFirstSegment(t *testing.T) {
	c, k := newCollector(Config{}), newClient(1, 1)
	first := k.data(get(1)[:20])
	c.push(k.data(get(1)[20:]))
	c.push(k.fin())
	c.push(first)
	same(t, c.requests, []string{get(1)})
	c.finish(t)
}
