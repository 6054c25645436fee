package reassembly

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"

	"gor/capture"
)

// The PROXY protocol: a header before a connection's first byte, by which a load
// balancer says who the client is, as its address has taken the client's place
// (haproxy.org, proxy-protocol.txt).
const (
	proxy1Magic = "PROXY " // version 1, section 2.1: a line
	proxy1Max   = 107      // the longest, CR LF included

	proxy2Magic = "\r\n\r\n\x00\r\nQUIT\n" // version 2, section 2.2: binary
	proxy2Fixed = len(proxy2Magic) + 4     // magic, version and command, family, length
	proxy2TCP4  = 0x11                     // the families that have addresses of TCP
	proxy2TCP6  = 0x21
	proxy2Proxy = 0x21 // version 2, command PROXY; LOCAL is a connection of the balancer's own
)

// proxy1Line tells a PROXY header from a request with that method.
func proxy1Line(line []byte) bool {
	rest := line[len(proxy1Magic):]
	return bytes.HasPrefix(rest, []byte("TCP4 ")) || bytes.HasPrefix(rest, []byte("TCP6 ")) || bytes.HasPrefix(rest, []byte("UNKNOWN"))
}

// proxy2Len is the length of the header of version 2 that b begins with; it is known
// once the addresses are in b.
func proxy2Len(b []byte) (n int, known bool) {
	if len(b) < proxy2Fixed {
		return 0, false
	}
	n = proxy2Fixed + int(binary.BigEndian.Uint16(b[14:]))
	return n, len(b) >= proxy2Fixed+proxy2Addrs(b, n)
}

// proxy2Addrs is how long the addresses are in a header of n bytes; 0: there are none.
func proxy2Addrs(b []byte, n int) int {
	need := 0
	switch b[13] {
	case proxy2TCP4:
		need = 4 + 4 + 2 + 2
	case proxy2TCP6:
		need = 16 + 16 + 2 + 2
	}
	if b[12] != proxy2Proxy || proxy2Fixed+need > n {
		return 0
	}
	return need
}

// proxied is the client that a PROXY header names, in whichever version; none where
// it names nobody.
func proxied(b []byte) (client capture.Endpoint, ok bool) {
	if !bytes.HasPrefix(b, []byte(proxy2Magic)) {
		return proxied1(b)
	}
	n, known := proxy2Len(b)
	if !known {
		return client, false
	}
	addrs := b[proxy2Fixed:][:proxy2Addrs(b, n)]
	switch len(addrs) {
	case 12:
		return capture.EndpointOf(netip.AddrPortFrom(netip.AddrFrom4([4]byte(addrs)), binary.BigEndian.Uint16(addrs[8:]))), true
	case 36:
		return capture.EndpointOf(netip.AddrPortFrom(netip.AddrFrom16([16]byte(addrs)), binary.BigEndian.Uint16(addrs[32:]))), true
	}
	return client, false
}

// proxied1 reads a line such as "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80".
func proxied1(b []byte) (client capture.Endpoint, ok bool) {
	line, _, _ := bytes.Cut(b[:min(len(b), proxy1Max)], []byte("\r\n"))
	parts := bytes.Split(line, []byte(" "))
	if len(parts) != 6 {
		return client, false
	}
	addr, err := netip.ParseAddr(string(parts[2]))
	if err != nil || addr.Zone() != "" || addr.Is4() != (string(parts[1]) == "TCP4") {
		return client, false
	}
	port, err := strconv.ParseUint(string(parts[4]), 10, 16)
	if err != nil {
		return client, false
	}
	return capture.EndpointOf(netip.AddrPortFrom(addr, uint16(port))), true
}

// relay notes whom the PROXY header that b begins with names.
func relay(f *flow, b []byte) {
	if client, ok := proxied(b); ok {
		*f.a.conns.recs.origin(f.i) = client
		f.c.http.flags |= relayed
	}
}

// originOf is whom a PROXY header of the connection names; nil: nobody.
func originOf(f *flow) *capture.Endpoint {
	if !f.c.http.has(relayed) {
		return nil
	}
	return f.a.conns.recs.origin(f.i)
}
