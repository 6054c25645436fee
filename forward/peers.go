package forward

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// peers are what is known of who sent a request to whom when it was captured.
type peers struct {
	client, server netip.AddrPort
	user           uint64
}

// A template is a text with places for what is known of a request's peers.
type template []part

// A part is some text and what follows it.
type part struct {
	text  string
	place place // noPlace in the last part
}

// A place is one where what is known of a request's peers stands.
type place uint8

const (
	noPlace place = iota
	clientPlace
	clientPortPlace
	serverPlace
	userPlace
)

var places = map[string]place{
	"client": clientPlace, "client_port": clientPortPlace, "server": serverPlace, "user": userPlace,
}

// parseTemplate reads a text. What stands in braces and looks like a name has to be
// one; all else in braces, such as JSON, is text.
func parseTemplate(s string) (template, error) {
	var t template
	text := ""
	for {
		before, rest, found := strings.Cut(s, "{")
		text += before
		if !found {
			return append(t, part{text: text}), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_") != "" {
			text, s = text+"{", rest
			continue
		}
		p, known := places[name]
		if !known {
			return nil, errors.New("{" + name + "} is not known: there are {client}, {client_port}, {server} and {user}")
		}
		t = append(t, part{text, p})
		text, s = "", after
	}
}

// isFixed reports whether the text is the same for all requests.
func (t template) isFixed() bool { return len(t) == 1 }

// append appends the text for a request. What is not known is "unknown" (RFC 7239
// section 6.2).
func (t template) append(dst []byte, p *peers) []byte {
	for i := range t {
		dst = append(dst, t[i].text...)
		switch at := t[i].place; {
		case at == noPlace:
		case at == userPlace:
			dst = appendHex(dst, p.user)
		case at == serverPlace && p.server.IsValid():
			dst = p.server.AppendTo(dst)
		case at == clientPlace && p.client.IsValid():
			dst = p.client.Addr().AppendTo(dst)
		case at == clientPortPlace && p.client.IsValid():
			dst = strconv.AppendUint(dst, uint64(p.client.Port()), 10)
		default:
			dst = append(dst, "unknown"...)
		}
	}
	return dst
}

// appendHex appends all sixteen digits of a user's number.
func appendHex(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[v>>shift&15])
	}
	return dst
}
