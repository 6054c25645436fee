package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The blocks of pcapng (draft-ietf-opsawg-pcapng section 4) that matter here.
const (
	blockSection   = 0x0a0d0d0a // the same in either byte order
	blockInterface = 1
	blockPacketOld = 2
	blockSimple    = 3
	blockPacket    = 6

	sectionOrder = 0x1a2b3c4d // tells a section's byte order

	optionEnd          = 0
	optionResolution   = 9
	optionTimeOffset   = 14
	maxInterfaces      = 1 << 16
	defaultTicksSecond = 1_000_000
)

// pcapng is the block format: several interfaces, and several sections of
// which each has its byte order.
type pcapng struct {
	begun      bool // a section is
	order      byteOrder
	interfaces []pcapngInterface // of this section
}

type pcapngInterface struct {
	link   LinkType
	snap   uint32 // 0: no limit
	ticks  uint64 // per second
	offset int64  // seconds to add
}

// holds knows Enhanced Packet Blocks only, which all but the oldest programs write.
func (p *pcapng) holds(f *File) bool {
	b := f.buf[f.pos:f.end]
	if len(b) < 12 || !p.begun || p.order.Uint32(b) != blockPacket {
		return false
	}
	size := p.order.Uint32(b[4:])
	return size >= 12 && size%4 == 0 && int64(size) <= int64(min(len(b), maxRecord)) && p.packet(b, new(Packet))
}

// decode takes the packet that load found, and those behind it.
func (p *pcapng) decode(f *File, d *Decoder, segs []Segment, until int64) (n int) {
	pkt := Packet{Checksum: ChecksumRecorded, sums: &f.sums}
	for more := true; more; more = n < len(segs) && p.holds(f) {
		b := f.buf[f.pos:f.end]
		if p.packet(b, &pkt); pkt.Time > until {
			break
		}
		f.take(int(p.order.Uint32(b[4:])))
		f.count(&pkt)
		if d.Decode(&pkt, &segs[n]) {
			n++
		}
	}
	return n
}

// due is the time of the packet that load found.
func (p *pcapng) due(f *File) int64 {
	var pkt Packet
	p.packet(f.buf[f.pos:f.end], &pkt)
	return pkt.Time
}

// load reads blocks until one of them is a packet.
func (p *pcapng) load(f *File) error {
	for {
		b, err := f.peek(12)
		if err != nil {
			return err
		}
		if binary.BigEndian.Uint32(b) == blockSection {
			if err := p.section(b); err != nil {
				return err
			}
		}
		if !p.begun {
			return errFormat
		}
		kind, size := p.order.Uint32(b), p.order.Uint32(b[4:])
		if isPCAP(kind) || isPCAP(bits.ReverseBytes32(kind)) {
			if b, err = f.peek(16); err != nil {
				return err
			}
			if beginsFile(b) {
				return f.another()
			}
		}
		if size < 12 || size%4 != 0 || size > 1<<30 {
			return fmt.Errorf("a block claims %d bytes: the file is damaged", size)
		}
		switch kind {
		case blockInterface, blockPacketOld, blockSimple, blockPacket:
		default: // what is unknown is skipped, of whatever size
			if err := f.skip(int(size)); err != nil {
				return err
			}
			continue
		}
		if size > maxRecord {
			return fmt.Errorf("a block claims %d bytes: the file is damaged", size)
		}
		if b, err = f.peek(int(size)); err != nil {
			return err
		}
		if kind != blockInterface {
			if p.packet(b, new(Packet)) {
				return nil
			}
			f.stats.Damaged++
		} else if err := p.addInterface(b[8 : size-4]); err != nil {
			return err
		}
		f.take(int(size))
	}
}

