package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const payload = "GET / HTTP/1.1\r\n\r\n"

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func tcpBytes(port uint16, flags Flags, data string) []byte {
	b := binary.BigEndian.AppendUint16(nil, 40000)
	b = binary.BigEndian.AppendUint16(b, port)
	b = append(b, 0, 0, 0, 7, 0, 0, 0, 9, 0x60, byte(flags), 1, 2, 0, 0, 0, 3, 1, 1, 1, 1) // 4 bytes of options
	return append(b, data...)
}

// tcpSum is b with the right checksum for these addresses, added up word by word.
func tcpSum(b, addrs []byte) []byte {
	b = bytes.Clone(b)
	b[16], b[17] = 0, 0
	pseudo := cat(addrs, binary.BigEndian.AppendUint32(nil, uint32(len(b))), []byte{0, 0, 0, 6})
	binary.BigEndian.PutUint16(b[16:], ^wordSum(cat(pseudo, b)))
	return b
}

// wordSum is the one's complement sum of RFC 1071, in its plainest form.
func wordSum(b []byte) uint16 {
	sum := uint64(0)
	for i := 0; i < len(b); i++ {
		sum += uint64(b[i]) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// sum4 and sum6 are b with the right checksum for the addresses of ip4Bytes and v6.
func sum4(b []byte) []byte { return tcpSum(b, []byte{10, 0, 0, 1, 10, 0, 0, 2}) }

func sum6(b []byte) []byte {
	return tcpSum(b, []byte{0: 0x20, 1: 1, 15: 1, 16: 0x20, 17: 1, 31: 2})
}

// ip4Bytes puts a header before a body, and the right checksum into a whole segment.
func ip4Bytes(protocol byte, position uint16, id uint16, body []byte) []byte {
	if protocol == protocolTCP && position == 0 {
		body = sum4(body)
	}
	b := []byte{0x46, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(24+len(body)))
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, position)
	b = append(b, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 1, 1, 1) // 4 bytes of options
	return append(b, body...)
}

// v6 puts a header before a body, and the right checksum into a segment.
func v6(next byte, body []byte) []byte {
	if next == protocolTCP && len(body) >= 20 {
		body = sum6(body)
	}
	b := make([]byte, 40, 40+len(body))
	b[0], b[6], b[7] = 0x60, next, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(body)))
	b[8], b[9], b[23], b[24], b[25], b[39] = 0x20, 1, 1, 0x20, 1, 2
	return append(b, body...)
}

func ether(kind uint16, body []byte) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), kind), body...)
}

func udp(port uint16, body []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x30, 0x39}, port)
	return append(append(b, 0, 0, 0, 0), body...)
}

// seg is the segment that every packet of TestDecode holds.
var seg = tcpBytes(80, ACK|PSH, payload)

