package capture

import "encoding/binary"

// The EtherTypes that are followed.
const (
	etherIP4       = 0x0800
	etherIP6       = 0x86dd
	etherVLAN      = 0x8100 // IEEE 802.1Q
	etherQinQ      = 0x88a8 // IEEE 802.1ad
	etherQinQOld   = 0x9100
	etherMPLS      = 0x8847
	etherMPLSMulti = 0x8848
	etherPPPoE     = 0x8864 // RFC 2516, session stage
	etherBridged   = 0x6558 // an Ethernet frame inside GRE or GENEVE
	etherERSPAN2   = 0x88be
	etherERSPAN3   = 0x22eb
	etherPPP       = 0x880b
)

// links are the layers below IP, as steps of a Decoder: each looks at its header
// and goes on with what is in it.
type links struct{ d *Decoder }

// link decodes from the link header on.
func (l links) link(p *Packet, b []byte, cut int) bool {
	switch p.Link {
	case LinkEthernet:
		return l.ethernet(b, cut)
	case LinkCooked:
		return l.cooked(p.EtherType, b, cut)
	case LinkRaw, LinkRawBSD, LinkRawOpen, LinkIPv4, LinkIPv6:
		return l.ip(b, cut)
	case LinkNull, LinkLoop:
		// The address family's number and byte order depend on the system that
		// wrote it; the version nibble behind it does not.
		return l.behind(4, b, cut)
	case LinkSLL:
		if len(b) < 16 {
			return l.d.short(cut)
		}
		return l.ether(binary.BigEndian.Uint16(b[14:]), b[16:], cut)
	case LinkSLL2:
		if len(b) < 20 {
			return l.d.short(cut)
		}
		return l.ether(binary.BigEndian.Uint16(b), b[20:], cut)
	case LinkPPP:
		if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 { // HDLC-like framing (RFC 1662)
			b = b[2:]
		}
		return l.ppp(b, cut)
	case LinkCHDLC:
		if len(b) < 4 {
			return l.d.short(cut)
		}
		return l.ether(binary.BigEndian.Uint16(b[2:]), b[4:], cut)
	case LinkNFLOG:
		return l.nflog(b, cut)
	default:
		return refuse(&l.d.stats.UnknownLink)
	}
}

// cooked decodes what a packet socket delivers. The kernel takes off the
// outermost VLAN tag; of a second one it reports the protocol behind the tag
// (vlan_get_protocol_dgram in net/packet/af_packet.c) while the data begins
// with the tag.
func (l links) cooked(kind uint16, b []byte, cut int) bool {
	version := byte(4)
	if kind == etherIP6 {
		version = 6
	}
	if kind == etherIP4 || kind == etherIP6 {
		for len(b) > 4 && b[0]>>4 != version {
			if inner := binary.BigEndian.Uint16(b[2:]); inner != kind && inner != etherVLAN && inner != etherQinQ {
				break
			}
			l.d.place.vlans = l.d.place.vlans<<12 | uint32(binary.BigEndian.Uint16(b)&0xfff)
			b = b[4:]
		}
	}
	return l.ether(kind, b, cut)
}

// ethernet decodes a frame from its destination address on.
func (l links) ethernet(b []byte, cut int) bool {
	if len(b) < 14 {
		return l.d.short(cut)
	}
	return l.ether(binary.BigEndian.Uint16(b[12:]), b[14:], cut)
}

// ether decodes what an EtherType announces.
func (l links) ether(kind uint16, b []byte, cut int) bool {
	for {
		switch {
		case kind == etherIP4:
			return l.d.ip4(b, cut)
		case kind == etherIP6:
			return l.d.ip6(b, cut)
		case kind == etherVLAN, kind == etherQinQ, kind == etherQinQOld:
			if l.d.depth++; l.d.depth > maxDepth {
				return refuse(&l.d.stats.Malformed)
			}
			if len(b) < 4 {
				return l.d.short(cut)
			}
			l.d.place.vlans = l.d.place.vlans<<12 | uint32(binary.BigEndian.Uint16(b)&0xfff)
			kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
		case kind == etherPPPoE:
			if len(b) < 6 {
				return l.d.short(cut)
			}
			return l.ppp(b[6:], cut)
		case kind == etherMPLS, kind == etherMPLSMulti:
			return l.mpls(b, cut)
		case kind < 0x600: // a length: IEEE 802.2, followed if it is SNAP
			if len(b) < 8 {
				return l.d.short(cut)
			}
			if [6]byte(b) != [6]byte{0xaa, 0xaa, 3} {
				return refuse(&l.d.stats.NotTCP)
			}
			kind, b = binary.BigEndian.Uint16(b[6:]), b[8:]
			if kind < 0x600 {
				return refuse(&l.d.stats.NotTCP)
			}
		case kind == etherBridged:
			if l.d.depth++; l.d.depth > maxDepth {
				return refuse(&l.d.stats.Malformed)
			}
			return l.ethernet(b, cut)
		default:
			return refuse(&l.d.stats.NotTCP)
		}
	}
}

// ip decodes what begins with an IP header of either version.
func (l links) ip(b []byte, cut int) bool {
	if len(b) == 0 {
		return l.d.short(cut)
	}
	switch b[0] >> 4 {
	case 4:
		return l.d.ip4(b, cut)
	case 6:
		return l.d.ip6(b, cut)
	default:
		return refuse(&l.d.stats.NotTCP)
	}
}

// behind decodes the IP packet behind n bytes.
func (l links) behind(n int, b []byte, cut int) bool {
	if len(b) < n {
		return l.d.short(cut)
	}
	return l.ip(b[n:], cut)
}

// ppp decodes from the PPP protocol field on, of which the first byte may be
// left out (RFC 1661 section 2).
func (l links) ppp(b []byte, cut int) bool {
	if len(b) < 2 {
		return l.d.short(cut)
	}
	protocol, size := binary.BigEndian.Uint16(b), 2
	if b[0]&1 != 0 { // the last byte of the field is odd, all others even
		protocol, size = uint16(b[0]), 1
	}
	b = b[size:]
	switch protocol {
	case 0x0021:
		return l.d.ip4(b, cut)
	case 0x0057:
		return l.d.ip6(b, cut)
	default:
		return refuse(&l.d.stats.NotTCP)
	}
}

// mpls skips the label stack (RFC 3032); what follows is told by its first
// nibble: IP, or the control word of a pseudowire (RFC 4385) with Ethernet in it.
func (l links) mpls(b []byte, cut int) bool {
	for range maxDepth {
		if len(b) < 4 {
			return l.d.short(cut)
		}
		bottom := b[2]&1 != 0
		if b = b[4:]; !bottom {
			continue
		}
		if len(b) > 4 && b[0]>>4 == 0 {
			return l.ethernet(b[4:], cut)
		}
		return l.ip(b, cut)
	}
	return refuse(&l.d.stats.Malformed)
}

// nflog looks for the packet among the attributes of a netfilter log record;
// their lengths are in the writer's byte order, little endian here.
func (l links) nflog(b []byte, cut int) bool {
	const payload = 9
	if len(b) < 4 {
		return l.d.short(cut)
	}
	for b = b[4:]; len(b) >= 4; {
		size, kind := int(binary.LittleEndian.Uint16(b)), binary.LittleEndian.Uint16(b[2:])
		if size < 4 || size > len(b) {
			return l.d.short(cut)
		}
		if kind&0x7fff == payload {
			return l.ip(b[4:size], cut)
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return refuse(&l.d.stats.NotTCP)
}