// packet makes pkt of the packet block that b begins with and holds whole;
// false: it is damaged.
func (p *pcapng) packet(b []byte, pkt *Packet) bool {
	body := b[8 : p.order.Uint32(b[4:])-4]
	switch p.order.Uint32(b) {
	case blockPacket:
		return len(body) >= 20 && p.fill(pkt, p.order.Uint32(body), body)
	case blockPacketOld: // a shorter interface number, then a count of drops
		return len(body) >= 20 && p.fill(pkt, uint32(p.order.Uint16(body)), body)
	}
	return p.simple(body, pkt)
}

// section begins a new section: interfaces are counted anew.
func (p *pcapng) section(b []byte) error {
	switch {
	case binary.LittleEndian.Uint32(b[8:]) == sectionOrder:
		p.order.big = false
	case binary.BigEndian.Uint32(b[8:]) == sectionOrder:
		p.order.big = true
	default:
		return errFormat
	}
	p.begun, p.interfaces = true, p.interfaces[:0]
	return nil
}

func (p *pcapng) addInterface(b []byte) error {
	if len(b) < 8 {
		return fmt.Errorf("an interface block of %d bytes: the file is damaged", len(b))
	}
	if len(p.interfaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces: the file is damaged", maxInterfaces)
	}
	i := pcapngInterface{link: LinkType(p.order.Uint16(b)), snap: p.order.Uint32(b[4:]), ticks: defaultTicksSecond}
	for b = b[8:]; len(b) >= 4; {
		code, size := p.order.Uint16(b), int(p.order.Uint16(b[2:]))
		if b = b[4:]; code == optionEnd || size > len(b) {
			break
		}
		switch {
		case code == optionResolution && size >= 1:
			i.ticks = resolution(b[0])
		case code == optionTimeOffset && size >= 8:
			i.offset = int64(p.order.Uint64(b))
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	p.interfaces = append(p.interfaces, i)
	return nil
}

// resolution turns if_tsresol into ticks per second: a power of ten, or of two
// when the highest bit is set. What is finer than the type holds is not believed.
func resolution(v byte) uint64 {
	if v&0x80 != 0 {
		return 1 << min(v&0x7f, 63)
	}
	ticks := uint64(1)
	for range min(v, 19) {
		ticks *= 10
	}
	return ticks
}

// fill reads what the packet blocks have in common behind the interface number.
func (p *pcapng) fill(pkt *Packet, iface uint32, b []byte) bool {
	captured, wire := p.order.Uint32(b[12:]), p.order.Uint32(b[16:])
	if uint64(iface) >= uint64(len(p.interfaces)) || uint64(captured) > uint64(len(b)-20) {
		return false
	}
	i := &p.interfaces[iface]
	pkt.Time = i.time(uint64(p.order.Uint32(b[4:]))<<32 | uint64(p.order.Uint32(b[8:])))
	pkt.Data, pkt.WireLen = b[20:20+captured], wireLen(captured, wire)
	pkt.Link, pkt.Iface = i.link, int(iface)
	return true
}

// simple reads a Simple Packet Block: the first interface, no time.
func (p *pcapng) simple(b []byte, pkt *Packet) bool {
	if len(b) < 4 || len(p.interfaces) == 0 {
		return false
	}
	i, wire := &p.interfaces[0], p.order.Uint32(b)
	captured := min(wire, uint32(len(b)-4))
	if i.snap > 0 {
		captured = min(captured, i.snap)
	}
	pkt.Time = 0
	pkt.Data, pkt.WireLen = b[4:4+captured], wireLen(captured, wire)
	pkt.Link, pkt.Iface = i.link, 0
	return true
}

// time turns ticks into nanoseconds since the Unix epoch.
func (i *pcapngInterface) time(ticks uint64) int64 {
	if i.ticks == defaultTicksSecond {
		return int64(ticks)*1000 + i.offset*1e9
	}
	seconds, rest := ticks/i.ticks, ticks%i.ticks
	high, low := bits.Mul64(rest, 1e9)
	nanos, _ := bits.Div64(high, low, i.ticks) // rest < ticks, so it fits
	return (int64(seconds)+i.offset)*1e9 + int64(nanos)
}
