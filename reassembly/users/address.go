package users

import "bytes"

// forwardedAddr is the address of the client in a Forwarded field (RFC 7239): the
// for of its first element. Obfuscated identifiers (section 6.3) may be others in
// each request, and are none.
func forwardedAddr(value []byte) (addr [16]byte, ok bool) {
	node, _ := param(value, "for", ';')
	return parseNode(node)
}

// firstAddr is the address of the client in an X-Forwarded-For field: the first of
// the list.
func firstAddr(value []byte) (addr [16]byte, ok bool) {
	first, _, _ := bytes.Cut(value, []byte{','})
	return parseNode(trim(first))
}

// parseNode reads an address that may have a port behind it: 192.0.2.1,
// 192.0.2.1:80, 2001:db8::1, [2001:db8::1] or [2001:db8::1]:80.
func parseNode(b []byte) (addr [16]byte, ok bool) {
	if len(b) > 0 && b[0] == '[' {
		inside, _, closed := bytes.Cut(b[1:], []byte{']'})
		addr, ok = parse6(inside)
		return addr, ok && closed
	}
	if host, _, hasPort := bytes.Cut(b, []byte{':'}); !hasPort || bytes.Count(b, []byte{':'}) == 1 {
		return parse4(host)
	}
	return parse6(b)
}

// parse4 reads an IPv4 address in decimals; it comes out as ::ffff:a.b.c.d.
func parse4(b []byte) (addr [16]byte, ok bool) {
	addr[10], addr[11] = 0xff, 0xff
	for i := 12; i < 16; i++ {
		n, value := 0, 0
		for n < len(b) && n < 3 && b[n]-'0' < 10 {
			value = 10*value + int(b[n]-'0')
			n++
		}
		if n == 0 || value > 255 || n > 1 && b[0] == '0' {
			return addr, false
		}
		addr[i] = byte(value)
		if b = b[n:]; i < 15 {
			if len(b) == 0 || b[0] != '.' {
				return addr, false
			}
			b = b[1:]
		}
	}
	return addr, len(b) == 0
}

// parse6 reads an IPv6 address (RFC 4291 section 2.2) without a zone.
func parse6(b []byte) (addr [16]byte, ok bool) {
	at, gap := 0, -1 // where the next group goes, and where :: stood
	if bytes.HasPrefix(b, []byte("::")) {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		if tail, is4 := parse4(b); is4 && at <= 12 {
			copy(addr[at:], tail[12:])
			at, b = at+4, nil
			break
		}
		n, value := 0, 0
		for n < len(b) && n < 4 && hexDigit(b[n]) >= 0 {
			value = value<<4 | hexDigit(b[n])
			n++
		}
		if n == 0 || at == 16 {
			return addr, false
		}
		addr[at], addr[at+1] = byte(value>>8), byte(value)
		if at, b = at+2, b[n:]; len(b) == 0 {
			break
		}
		if b[0] != ':' || len(b) == 1 {
			return addr, false
		}
		if b = b[1:]; b[0] == ':' {
			if gap >= 0 {
				return addr, false
			}
			gap, b = at, b[1:]
		}
	}
	if gap < 0 {
		return addr, at == 16
	}
	copy(addr[16-(at-gap):], addr[gap:at])
	clear(addr[gap : 16-(at-gap)])
	return addr, at < 16
}

// hexDigit is the value of a hexadecimal digit; -1: it is none.
func hexDigit(c byte) int {
	switch {
	case c-'0' < 10:
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
