package capture

import "encoding/binary"

// DecoderConfig says which segments are wanted.
type DecoderConfig struct {
	// Ports are the servers' ports.
	Ports []uint16

	// AnyPort says that every port may be a server's: the segments of both
	// directions are wanted.
	AnyPort bool

	// Answers says that what servers send is wanted, too, where the source does not
	// tell whose packets it has.
	Answers bool

	// Tunnels says to look into VXLAN, GENEVE, GRE, IP in IP and GTP.
	Tunnels bool

	// MaxFragmentBytes bounds the memory for IP fragments that wait for the rest
	// of their datagrams. 0 means 4 MiB.
	MaxFragmentBytes int

	// Record gets a copy of the packets that matter: those with segments to the
	// wanted ports, and fragments that may be parts of them. nil: none.
	Record *Recorder
}

// maxDepth bounds how many tunnels and tags are peeled: each must be there for
// a reason, and a hostile packet could stack hundreds.
const maxDepth = 12

// A Decoder finds the TCP segments in packets. It is not safe for concurrent
// use, and allocates nothing per packet except to keep fragments.
type Decoder struct {
	ports     portSet // those wanted where the source does not say
	answers   bool    // likewise: what comes from these is wanted, too
	tunnels   bool
	fragments fragments
	record    *Recorder
	witness   *witness // nil: nobody wants to know what becomes of wrong checksums
	stats     DecoderStats

	// ---- of the packet being decoded ----
	time     int64 // when it was seen
	last     int64 // the same of the last one that counts for Last
	seg      *Segment
	place    place
	wanted   *portSet // the ports that are wanted in its direction
	whose    whose    // which end's they are
	leaving  bool
	answer   bool      // it is a server's
	checksum Checksum  // what is known of the one in the layer reached
	sums     *sumTally // of the file that it is from, if it is from one
	depth    int       // layers peeled
	network  []byte    // from the outermost IP header on
	cut      int       // bytes that are missing behind network
	keep     bool      // it matters: a wanted segment, or a fragment that may be part of one
}

// NewDecoder makes a Decoder.
func NewDecoder(cfg DecoderConfig) *Decoder {
	d := &Decoder{tunnels: cfg.Tunnels, record: cfg.Record, answers: cfg.Answers}
	d.ports = portsOf(cfg.Ports)
	for i := range d.ports {
		if cfg.AnyPort {
			d.ports[i] = ^uint64(0)
		}
	}
	d.fragments.init(cfg.MaxFragmentBytes)
	return d
}

// wantedOf are the ports that are wanted in a packet's direction.
func (d *Decoder) wantedOf(p *Packet) *portSet {
	if p.wanted != nil {
		return p.wanted
	}
	return &d.ports
}

// Last is the time of the packet that was decoded last, of those of clients where
// the source tells whose they are.
func (d *Decoder) Last() int64 { return d.last }

// Stats returns the counters.
func (d *Decoder) Stats() DecoderStats { return d.stats }

// Decode fills s from p and reports whether p holds, or completes, a segment
// to a wanted port with data, SYN, FIN or RST. s.Payload lies in p's data or,
// put together from fragments, in memory of its own. What is refused is counted
// by reason.
func (d *Decoder) Decode(p *Packet, s *Segment) bool {
	d.stats.Seen++
	if d.time = p.Time; !p.fromServer {
		d.last = p.Time
	}
	if d.record != nil || d.witness != nil {
		return d.decodeAndRecord(p, s)
	}
	// Nearly all packets are IPv4 directly behind an Ethernet header or none,
	// without options of IP, not fragments, and whole: then a few fixed bytes
	// tell everything. FuzzDecode holds that walk says the same.
	ip := p.Data
	switch {
	case p.Link == LinkEthernet && len(ip) >= 14 && binary.BigEndian.Uint16(ip[12:]) == etherIP4:
		ip = ip[14:]
	case p.Link != LinkCooked || p.EtherType != etherIP4:
		return d.walk(p, s)
	}
	const fixed = 20 // bytes of either header without options
	if len(ip) < 2*fixed {
		return d.walk(p, s)
	}
	h := (*[2 * fixed]byte)(ip)
	total, header := int(binary.BigEndian.Uint16(h[2:])), int(h[fixed+12]>>4)*4
	if h[0] != 0x45 || binary.BigEndian.Uint16(h[6:])&0x3fff != 0 || h[9] != protocolTCP ||
		header < fixed || total < fixed+header || total > len(ip) {
		return d.walk(p, s)
	}
	// Who sent a packet, and whether there is data in it, is as good as random:
	// it is counted without a choice, so that the processor can guess wrong once.
	wanted, answer := d.whoseOf(p).bits(d.wantedOf(p), binary.BigEndian.Uint16(h[fixed:]), binary.BigEndian.Uint16(h[fixed+2:]))
	said := min(uint64(total-fixed-header)|uint64(Flags(h[fixed+13])&(SYN|FIN|RST)), 1) // anything
	found := wanted & said
	d.stats.OtherPort += wanted ^ 1
	d.stats.Bare += wanted ^ found
	d.answer = answer != 0
	if found == 0 || !p.Checksum.trusted() && !d.sound(p.Checksum, p.sums, ip[fixed:total], h[12:20]) {
		return false
	}
	d.stats.Segments += answer ^ 1
	d.stats.Answers += answer
	s.Time, s.Tunnel, s.Cut, s.Leaving, s.FromServer = p.Time, 0, 0, p.Leaving, d.answer
	s.Src.set4((*[4]byte)(h[12:]))
	s.Dst.set4((*[4]byte)(h[16:]))
	s.fill((*[fixed]byte)(h[fixed:]))
	s.Payload = ip[fixed+header : total]
	return true
}

