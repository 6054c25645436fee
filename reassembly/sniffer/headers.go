package sniffer

import (
	"gor/reassembly"
	"gor/reassembly/http1"
)

// headerIndent begins each line of a request's header: the line of the request itself
// begins with no blank, so that tools tell them apart.
const headerIndent = "  "

// appendHeaders appends the fields of a request's head, each on a line of its own
// behind two blanks, in their order and spelling. A folded value is on one line, and
// what could steer a terminal is escaped.
func (p *renderer) appendHeaders(dst []byte, r *reassembly.Request) []byte {
	p.fields = http1.AppendFields(p.fields[:0], r.Fields())
	for i := range p.fields {
		f := &p.fields[i]
		dst = append(dst, headerIndent...)
		if len(f.Name) > 0 {
			dst = append(appendPrintable(dst, f.Name), ':')
			if len(f.Value) > 0 {
				dst = append(dst, ' ')
			}
			p.host = http1.AppendUnfolded(p.host[:0], f.Value)
			dst = appendReadable(dst, p.host)
		} else { // no colon, or nothing before it
			p.host = http1.AppendUnfolded(p.host[:0], f.Line)
			dst = appendReadable(dst, http1.Trim(p.host))
		}
		dst = append(dst, '\n')
	}
	return dst
}

// appendReadable appends s as appendPrintable does, but with its blanks as they are.
func appendReadable(dst, s []byte) []byte {
	for len(s) > 0 {
		n := 0
		for n < len(s) && s[n] != ' ' {
			n++
		}
		dst = appendPrintable(dst, s[:n])
		if s = s[n:]; len(s) > 0 {
			dst, s = append(dst, ' '), s[1:]
		}
	}
	return dst
}
