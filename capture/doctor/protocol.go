package doctor

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A protocol is what a segment's payload is of, as far as one segment tells.
type protocol uint8

const (
	other     protocol = iota // the middle of something, or nothing that is known
	request                   // it begins an HTTP/1 request
	upgrade                   // a request that asks for WebSocket
	http2                     // HTTP/2 in clear
	tls                       // TLS records
	webSocket                 // WebSocket frames of a client
)

// classify says what a payload is of; it may be cut.
func classify(b []byte) protocol {
	switch {
	case bytes.HasPrefix(b, []byte("PRI * HTTP/2.0\r\n")):
		return http2
	case beginsRequest(b):
		if field(b, "Upgrade", "websocket") {
			return upgrade
		}
		return request
	case isTLS(b):
		return tls
	case isWebSocket(b):
		return webSocket
	case isHTTP2(b):
		return http2
	}
	return other
}

// beginsRequest reports whether a payload begins with the line of a request.
func beginsRequest(b []byte) bool {
	line, _, _ := bytes.Cut(b[:min(len(b), 4096)], []byte("\r\n"))
	method, rest, found := bytes.Cut(line, []byte{' '})
	if !found || len(method) == 0 || len(method) > 32 || slices.ContainsFunc(method, func(c byte) bool { return c < 'A' || c > 'Z' }) {
		return false
	}
	target, version, found := bytes.Cut(rest, []byte{' '})
	if !found { // the line may go on behind what is there
		return len(line) == len(b) && len(target) > 0 && (target[0] == '/' || bytes.HasPrefix(target, []byte("http")))
	}
	return len(target) > 0 && (bytes.HasPrefix(version, []byte("HTTP/1.")) || len(line) == len(b) && bytes.HasPrefix([]byte("HTTP/1."), version))
}

// field reports whether a head has a field of this name; value is a part of what it
// says, whatever its case.
func field(b []byte, name, value string) bool {
	head, _, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	for _, line := range bytes.Split(head, []byte("\r\n"))[1:] {
		n, v, found := bytes.Cut(line, []byte{':'})
		if found && bytes.EqualFold(n, []byte(name)) && bytes.Contains(bytes.ToLower(v), []byte(value)) {
			return true
		}
	}
	return false
}

// isTLS reports whether a payload is TLS records, of which the last may go on behind
// it (RFC 8446 section 5.1).
func isTLS(b []byte) bool {
	const header, longest = 5, 1<<14 + 2048
	if len(b) < header {
		return false
	}
	for len(b) >= header {
		n := int(binary.BigEndian.Uint16(b[3:]))
		if b[0] < 20 || b[0] > 23 || b[1] != 3 || b[2] > 4 || n == 0 || n > longest {
			return false
		}
		b = b[min(header+n, len(b)):]
	}
	return true
}

// isWebSocket reports whether a payload is frames of a client, which are masked (RFC
// 6455 section 5.2), one after the other; the last may go on behind it.
func isWebSocket(b []byte) bool {
	if len(b) < 6 {
		return false
	}
	for len(b) >= 6 {
		opcode, n, header := b[0]&15, int(b[1]&0x7f), 6
		if b[0]&0x70 != 0 && b[0]&0x70 != 0x40 || opcode > 10 || opcode > 2 && opcode < 8 || b[1]&0x80 == 0 || opcode >= 8 && n > 125 {
			return false
		}
		switch n {
		case 126:
			header, n = 8, int(binary.BigEndian.Uint16(b[2:]))
			if n < 126 {
				return false
			}
		case 127:
			if header = 14; len(b) < header {
				return true
			}
			size := binary.BigEndian.Uint64(b[2:])
			if size < 1<<16 || size > 1<<40 {
				return false
			}
			n = int(min(size, 1<<30))
		}
		b = b[min(header+n, len(b)):]
	}
	return true
}

// isHTTP2 reports whether a payload is frames of a client (RFC 9113 section 4.1), one
// after the other; the last may go on behind it.
func isHTTP2(b []byte) bool {
	const header, lastType = 9, 9
	if len(b) < header {
		return false
	}
	for len(b) >= header {
		n, kind, id := int(b[0])<<16|int(b[1])<<8|int(b[2]), b[3], binary.BigEndian.Uint32(b[5:])
		fixed := map[byte]int{2: 5, 3: 4, 6: 8, 8: 4} // PRIORITY, RST_STREAM, PING, WINDOW_UPDATE
		switch size, known := fixed[kind]; {
		case n > 1<<14 || kind > lastType || id>>31 != 0 || known && n != size:
			return false
		case (kind == 4 || kind == 6 || kind == 7) != (id == 0) && kind != 8: // of the connection, or of a stream
			return false
		case id != 0 && id&1 == 0: // a client's streams are odd
			return false
		}
		b = b[min(header+n, len(b)):]
	}
	return true
}
