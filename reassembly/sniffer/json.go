package sniffer

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"gor/reassembly"
	"gor/reassembly/http1"
)

// appendJSON appends a request as a JSON object and a newline. conn and index
// are what an order within a connection is kept by, and user says whose it is: conn
// and user are numbers in hexadecimal digits, which programs that know only floating
// point leave as they are. host is empty where no Host is given. Bytes that are not
// UTF-8 become U+FFFD in host, method and target; raw holds the truth.
func (p *renderer) appendJSON(dst []byte, r *reassembly.Request) []byte {
	dst = append(dst, `{"conn":"`...)
	dst = appendHex(dst, r.Conn())
	dst = append(dst, `","index":`...)
	dst = strconv.AppendUint(dst, r.Index, 10)
	dst = append(dst, `,"user":"`...)
	dst = appendHex(dst, r.User())
	dst = append(dst, `","host":`...)
	dst = appendString(dst, p.hostOf(r))
	dst = append(dst, `,"time":"`...)
	dst = p.clock.appendTime(dst, r.Last)
	dst = append(dst, `","client":"`...)
	dst = r.Origin().AppendTo(dst)
	dst = append(dst, `","server":"`...)
	dst = p.appendServer(dst, &r.Server)
	dst = append(dst, `","method":`...)
	dst = appendString(dst, r.Method())
	dst = append(dst, `,"target":`...)
	dst = appendString(dst, r.Target())
	dst = append(dst, `,"proto":`...)
	dst = appendString(dst, r.Proto())
	dst = append(dst, `,"body_bytes":`...)
	dst = strconv.AppendInt(dst, r.BodyLen(), 10)
	dst = append(dst, `,"raw":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, r.Raw)
	return append(dst, '"', '}', '\n')
}

// hostOf returns the value of a request's first Host, which is valid until the
// next call; nil where there is none.
func (p *renderer) hostOf(r *reassembly.Request) []byte {
	if host := leadingHost(r.Fields()); host != nil {
		return host
	}
	p.fields = http1.AppendFields(p.fields[:0], r.Fields())
	for i := range p.fields {
		if f := &p.fields[i]; f.Kind == http1.FieldHost {
			p.host = http1.AppendUnfolded(p.host[:0], f.Value)
			return p.host
		}
	}
	return nil
}

// leadingHost returns the value of Host where that is the first field of all and written
// as most write it; nil: who reads the fields will know. It saves reading the others.
func leadingHost(fields []byte) []byte {
	const begin = "Host: "
	if len(fields) < len(begin) || string(fields[:len(begin)]) != begin {
		return nil
	}
	value, rest, found := bytes.Cut(fields[len(begin):], []byte("\r\n"))
	if !found || len(value) == 0 || !isPrintable(value) || len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
		return nil
	}
	return value
}

// appendHex appends all sixteen digits of v.
func appendHex(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// appendString appends s as a JSON string (RFC 8259 §7).
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	plain := 0 // s[plain:i] needs no escape
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRune(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= utf8.RuneSelf:
			dst = append(dst, `\ufffd`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		plain = i
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"')
}