func TestDecode(t *testing.T) {
	four, six, seg6 := ip4Bytes(6, 0, 1, seg), v6(6, seg), sum6(seg)
	zeroLength := bytes.Clone(four)
	zeroLength[2], zeroLength[3] = 0, 0
	jumbo := v6(0, cat([]byte{6, 0, 0xc2, 4, 0, 0, 0, 100}, seg6))
	jumbo[4], jumbo[5] = 0, 0
	vxlan := udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, ether(etherIP4, four)))
	geneve := udp(6081, cat([]byte{1, 0, 0x65, 0x58, 0, 0, 6, 0, 1, 2, 3, 4}, ether(etherIP4, four)))
	for _, tt := range []struct {
		name   string
		link   LinkType
		data   []byte
		kind   uint16 // EtherType of a cooked packet
		wire   int    // extra bytes on the wire
		want   bool
		cut    int
		tunnel uint32
		v6     bool
	}{
		{name: "Ethernet", link: LinkEthernet, data: ether(etherIP4, four), want: true},
		{name: "padded", link: LinkEthernet, data: cat(ether(etherIP4, four), []byte("padding")), want: true},
		{name: "IPv6", link: LinkEthernet, data: ether(etherIP6, six), want: true, v6: true},
		{name: "VLAN", link: LinkEthernet, data: ether(etherVLAN, cat([]byte{0, 5, 8, 0}, four)), want: true},
		{name: "QinQ", link: LinkEthernet, data: ether(etherQinQ, cat([]byte{0, 5, 0x81, 0, 0, 6, 8, 0}, four)), want: true},
		{name: "SNAP", link: LinkEthernet, data: ether(100, cat([]byte{0xaa, 0xaa, 3, 0, 0, 0, 8, 0}, four)), want: true},
		{name: "PPPoE", link: LinkEthernet, data: ether(etherPPPoE, cat([]byte{0x11, 0, 0, 1, 0, 9, 0, 0x21}, four)), want: true},
		{name: "MPLS", link: LinkEthernet, data: ether(etherMPLS, cat([]byte{0, 1, 0, 9, 0, 1, 1, 9}, four)), want: true},
		{name: "raw", link: LinkRaw, data: four, want: true},
		{name: "raw IPv6", link: LinkIPv6, data: six, want: true, v6: true},
		{name: "null", link: LinkNull, data: cat([]byte{2, 0, 0, 0}, four), want: true},
		{name: "loop", link: LinkLoop, data: cat([]byte{0, 0, 0, 24}, six), want: true, v6: true},
		{name: "SLL", link: LinkSLL, data: cat(make([]byte, 14), []byte{8, 0}, four), want: true},
		{name: "SLL2", link: LinkSLL2, data: cat([]byte{8, 0}, make([]byte, 18), four), want: true},
		{name: "PPP", link: LinkPPP, data: cat([]byte{0xff, 3, 0, 0x21}, four), want: true},
		{name: "PPP, short protocol", link: LinkPPP, data: cat([]byte{0x21}, four), want: true},
		{name: "CHDLC", link: LinkCHDLC, data: cat([]byte{0x0f, 0, 8, 0}, four), want: true},
		{name: "cooked", link: LinkCooked, kind: etherIP4, data: four, want: true},
		{name: "cooked, tag left", link: LinkCooked, kind: etherIP4, data: cat([]byte{0, 6, 8, 0}, four), want: true},
		{name: "cooked, tag", link: LinkCooked, kind: etherVLAN, data: cat([]byte{0, 6, 8, 0}, four), want: true},
		{name: "total length 0", link: LinkRaw, data: zeroLength, want: true},
		{name: "jumbogram", link: LinkRaw, data: jumbo, want: true, v6: true},
		{name: "extension headers", link: LinkRaw, data: v6(60, cat([]byte{51, 0, 0, 0, 0, 0, 0, 0}, []byte{43, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{44, 0, 0, 0, 0, 0, 0, 0}, []byte{6, 0, 0, 0, 0, 0, 0, 1}, seg6)), want: true, v6: true},
		{name: "routing header", link: LinkRaw, data: routed(0, 2), want: true, v6: true},
		{name: "segment routing", link: LinkRaw, data: routed(4, 1), want: true, v6: true},
		{name: "routing header, at its end", link: LinkRaw, data: v6(43, cat([]byte{6, 4, 0, 0, 0, 0, 0, 0}, make([]byte, 32), seg6)), want: true, v6: true},
		{name: "cut by a snap length", link: LinkRaw, data: four[:len(four)-5], wire: 5, want: true, cut: 5},
		{name: "VXLAN", link: LinkRaw, data: ip4Bytes(17, 0, 1, vxlan), want: true, tunnel: 5},
		{name: "VXLAN over IPv6", link: LinkRaw, data: v6(17, vxlan), want: true, tunnel: 5},
		{name: "GENEVE", link: LinkRaw, data: ip4Bytes(17, 0, 1, geneve), want: true, tunnel: 6},
		{name: "GRE", link: LinkRaw, data: ip4Bytes(47, 0, 1, cat([]byte{0x20, 0, 8, 0, 0, 0, 0, 7}, four)), want: true, tunnel: 7},
		{name: "ERSPAN II", link: LinkRaw, data: ip4Bytes(47, 0, 1, cat([]byte{0x10, 0, 0x88, 0xbe, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8}, ether(etherIP4, four))), want: true},
		{name: "IP in IP", link: LinkRaw, data: ip4Bytes(4, 0, 1, four), want: true},
		{name: "GTP", link: LinkRaw, data: ip4Bytes(17, 0, 1, udp(2152, cat([]byte{0x30, 255, 0, 0, 0, 0, 0, 8}, four))), want: true, tunnel: 8},
		{name: "bare", link: LinkEthernet, data: ether(etherIP4, ip4Bytes(6, 0, 1, tcpBytes(80, ACK|PSH, "")))},
		{name: "other port", link: LinkRaw, data: ip4Bytes(6, 0, 1, tcpBytes(81, ACK, payload))},
		{name: "UDP", link: LinkRaw, data: ip4Bytes(17, 0, 1, udp(80, seg))},
		{name: "ARP", link: LinkEthernet, data: ether(0x806, make([]byte, 28))},
		{name: "unknown link", link: 147, data: four},
		{name: "a shorter frame than IP says", link: LinkRaw, data: four[:30]},
		{name: "less on the wire than IP says", link: LinkRaw, data: four[:len(four)-1]},
		{name: "less on the wire than IPv6 says", link: LinkRaw, data: six[:len(six)-1]},
		{name: "bad header length", link: LinkRaw, data: cat([]byte{0x41}, four[1:])},
		{name: "empty", link: LinkEthernet},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{Ports: []uint16{80}, Tunnels: true})
			var s Segment
			p := Packet{Time: 5, Data: tt.data, WireLen: len(tt.data) + tt.wire, Link: tt.link, EtherType: tt.kind}
			if got := d.Decode(&p, &s); got != tt.want {
				t.Fatalf("decoded: %t, want %t; %+v", got, tt.want, d.Stats())
			}
			if !tt.want {
				if st := d.Stats(); st.Seen != 1 || refused(st) != 1 {
					t.Errorf("not refused for one reason: %+v", st)
				}
				return
			}
			src, dst := "10.0.0.1:40000", "10.0.0.2:80"
			if tt.v6 {
				src, dst = "[2001::1]:40000", "[2001::2]:80"
			}
			want := payload[:len(payload)-tt.cut]
			if s.Src.String() != src || s.Dst.String() != dst || string(s.Payload) != want || s.Cut != tt.cut ||
				s.Seq != 7 || s.Ack != 9 || s.Flags != ACK|PSH || s.Urgent != 3 || s.Time != 5 || s.Tunnel != tt.tunnel {
				t.Errorf("segment %+v, payload %q", s, s.Payload)
			}
		})
	}
}

