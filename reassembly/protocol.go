package reassembly

import (
	"bytes"
	"fmt"

	"gor/reassembly/http1"
)

// A Protocol is what a stream speaks that is not HTTP/1.
type Protocol uint8

const (
	TLS Protocol = iota
	HTTP2
	SSH
	SOCKS
	Upgraded // an HTTP/1 connection that became something else, such as WebSocket
	Tunnel   // what follows CONNECT
	Unknown
	protocols
)

// protocolTable declares each Protocol to the accounts.
var protocolTable = [protocols]entry{
	TLS:      {name: "tls", help: "Streams that speak TLS."},
	HTTP2:    {name: "http2", help: "Streams that speak HTTP/2 with prior knowledge."},
	SSH:      {name: "ssh", help: "Streams that speak SSH."},
	SOCKS:    {name: "socks", help: "Streams that speak SOCKS."},
	Upgraded: {name: "upgraded", help: "HTTP/1 connections that became something else, such as WebSocket."},
	Tunnel:   {name: "tunnel", help: "HTTP/1 connections that became a tunnel by CONNECT."},
	Unknown:  {name: "unknown", help: "Streams that speak nothing that is known."},
}

// String returns the name used in the accounts, such as "tls".
func (p Protocol) String() string {
	if p < protocols {
		return protocolTable[p].name
	}
	return "invalid"
}

// advice says what an operator can do about streams of p on a port.
func (p Protocol) advice(port uint16) string {
	switch p {
	case TLS:
		return fmt.Sprintf("port %d carries TLS: listen where it is decrypted", port)
	case HTTP2:
		return fmt.Sprintf("port %d carries HTTP/2 with prior knowledge: only HTTP/1 is captured, listen where it is spoken", port)
	case SSH:
		return fmt.Sprintf("port %d carries SSH: give the port of a web server", port)
	case SOCKS:
		return fmt.Sprintf("port %d carries SOCKS: listen where the proxy's HTTP comes out", port)
	case Upgraded:
		return fmt.Sprintf("port %d has connections that upgrade, such as WebSocket: what follows the upgrade is not captured", port)
	case Tunnel:
		return fmt.Sprintf("port %d carries CONNECT tunnels: what is inside is not captured", port)
	default:
		return fmt.Sprintf("port %d carries something other than HTTP: give the port of a web server", port)
	}
}

// A verdict is what the first bytes of a stream, or of a request, tell.
type verdict uint8

const (
	undecided verdict = iota // more bytes are needed
	isHTTP
	isProxy // a PROXY protocol header: skip it
	isOther // something else: see the Protocol
)

// classify looks at the first bytes that a client sent. For isProxy n is the
// length of the header to skip.
func classify(b []byte) (v verdict, p Protocol, n int) {
	if len(b) == 0 {
		return undecided, 0, 0
	}
	switch c := b[0]; {
	case c == '\r' || c == '\n':
		switch {
		case len(b) < len(proxy2Magic) && proxy2Magic[:len(b)] == string(b):
			return undecided, 0, 0
		case bytes.HasPrefix(b, []byte(proxy2Magic)):
			n, known := proxy2Len(b)
			if !known {
				return undecided, 0, 0
			}
			return isProxy, 0, n
		}
		return isHTTP, 0, 0
	case c >= 0x14 && c <= 0x17:
		// A TLS record (RFC 8446 §5.1): type, version 3.x, length.
		if len(b) < 3 {
			return undecided, 0, 0
		}
		if b[1] == 3 && b[2] <= 4 {
			return isOther, TLS, 0
		}
		return isOther, Unknown, 0
	case c&0x80 != 0:
		// The version 2 hello that old clients offer TLS with (RFC 5246 appendix E.2).
		if len(b) < 5 {
			return undecided, 0, 0
		}
		if b[2] == 1 && b[3] == 3 {
			return isOther, TLS, 0
		}
		return isOther, Unknown, 0
	case c == 4 || c == 5:
		if len(b) < 2 {
			return undecided, 0, 0
		}
		if b[1] > 0 && b[1] < 10 {
			return isOther, SOCKS, 0
		}
		return isOther, Unknown, 0
	case c == 'P':
		if v, p, n := classifyP(b); v != isHTTP {
			return v, p, n
		}
	case c == 'S':
		if isPrefix(b, "SSH-") {
			if len(b) < 4 {
				return undecided, 0, 0
			}
			return isOther, SSH, 0
		}
	case !http1.IsTokenByte(c):
		return isOther, Unknown, 0
	}
	return isHTTP, 0, 0
}

// classifyJoined looks at the first segment of a stream that was joined in the
// middle. It may be part of a body, so a byte or two are no evidence.
func classifyJoined(b []byte) (Protocol, bool) {
	switch {
	case bytes.HasPrefix(b, []byte("PRI * HTTP/2.0\r\n")):
		return HTTP2, true
	case bytes.HasPrefix(b, []byte("SSH-2.0-")) || bytes.HasPrefix(b, []byte("SSH-1.")):
		return SSH, true
	}
	return TLS, holdsTLS(b)
}

// holdsTLS reports whether b is TLS records one after the other, the last of
// which may go on behind it (RFC 8446 §5.1).
func holdsTLS(b []byte) bool {
	const header, longest = 5, 1<<14 + 2048
	if len(b) < header {
		return false
	}
	for len(b) >= header {
		n := int(b[3])<<8 | int(b[4])
		if b[0] < 0x14 || b[0] > 0x17 || b[1] != 3 || b[2] > 4 || n == 0 || n > longest {
			return false
		}
		b = b[min(header+n, len(b)):]
	}
	return true
}

func classifyP(b []byte) (verdict, Protocol, int) {
	const h2 = "PRI * HTTP/2.0"
	if isPrefix(b, h2) {
		if len(b) < len(h2) {
			return undecided, 0, 0
		}
		return isOther, HTTP2, 0
	}
	if isPrefix(b, proxy1Magic) {
		end := bytes.IndexByte(b[:min(len(b), proxy1Max)], '\n')
		switch {
		case end > 0 && b[end-1] == '\r' && proxy1Line(b[:end-1]):
			return isProxy, 0, end + 1
		case end < 0 && len(b) < proxy1Max:
			return undecided, 0, 0
		}
	}
	return isHTTP, 0, 0
}

// isPrefix reports whether one of b and s begins with the other.
func isPrefix(b []byte, s string) bool {
	n := min(len(b), len(s))
	return string(b[:n]) == s[:n]
}
