package reassembly

import (
	"strings"
	"testing"
)

// TestDecisions holds the table of decisions in the package's documentation.
// Each input is followed by a plain request; handed says how many of both are
// handed on.
func TestDecisions(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		fate        Fate // of the input
		handed      int
	}{
		{"plain", get(1), Sent, 2},
		{"unknown method", "FROB / HTTP/1.1\r\n\r\n", Sent, 2},
		{"empty lines first", "\r\n\r\n" + get(1), Sent, 2},
		{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", Sent, 2},
		{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", Sent, 2},
		{"folded header", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", Sent, 2},
		{"length twice, equal", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", Sent, 2},
		{"length listed, equal", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\nx", Sent, 2},
		{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy", Malformed, 0},
		{"length with a sign", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", Malformed, 0},
		{"chunked and a length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", Malformed, 0},
		{"coding that is not chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nx", Malformed, 0},
		{"chunked not last", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", Malformed, 0},
		{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Malformed, 0},
		{"chunk extension and trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\nT: u\r\n\r\n", Sent, 2},
		{"chunk size too large", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nx", Malformed, 0},
		{"chunk without a size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n", Malformed, 0},
		{"space before the colon", "POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\nx", Malformed, 0},
		{"100-continue", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", Sent, 2},
		{"upgrade ignored by the server", "GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", Sent, 2},
		{"replayed by gor", "GET / HTTP/1.1\r\nGor-Replayed: 1\r\n\r\n", Loop, 1},
		{"too large", "POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n" + strings.Repeat("x", 9000), TooLarge, 1},
		{"HTTP/2.0 in a request line", "GET / HTTP/2.0\r\n\r\n", Unsupported, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 3, 1 << 20} {
				c := feedWith(t, Config{MaxRequest: 8192}, tt.input+get(99), size)
				s := c.Stats()
				if tt.fate != Sent && s.Fates[tt.fate] != 1 || len(c.requests) != tt.handed {
					t.Errorf("in pieces of %d: %d handed on, want %d; captured %d, fates %v, want one %v", size, len(c.requests), tt.handed, s.Captured, s.Fates, tt.fate)
				}
			}
		})
	}
}

// TestOtherProtocols recognises what is not HTTP by its first bytes.
func TestOtherProtocols(t *testing.T) {
	for _, tt := range []struct {
		name, input string
		want        Protocol
	}{
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", TLS},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", HTTP2},
		{"SSH", "SSH-2.0-OpenSSH_9.2\r\n", SSH},
		{"WebSocket", "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x85\x01\x02\x03\x04xyzab", Upgraded},
		{"CONNECT", "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Tunnel},
		{"binary", "\x00\x01\x02\x03\x04\x05\x06\x07", Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := feedWith(t, Config{}, tt.input, 1<<20)
			if s := c.Stats(); s.Streams[tt.want] != 1 {
				t.Errorf("streams %v, want one of %v", s.Streams, tt.want)
			}
		})
	}
}

// feedWith is feed with another configuration.
func feedWith(t testing.TB, cfg Config, stream string, size int) *collector {
	c, k := newCollector(cfg), newClient(40000, 7)
	c.push(k.syn())
	for len(stream) > 0 {
		n := min(size, len(stream))
		c.push(k.data(stream[:n]))
		stream = stream[n:]
	}
	c.finish(t)
	return c
}