// routed is a segment with two more stops to make; which of the addresses in the
// header is the last depends on its kind.
func routed(kind byte, last int) []byte {
	b := v6(43, cat([]byte{6, 4, kind, 2, 0, 0, 0, 0}, make([]byte, 32), sum6(seg)))
	copy(b[24:40], bytes.Repeat([]byte{9}, 16)) // the next stop
	copy(b[48+16*(last-1):], []byte{0: 0x20, 1: 1, 15: 2})
	return b
}

// TestDecodeWalks: whatever byte of a plain packet is another, decoding it at
// once and header by header gives the same.
func TestDecodeWalks(t *testing.T) {
	both := twoDecoders()
	for _, data := range []string{payload, ""} {
		ip := ip4Bytes(6, 0, 1, tcpBytes(80, ACK, data))
		frame := ether(etherIP4, cat([]byte{0x45, 0, 0, byte(len(ip) - 4)}, ip[4:20], ip[24:]))
		for i := range frame {
			for v := range 256 {
				for n, cut := range []int{0, 0, 0, 0, 1, len(data), len(data) + 3} {
					b := bytes.Clone(frame)
					b[i] = byte(v)
					known := Checksum(n % 4)
					checkWalk(t, both, &Packet{Time: 5, Data: b[:len(b)-cut], WireLen: len(b), Link: LinkEthernet, Checksum: known})
					if i >= 14 {
						checkWalk(t, both, &Packet{Time: 5, Data: b[14 : len(b)-cut], WireLen: len(b) - 14, Link: LinkCooked, EtherType: etherIP4, Checksum: known})
					}
				}
			}
		}
		for n := range frame {
			checkWalk(t, both, &Packet{Data: frame[:n], WireLen: len(frame), Link: LinkEthernet})
		}
	}
}

// checkWalk decodes p at once, if it is plain, and header by header.
func checkWalk(t *testing.T, both *[2]*Decoder, p *Packet) (*Decoder, Segment, bool) {
	t.Helper()
	var s, stepwise Segment
	var tally, otherTally sumTally
	q := *p
	if p.Checksum == ChecksumRecorded {
		p.sums, q.sums = &tally, &otherTally
	}
	d, other := both[0], both[1]
	d.stats, other.stats = DecoderStats{}, DecoderStats{}
	ok := d.Decode(p, &s)
	other.stats.Seen, other.time = 1, p.Time
	if want := other.walk(&q, &stepwise); ok != want || ok && !equal(&s, &stepwise) || d.stats != other.stats || tally != otherTally {
		t.Fatalf("%x: %t, %+v, %+v; header by header %t, %+v, %+v", p.Data, ok, s, d.stats, want, stepwise, other.stats)
	}
	return d, s, ok
}

