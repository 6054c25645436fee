package sniffer

import (
	"encoding/binary"
	"slices"
	"strconv"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/http1"
)

// A renderer makes text of requests. It keeps what is likely to be printed
// again: the second that most requests of one moment share, and the server.
type renderer struct {
	clock  clock
	server capture.Endpoint
	name   []byte // of server, unless it is empty

	fields []http1.Field // of the request at hand, for its host
	host   []byte
}

// appendServer appends e, which is often the same.
func (p *renderer) appendServer(dst []byte, e *capture.Endpoint) []byte {
	if len(p.name) == 0 || p.server != *e {
		p.server, p.name = *e, e.AppendTo(p.name[:0])
	}
	return append(dst, p.name...)
}

// appendLine appends a request as one line for people: time, client, server,
// method, target, protocol, size and, where there is one, its host:
//
//	2026-11-28T01:30:00.123456789Z 10.0.0.7:40000 > 10.0.0.1:80 GET /a HTTP/1.1 78 bytes to shop.example
//
// What could steer a terminal is escaped.
func (p *renderer) appendLine(dst []byte, r *reassembly.Request) []byte {
	dst = slices.Grow(dst, 256)
	dst = p.clock.appendTime(dst, r.Last)
	dst = append(dst, ' ')
	dst = r.Client.AppendTo(dst)
	dst = append(dst, " > "...)
	dst = p.appendServer(dst, &r.Server)
	dst = append(dst, ' ')
	switch n, line := len(dst), r.Line(); {
	case !isPrintable(r.Target()):
		dst = append(append(dst, r.Method()...), ' ')
		dst = append(appendPrintable(dst, r.Target()), ' ')
		dst = append(dst, r.Proto()...)
	case len(line) <= shortLine && len(r.Raw) >= shortLine:
		// One size for all costs less than to choose how to copy each.
		dst = append(dst, r.Raw[:shortLine]...)[:n+len(line)]
	default:
		dst = append(dst, line...)
	}
	dst = append(dst, ' ')
	if n := len(r.Raw); n >= 100 && n < 1000 { // most are
		dst = binary.LittleEndian.AppendUint16(append(dst, '0'+byte(n/100)), pairs[n%100])
	} else {
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	dst = append(dst, " bytes"...)
	if host := p.hostOf(r); len(host) > 0 {
		dst = appendPrintable(append(dst, " to "...), host)
	}
	return append(dst, '\n')
}

const shortLine = 64 // as most request lines are

const hexDigits = "0123456789abcdef"

// appendPrintable appends s with every byte that is not visible ASCII as \xNN,
// and the backslash doubled, so that the line can be read back.
func appendPrintable(dst, s []byte) []byte {
	for len(s) > 0 {
		n := 0
		for n < len(s) && s[n] > 0x20 && s[n] < 0x7f && s[n] != '\\' {
			n++
		}
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		if c := s[0]; c == '\\' {
			dst = append(dst, '\\', '\\')
		} else {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
		s = s[1:]
	}
	return dst
}

// isPrintable reports whether appendPrintable appends s as it is. It looks at
// eight bytes at a time, at some of the last ones twice.
func isPrintable(s []byte) bool {
	n := len(s) - 8
	if n < 0 {
		word := [8]byte{'/', '/', '/', '/', '/', '/', '/', '/'}
		copy(word[:], s)
		return isPlain(binary.LittleEndian.Uint64(word[:]))
	}
	for i := 0; i < n; i += 8 {
		if !isPlain(binary.LittleEndian.Uint64(s[i:])) {
			return false
		}
	}
	return isPlain(binary.LittleEndian.Uint64(s[n:]))
}

// isPlain reports whether each of eight bytes is visible ASCII, and no backslash.
func isPlain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	backslash := w ^ '\\'*ones
	return (w|(w+ones)|(w-0x21*ones)|(backslash-ones))&tops == 0
}
