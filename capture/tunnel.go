package capture

import "encoding/binary"

// The UDP ports that tunnels use.
const (
	portGTP      = 2152 // 3GPP TS 29.281
	portGREInUDP = 4754 // RFC 8086
	portVXLAN    = 4789 // RFC 7348
	portGENEVE   = 6081 // RFC 8926
	portVXLANOld = 8472 // Linux' default before there was a number
)

// tunnels are the layers above IP that hold packets, as steps of a Decoder.
type tunnels struct{ d *Decoder }

// inner decodes what an IP header announces and is not TCP: tunnels, which are
// peeled layer by layer. The same packet is often seen both inside a tunnel and
// outside of it; it is the same segment of the same stream.
func (t tunnels) inner(protocol uint8, b []byte, cut int) bool {
	if !t.d.tunnels {
		return refuse(&t.d.stats.NotTCP)
	}
	if t.d.depth++; t.d.depth > maxDepth {
		return refuse(&t.d.stats.Malformed)
	}
	switch protocol {
	case protocolUDP:
		return t.udp(b, cut)
	case protocolGRE:
		return t.gre(b, cut)
	case protocolIP4:
		return t.tunnelled(0) && t.d.ip4(b, cut)
	case protocolIP6:
		return t.tunnelled(0) && t.d.ip6(b, cut)
	default:
		return refuse(&t.d.stats.NotTCP)
	}
}

// tunnelled counts a tunnel and remembers its number; it is true.
func (t tunnels) tunnelled(id uint32) bool {
	t.d.stats.Tunnelled++
	t.d.place.tunnel, t.d.checksum = id, t.d.checksum.inside()
	return true
}

func (t tunnels) udp(b []byte, cut int) bool {
	if len(b) < 8 {
		return t.d.short(cut)
	}
	port, b := binary.BigEndian.Uint16(b[2:]), b[8:]
	switch port {
	case portVXLAN, portVXLANOld:
		return t.vxlan(b, cut)
	case portGENEVE:
		return t.geneve(b, cut)
	case portGREInUDP:
		return t.gre(b, cut)
	case portGTP:
		return t.gtp(b, cut)
	default:
		return refuse(&t.d.stats.NotTCP)
	}
}

// vxlan follows RFC 7348 section 5: the I flag must be set, all else is ignored.
func (t tunnels) vxlan(b []byte, cut int) bool {
	if len(b) < 8 || b[0]&0x08 == 0 {
		return refuse(&t.d.stats.NotTCP)
	}
	return t.tunnelled(binary.BigEndian.Uint32(b[4:])>>8) && links(t).ethernet(b[8:], cut)
}

// geneve follows RFC 8926 section 3.4: version 0, options skipped by their length.
func (t tunnels) geneve(b []byte, cut int) bool {
	if len(b) < 8 || b[0]>>6 != 0 || b[1]&0x80 != 0 { // a control packet holds no traffic
		return refuse(&t.d.stats.NotTCP)
	}
	header := 8 + int(b[0]&0x3f)*4
	if len(b) < header {
		return t.d.short(cut)
	}
	return t.tunnelled(binary.BigEndian.Uint32(b[4:])>>8) && links(t).ether(binary.BigEndian.Uint16(b[2:]), b[header:], cut)
}

// gre follows RFC 2784 and 2890, version 1 (PPTP, RFC 2637) and ERSPAN.
func (t tunnels) gre(b []byte, cut int) bool {
	const checksum, routing, key, sequence, ack = 0x8000, 0x4000, 0x2000, 0x1000, 0x0080
	if len(b) < 4 {
		return t.d.short(cut)
	}
	flags, kind := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	version := flags & 7
	if flags&routing != 0 || version > 1 {
		return refuse(&t.d.stats.NotTCP)
	}
	size, id := 4, uint32(0)
	if flags&checksum != 0 {
		size += 4
	}
	if flags&key != 0 {
		if len(b) < size+4 {
			return t.d.short(cut)
		}
		id = binary.BigEndian.Uint32(b[size:])
		size += 4
	}
	if flags&sequence != 0 {
		size += 4
	}
	if version == 1 && flags&ack != 0 {
		size += 4
	}
	if len(b) < size {
		return t.d.short(cut)
	}
	b = b[size:]
	t.tunnelled(id)
	switch {
	case version == 1 && kind == etherPPP:
		if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
			b = b[2:]
		}
		return links(t).ppp(b, cut)
	case kind == etherERSPAN2:
		return t.erspan(b, flags&sequence != 0, cut)
	case kind == etherERSPAN3:
		return t.erspan3(b, cut)
	default:
		return links(t).ether(kind, b, cut)
	}
}

// erspan: type II has a header of 8 bytes and always a GRE sequence number,
// type I has neither.
func (t tunnels) erspan(b []byte, typeII bool, cut int) bool {
	if typeII {
		if len(b) < 8 {
			return t.d.short(cut)
		}
		b = b[8:]
	}
	return links(t).ethernet(b, cut)
}

// erspan3 has a header of 12 bytes, 20 with the optional platform field.
func (t tunnels) erspan3(b []byte, cut int) bool {
	if len(b) < 12 {
		return t.d.short(cut)
	}
	size := 12
	if b[11]&1 != 0 {
		size = 20
	}
	if len(b) < size {
		return t.d.short(cut)
	}
	return links(t).ethernet(b[size:], cut)
}

// gtp finds the user's packet in GTP version 1 (3GPP TS 29.281 section 5).
func (t tunnels) gtp(b []byte, cut int) bool {
	const userData = 255
	if len(b) < 8 || b[0]>>5 != 1 || b[1] != userData {
		return refuse(&t.d.stats.NotTCP)
	}
	id, optional, more := binary.BigEndian.Uint32(b[4:]), b[0]&7 != 0, b[0]&4 != 0
	b = b[8:]
	if optional {
		if len(b) < 4 {
			return t.d.short(cut)
		}
		next := b[3]
		for b = b[4:]; more && next != 0; {
			if len(b) < 4 || b[0] == 0 || len(b) < int(b[0])*4 {
				return t.d.short(cut)
			}
			size := int(b[0]) * 4
			next, b = b[size-1], b[size:]
		}
	}
	return t.tunnelled(id) && links(t).ip(b, cut)
}