func twoDecoders() *[2]*Decoder {
	cfg := DecoderConfig{Ports: []uint16{80}, Tunnels: true}
	return &[2]*Decoder{NewDecoder(cfg), NewDecoder(cfg)}
}

func equal(s, t *Segment) bool {
	a, b := *s, *t
	a.Payload, b.Payload = nil, nil
	return reflect.DeepEqual(a, b) && bytes.Equal(s.Payload, t.Payload)
}

// refused is the sum of the reasons.
func refused(s DecoderStats) uint64 {
	return s.Bare + s.OtherPort + s.NotTCP + s.UnknownLink + s.Malformed + s.CutHeader + s.BadChecksum
}

func TestEndpoint(t *testing.T) {
	var e Endpoint
	for _, tt := range []struct {
		set  func()
		want string
	}{
		{func() { e.set4(&[4]byte{1, 2, 3, 4}) }, "1.2.3.4:80"},
		{func() { e.set4(&[4]byte{255, 10, 0, 255}) }, "255.10.0.255:80"},
		{func() { e.set6([]byte{15: 1}) }, "[::1]:80"},
		{func() { e.set6([]byte{10: 0xff, 11: 0xff, 12: 1, 13: 2, 14: 3, 15: 4}) }, "[::ffff:1.2.3.4]:80"},
	} {
		e.Port = 80
		if tt.set(); e.String() != tt.want {
			t.Errorf("%q, want %q", e.String(), tt.want)
		}
	}
	for port := range 1 << 16 {
		e.Port = uint16(port)
		if got, want := e.String(), e.AddrPort().String(); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	for v := range 256 {
		e.set4(&[4]byte{byte(v), byte(v / 2), 255, byte(255 - v)})
		e.Port = uint16(v * 257)
		if want := e.AddrPort().String(); e.String() != want {
			t.Errorf("%q, want %q", e.String(), want)
		}
	}
}

// FuzzDecode holds the decoder's promises for any packet, and that the filter
// lets through what the decoder finds.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(2), ip4Bytes(6, 0, 1, seg))
	f.Add(uint8(0), ether(etherIP6, v6(6, seg)))
	f.Add(uint8(2), ip4Bytes(17, 0, 1, udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, ether(etherIP4, ip4Bytes(6, 0, 1, seg))))))
	f.Add(uint8(2), ip4Bytes(6, 0x2000, 1, seg))
	f.Add(uint8(2), v6(43, cat([]byte{6, 2, 4, 1, 0, 0, 0, 0}, make([]byte, 16), seg)))
	plain := ip4Bytes(6, 0, 1, seg)
	plain = cat([]byte{0x45, 0, 0, byte(len(plain) - 4)}, plain[4:20], plain[24:])
	f.Add(uint8(0), ether(etherIP4, plain))
	f.Add(uint8(8), plain)
	f.Add(uint8(64+8), plain)
	f.Add(uint8(128+8), plain)
	f.Add(uint8(192+2), ip4Bytes(6, 0, 1, seg))
	links := []LinkType{LinkEthernet, LinkNull, LinkRaw, LinkSLL, LinkSLL2, LinkPPP, LinkCHDLC, LinkNFLOG, LinkCooked}
	vm := ipFilter(f, FilterSpec{Arriving: []uint16{80}, Tunnels: true})
	f.Fuzz(func(t *testing.T, link uint8, data []byte) {
		p := Packet{Data: data, WireLen: len(data), Link: links[int(link%16)%len(links)], EtherType: etherIP4, Checksum: Checksum(link / 64)}
		d, s, ok := checkWalk(t, twoDecoders(), &p)
		if ok && (s.Dst.Port != 80 || len(s.Payload) > len(data)) {
			t.Fatalf("%+v from %d bytes", s, len(data))
		}
		if st := d.Stats(); !ok && refused(st)+st.Fragments+st.FragmentsInvalid != 1 {
			t.Fatalf("a packet with no fate, or several: %+v", st)
		}
		wanted := ok && (len(s.Payload) > 0 || s.Flags&(FIN|SYN|RST) != 0)
		if p.Link == LinkRaw && wanted && !accepts(t, vm, data) {
			t.Fatalf("the filter keeps out what decodes: %x", data)
		}
	})
}

