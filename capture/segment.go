package capture

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// An Endpoint is an address and a port. It is comparable and holds no pointer,
// so that it is cheap as a part of a key.
type Endpoint struct {
	Addr [16]byte // IPv4 as ::ffff:a.b.c.d
	Port uint16
}

// An IPv6 packet may carry an address of the form ::ffff:a.b.c.d itself. To
// tell it from IPv4 its first byte is set, which makes it a multicast address
// of a reserved scope: no TCP connection has one of its own (RFC 4291 section 2.7).
const mappedMark = 0xff

// set4 sets e's address to the four bytes of an IPv4 header.
func (e *Endpoint) set4(b *[4]byte) {
	// Two whole words: what is read back soon in words must not be written in
	// bytes, or the processor waits until they are in its cache.
	binary.BigEndian.PutUint64(e.Addr[:8], 0)
	binary.BigEndian.PutUint64(e.Addr[8:], 0xffff<<32|uint64(binary.BigEndian.Uint32(b[:])))
}

// set6 sets e's address to the sixteen bytes of an IPv6 header.
func (e *Endpoint) set6(b []byte) {
	e.Addr = [16]byte(b)
	if e.isMapped() {
		e.Addr[0] = mappedMark
	}
}

// setEither sets e's address to the bytes of an address of either version.
func (e *Endpoint) setEither(b []byte) {
	if len(b) == 4 {
		e.set4((*[4]byte)(b))
	} else {
		e.set6(b)
	}
}

func (e *Endpoint) isMapped() bool {
	return binary.LittleEndian.Uint64(e.Addr[:]) == 0 && binary.LittleEndian.Uint32(e.Addr[8:]) == 0xffff0000
}

// EndpointOf converts a; a zone is left out.
func EndpointOf(a netip.AddrPort) (e Endpoint) {
	e.Port = a.Port()
	if addr := a.Addr(); addr.Is4() {
		e.set4(new(addr.As4()))
	} else {
		b := addr.As16()
		e.set6(b[:])
	}
	return e
}

// AddrPort converts e; an IPv4 address comes out as such.
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(e.addr(), e.Port)
}

func (e Endpoint) addr() netip.Addr {
	if e.isMapped() {
		return netip.AddrFrom4([4]byte(e.Addr[12:]))
	}
	if e.Addr[0] == mappedMark {
		plain := e
		if plain.Addr[0] = 0; plain.isMapped() {
			return netip.AddrFrom16(plain.Addr)
		}
	}
	return netip.AddrFrom16(e.Addr)
}

// String is "192.0.2.1:80" or "[2001:db8::1]:80".
func (e Endpoint) String() string { return string((&e).AppendTo(nil)) }

// AppendTo appends what String returns.
func (e *Endpoint) AppendTo(b []byte) []byte {
	if e.isMapped() {
		b = appendOctets(b, e.Addr[12], e.Addr[13])
		b = appendOctets(b, e.Addr[14], e.Addr[15])
		b[len(b)-1] = ':'
	} else {
		b = append(e.addr().AppendTo(append(b, '[')), "]:"...)
	}
	port := e.Port
	if port < 10000 {
		return strconv.AppendUint(b, uint64(port), 10)
	}
	rest := port % 10000 // most are a client's
	return append(b, '0'+byte(port/10000), '0'+byte(rest/1000), '0'+byte(rest/100%10), '0'+byte(rest/10%10), '0'+byte(rest%10))
}

// appendOctets appends two numbers of a dotted address and the dots behind them.
func appendOctets(b []byte, v, w byte) []byte {
	x, y := octets[v], octets[w]
	shift := (bits.Len32(x) + 7) &^ 7
	n := len(b) + (shift+bits.Len32(y)+7)/8
	return binary.LittleEndian.AppendUint64(b, uint64(x)|uint64(y)<<(shift&63))[:n]
}

// octets are the numbers of a dotted address and the dot behind each, first
// character lowest. Addresses are as good as random: a choice by the number of
// digits would cost the processor more than all else.
var octets = func() (t [256]uint32) {
	for v := range t {
		for i, c := range []byte(strconv.Itoa(v) + ".") {
			t[v] |= uint32(c) << (8 * i)
		}
	}
	return t
}()

// Flags are a TCP segment's control bits (RFC 9293 section 3.1).
type Flags uint8

// The control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

var flagNames = [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"}

// Has reports whether all of bits are set.
func (f Flags) Has(bits Flags) bool { return f&bits == bits }

// String is the names of the bits that are set, such as "SYN|ACK".
func (f Flags) String() string {
	var names []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// A Segment is a TCP segment from a client to a wanted server port or, where
// answers are wanted too, from such a port to a client.
type Segment struct {
	// Time is when it was seen, in nanoseconds since the Unix epoch.
	Time int64

	// Src is the client, Dst the server, unless it is FromServer.
	Src, Dst Endpoint

	// Tunnel is the number of the tunnel it came through, 0 for none. The same
	// segment is often seen inside a tunnel and outside.
	Tunnel uint32

	// The rest of the header, as in RFC 9293 section 3.1.
	Seq, Ack uint32
	Window   uint16
	Urgent   uint16
	Flags    Flags

	// Leaving says that it was seen on its way out of this machine.
	Leaving bool

	// FromServer says that Src is the server, and Dst the client.
	FromServer bool

	// Payload is lent until the next Next of the source.
	Payload []byte

	// Cut is the number of bytes on the wire behind Payload that were not captured.
	Cut int
}