// decodeAndRecord is Decode where packets that matter are recorded, or looked
// at by a witness.
func (d *Decoder) decodeAndRecord(p *Packet, s *Segment) bool {
	found := d.walk(p, s)
	if d.keep && d.record != nil {
		d.record.record(p.Time, d.network, d.cut)
	}
	return found
}

// walk decodes any packet, header by header.
func (d *Decoder) walk(p *Packet, s *Segment) bool {
	d.seg, d.depth, d.network, d.keep = s, 0, nil, false
	d.place = place{iface: int32(p.Iface), vlans: uint32(p.VLAN) & 0xfff}
	d.wanted, d.whose, d.leaving = d.wantedOf(p), d.whoseOf(p), p.Leaving
	d.checksum, d.sums = p.Checksum, p.sums
	cut := max(p.WireLen-len(p.Data), 0)
	ok := links{d}.link(p, p.Data, cut)
	switch {
	case ok && d.answer:
		d.stats.Answers++
	case ok:
		d.stats.Segments++
	}
	return ok
}

// refuse counts and is false, so that a decoder step can end with it.
func refuse(counter *uint64) bool {
	*counter++
	return false
}

// ip4 decodes an IPv4 packet (RFC 791); cut bytes are missing behind b.
func (d *Decoder) ip4(b []byte, cut int) bool {
	if len(b) < 20 {
		return d.short(cut)
	}
	header := int(b[0]&0x0f) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	// The total length counts, not the frame's: short frames are padded. It is
	// zero where the packet is longer than the field can say or where the
	// network card was to cut it (TSO, BIG TCP).
	if total == 0 {
		total = len(b) + cut
	}
	if b[0]>>4 != 4 || header < 20 || total < header || d.tooShort(total, b, cut) {
		return refuse(&d.stats.Malformed)
	}
	if total <= len(b) {
		b, cut = b[:total], 0
	} else {
		cut = total - len(b)
	}
	if len(b) < header {
		return d.short(cut)
	}
	d.outermost(b, cut)
	protocol := b[9]
	if position := binary.BigEndian.Uint16(b[6:]); position&0x3fff != 0 { // more fragments, or an offset
		return d.fragment(&fragment{
			id: uint32(binary.BigEndian.Uint16(b[4:])), protocol: protocol, addrs: b[12:20], data: b[header:], cut: cut,
			offset: int(position&0x1fff) * fragmentUnit, more: position&0x2000 != 0,
		})
	}
	if protocol == protocolTCP {
		return d.tcp(b[header:], cut, b[12:20])
	}
	return tunnels{d}.inner(protocol, b[header:], cut)
}

// ip6 decodes an IPv6 packet (RFC 8200).
func (d *Decoder) ip6(b []byte, cut int) bool {
	if len(b) < 40 {
		return d.short(cut)
	}
	if b[0]>>4 != 6 {
		return refuse(&d.stats.Malformed)
	}
	// A payload length of zero means a jumbogram (RFC 2675) or an offloaded
	// packet: then the frame's length counts.
	if length := int(binary.BigEndian.Uint16(b[4:])); length > 0 {
		total := 40 + length
		if d.tooShort(total, b, cut) {
			return refuse(&d.stats.Malformed)
		}
		if total <= len(b) {
			b, cut = b[:total], 0
		} else {
			cut = total - len(b)
		}
	}
	d.outermost(b, cut)
	return d.extensions(b[6], b[40:], cut, b[8:40])
}