// FuzzFile reads anything as a capture file: it ends, without more memory than
// its records.
func FuzzFile(f *testing.F) {
	data := ip4Bytes(6, 0, 1, seg)
	f.Add(pcapOf(data, data, withSum("wrong"), withSum("zero"), data, ip4Bytes(6, 0x2000, 5, data[24:48]), data, data))
	f.Add(pcapngFile(binary.LittleEndian))
	f.Add(pcapngFile(binary.BigEndian))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		src, err := OpenFile(bytes.NewReader(b))
		if err != nil {
			return
		}
		single, err := OpenFile(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		d, alone := NewDecoder(DecoderConfig{Ports: []uint16{80}}), NewDecoder(DecoderConfig{Ports: []uint16{80}})
		segs, one := make([]Segment, 5), make([]Segment, 1)
		for {
			n, err := src.Next(d, segs)
			for _, s := range segs[:n] { // in company as alone
				found := 0
				for err := error(nil); found == 0; {
					if found, err = single.Next(alone, one); err != nil {
						t.Fatalf("%+v, alone %v", s, err)
					}
				}
				if !equal(&s, &one[0]) {
					t.Fatalf("%+v, alone %+v", s, one[0])
				}
			}
			if src.more && n < len(segs) || err != nil && n > 0 || d.Stats().Seen > uint64(len(b)*1100) || cap(src.buf) > 2*len(b)*1100+fileBuffer {
				t.Fatalf("%d segments, %v, of %d bytes %d packets, a buffer of %d", n, err, len(b), d.Stats().Seen, cap(src.buf))
			}
			if err == nil {
				continue
			}
			for found, other := 0, error(nil); other == nil; {
				if found, other = single.Next(alone, one); found > 0 || other != nil && other.Error() != err.Error() {
					t.Fatalf("at the end %v, alone %d, %v", err, found, other)
				}
			}
			break
		}
		if d.Stats() != alone.Stats() || src.Stats() != single.Stats() {
			t.Fatalf("%+v, %+v, alone %+v, %+v", d.Stats(), src.Stats(), alone.Stats(), single.Stats())
		}
	})
}

// pcapngFile has two sections; in the second a packet in nanoseconds, a simple
// and an old one, and a block nobody knows.
func pcapngFile(order binary.AppendByteOrder) []byte {
	block := func(kind uint32, body []byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		b := order.AppendUint32(nil, kind)
		b = order.AppendUint32(b, uint32(12+len(body)))
		return order.AppendUint32(append(b, body...), uint32(12+len(body)))
	}
	u32 := func(values ...uint32) (b []byte) {
		for _, v := range values {
			b = order.AppendUint32(b, v)
		}
		return b
	}
	u16 := func(values ...uint16) (b []byte) {
		for _, v := range values {
			b = order.AppendUint16(b, v)
		}
		return b
	}
	data := ip4Bytes(6, 0, 1, seg)
	n := uint32(len(data))
	section := block(blockSection, cat(u32(0x1a2b3c4d), u16(1, 0), u32(0xffffffff, 0xffffffff)))
	micro := block(blockInterface, cat(u16(uint16(LinkRaw), 0), u32(0)))
	nano := block(blockInterface, cat(u16(uint16(LinkRaw), 0), u32(0), u16(optionResolution, 1), []byte{9, 0, 0, 0}, u16(0, 0)))
	const ticks = 1_500_000_000_000_000_000 / 1000
	return cat(section, micro, block(blockPacket, cat(u32(0, ticks>>32, ticks&0xffffffff, n, n), data)),
		section, nano, block(0xbad, make([]byte, 20)),
		block(blockPacket, cat(u32(0, 1500000000000000000>>32, 1500000000000000000&0xffffffff, n, n+5), data)),
		block(blockSimple, cat(u32(n), data)), block(blockPacketOld, cat(u16(0, 0), u32(0, 7, n, n), data)))
}