// extensions walks the extension headers of an IPv6 packet; next says what rest
// begins with.
func (d *Decoder) extensions(next uint8, rest []byte, cut int, addrs []byte) bool {
	var routed [32]byte
	for range maxDepth {
		if next == protocolTCP {
			return d.tcp(rest, cut, addrs)
		}
		size := extension(next, rest)
		if size == 0 {
			return tunnels{d}.inner(next, rest, cut)
		}
		if len(rest) < size {
			return d.short(cut)
		}
		switch next {
		case extFragment:
			position := binary.BigEndian.Uint16(rest[2:])
			if position&0xfff9 == 0 { // an atomic fragment is whole (RFC 6946)
				break
			}
			return d.fragment(&fragment{
				id: binary.BigEndian.Uint32(rest[4:]), protocol: rest[0], addrs: addrs, data: rest[8:], cut: cut,
				offset: int(position & 0xfff8), more: position&1 != 0,
			})
		case extRouting:
			if last := lastStop(rest[:size]); last != nil {
				copy(routed[:], addrs[:16])
				copy(routed[16:], last)
				addrs = routed[:]
			}
		}
		next, rest = rest[0], rest[size:]
	}
	return refuse(&d.stats.Malformed)
}

// tcp decodes a TCP header (RFC 9293 section 3.1). addrs are the source and
// the destination address, of 4 or 16 bytes each.
func (d *Decoder) tcp(b []byte, cut int, addrs []byte) bool {
	if len(b) < 20 {
		return d.short(cut)
	}
	if d.witness != nil && d.wanted.has(binary.BigEndian.Uint16(b)) {
		d.answered(b, addrs)
	}
	wanted, answer := d.whose.bits(d.wanted, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	if wanted == 0 {
		return refuse(&d.stats.OtherPort)
	}
	header := int(b[12]>>4) * 4
	if header < 20 {
		return refuse(&d.stats.Malformed)
	}
	if header > len(b) {
		return d.short(cut)
	}
	if d.keep = true; cut == 0 && len(b) == header && Flags(b[13])&(SYN|FIN|RST) == 0 {
		return refuse(&d.stats.Bare)
	}
	d.answer = answer != 0
	if cut == 0 && !d.checksum.trusted() && !d.sound(d.checksum, d.sums, b, addrs) {
		return false
	}
	s := d.seg
	s.Time, s.Tunnel, s.Leaving, s.FromServer = d.time, d.place.tunnel, d.leaving, d.answer
	s.Src.setEither(addrs[:len(addrs)/2])
	s.Dst.setEither(addrs[len(addrs)/2:])
	s.fill((*[20]byte)(b))
	s.Payload, s.Cut = b[header:], cut
	if cut > 0 && !d.answer {
		d.stats.Cut++
	}
	return true
}

// fill reads the TCP header h; its options do not matter.
func (s *Segment) fill(h *[20]byte) {
	s.Src.Port, s.Dst.Port = binary.BigEndian.Uint16(h[0:]), binary.BigEndian.Uint16(h[2:])
	s.Seq, s.Ack = binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint32(h[8:])
	s.Flags = Flags(h[13] & 0x3f)
	s.Window, s.Urgent = binary.BigEndian.Uint16(h[14:]), binary.BigEndian.Uint16(h[18:])
}

// outermost remembers the first IP header of a packet, for the Recorder.
func (d *Decoder) outermost(b []byte, cut int) {
	if d.network == nil {
		d.network, d.cut = b, cut
	}
}

// tooShort reports whether less was on the wire than the total of bytes that an
// IP header claims: a receiver drops that (ip_rcv_core in net/ipv4/ip_input.c,
// ip6_rcv_core in net/ipv6/ip6_input.c). A file may have been cut without a word
// of what was on the wire.
func (d *Decoder) tooShort(total int, b []byte, cut int) bool {
	return total > len(b)+cut && d.checksum != ChecksumRecorded
}

// short refuses a packet that ends inside a header: the capture cut it, or it
// is damaged.
func (d *Decoder) short(cut int) bool {
	if cut > 0 {
		return refuse(&d.stats.CutHeader)
	}
	return refuse(&d.stats.Malformed)
}