func TestPcapng(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		file := pcapngFile(order)
		src, err := OpenFile(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
		var times []int64
		segs := make([]Segment, 3)
		for err == nil {
			var n int
			n, err = src.Next(d, segs)
			for _, s := range segs[:n] {
				if string(s.Payload) != payload || s.Cut != 0 {
					t.Errorf("%v: %+v", order, s)
				}
				times = append(times, s.Time)
			}
		}
		if want := []int64{1.5e18, 1.5e18, 0, 7}; !errors.Is(err, io.EOF) || !slices.Equal(times, want) {
			t.Errorf("%v: %v, at the end %v, want %v", order, times, err, want)
		}
		for n := range file { // cut anywhere it ends early, and well
			src, err := OpenFile(bytes.NewReader(file[:n]))
			for err == nil {
				_, err = src.Next(d, segs)
			}
			if n > 28 && !errors.Is(err, io.EOF) {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
	}
}

func TestPcap(t *testing.T) {
	whole := ip4Bytes(6, 0, 1, seg)
	data := whole[:len(whole)-3]
	for _, tt := range []struct {
		name  string
		order binary.AppendByteOrder
		magic uint32
		unit  int64
		extra int
	}{
		{"little", binary.LittleEndian, magicMicro, 1000, 0},
		{"big", binary.BigEndian, magicMicro, 1000, 0},
		{"nanoseconds", binary.LittleEndian, magicNano, 1, 0},
		{"big, nanoseconds", binary.BigEndian, magicNano, 1, 0},
		{"modified", binary.LittleEndian, magicModified, 1000, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.order.AppendUint32(nil, tt.magic)
			b = append(b, make([]byte, 16)...)
			b = tt.order.AppendUint32(b, 0x10000000|uint32(LinkRaw))
			for _, v := range []uint32{100, 7, uint32(len(data)), uint32(len(data)) + 3} {
				b = tt.order.AppendUint32(b, v)
			}
			b = cat(b, make([]byte, tt.extra), data)
			src, err := OpenFile(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
			segs := make([]Segment, 2)
			n, err := src.Next(d, segs)
			if s := segs[0]; n != 1 || err != nil || s.Time != 100e9+7*tt.unit || string(s.Payload) != payload[:len(payload)-3] || s.Cut != 3 {
				t.Errorf("%d, %v, %+v", n, err, s)
			}
			if _, err := src.Next(d, segs); !errors.Is(err, io.EOF) || src.Stats().Packets != 1 || src.Stats().Truncated != 1 {
				t.Errorf("at the end: %v, %+v", err, src.Stats())
			}
		})
	}
	damaged := cat([]byte{0xd4, 0xc3, 0xb2, 0xa1}, make([]byte, 20), bytes.Repeat([]byte{0xff}, 16))
	src, err := OpenFile(bytes.NewReader(damaged))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Next(NewDecoder(DecoderConfig{}), make([]Segment, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a record of 4 GiB: %v", err)
	}
}

// TestNoAllocations: nothing is allocated for a packet.
func TestNoAllocations(t *testing.T) {
	d, s := NewDecoder(DecoderConfig{Ports: []uint16{80}, Tunnels: true}), new(Segment)
	b := ether(etherIP4, ip4Bytes(6, 0, 1, seg))
	p := Packet{Data: b, WireLen: len(b), Link: LinkEthernet}
	if n := testing.AllocsPerRun(1000, func() { d.Decode(&p, s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkDecode decodes what most packets are, one that is taken step by step
// for its options of IP, and requests, answers and bare segments in an order
// that the processor cannot guess.
func BenchmarkDecode(b *testing.B) {
	frame := func(known Checksum, port uint16, data string) Packet {
		ip := ip4Bytes(6, 0, 1, tcpBytes(port, ACK|PSH, data))
		plain := ether(etherIP4, cat([]byte{0x45, 0, byte((len(ip) - 4) >> 8), byte(len(ip) - 4)}, ip[4:20], ip[24:]))
		return Packet{Data: plain, WireLen: len(plain), Link: LinkEthernet, Checksum: known}
	}
	const known = ChecksumVerified
	options := ether(etherIP4, ip4Bytes(6, 0, 1, seg))
	mixed := make([]Packet, 1<<14)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range mixed {
		mixed[i] = []Packet{frame(known, 80, payload), frame(known, 80, ""), frame(known, 40000, payload)}[rng.IntN(3)]
	}
	for _, bb := range []struct {
		name string
		pkts []Packet
	}{
		{"plain", []Packet{frame(known, 80, payload)}},
		{"options", []Packet{{Data: options, WireLen: len(options), Link: LinkEthernet, Checksum: known}}},
		{"mixed", mixed},
		{"verify", []Packet{frame(ChecksumComplete, 80, payload)}},
		{"verify-1460", []Packet{frame(ChecksumComplete, 80, strings.Repeat("x", 1456))}},
		{"verify-64KiB", []Packet{frame(ChecksumComplete, 80, strings.Repeat("x", 65000))}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d, segs := NewDecoder(DecoderConfig{Ports: []uint16{80}, Tunnels: true}), make([]Segment, 32)
			i, found := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				if d.Decode(&bb.pkts[i], &segs[found%len(segs)]) {
					found++
				}
				i = (i + 1) & (len(bb.pkts) - 1)
			}
			if found == 0 {
				b.Fatal("nothing decoded")
			}
		})
	}
}
