package capture

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// The magic numbers of pcap files (draft-ietf-opsawg-pcap section 4).
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // a patched libpcap of the 1990s: longer record headers
)

// pcap is the classic format: one link type, records of 16 bytes and data.
type pcap struct {
	order  byteOrder
	unit   int64 // nanoseconds per unit of a record's fraction
	header int   // bytes of a record's header
	link   LinkType
}

// pcapHeader is the length in bytes of a file's header.
const pcapHeader = 24

func openPCAP(f *File) (format, error) {
	b, err := f.peek(pcapHeader)
	if err != nil {
		return nil, errFormat
	}
	p := &pcap{header: 16}
	magic := p.order.Uint32(b)
	if !isPCAP(magic) {
		p.order.big = true
		magic = p.order.Uint32(b)
	}
	if !isPCAP(magic) {
		return nil, errFormat
	}
	p.unit = 1000
	switch magic {
	case magicNano:
		p.unit = 1
	case magicModified:
		p.header = 24
	}
	// The upper bits of the field tell the length of a frame check sequence.
	p.link = LinkType(p.order.Uint32(b[20:]) & 0xffff)
	f.take(pcapHeader)
	return p, nil
}

func isPCAP(magic uint32) bool {
	return magic == magicMicro || magic == magicNano || magic == magicModified
}

func (p *pcap) load(f *File) error {
	b, err := f.peek(p.header)
	if err != nil {
		return err
	}
	if beginsFile(b) {
		return f.another()
	}
	captured := p.order.Uint32(b[8:])
	if captured > maxRecord {
		return fmt.Errorf("a record claims %d bytes: the file is damaged", captured)
	}
	_, err = f.peek(p.header + int(captured))
	return err
}

// beginsFile reports whether the header of another capture file stands where that
// of a record is expected, which is of an empty packet seen in 2055 or 1975 else.
func beginsFile(b []byte) bool {
	switch h := (*[16]byte)(b); {
	case isPCAP(binary.LittleEndian.Uint32(h[:])):
		return [12]byte(h[4:]) == [12]byte{2, 0, 4, 0}
	case isPCAP(binary.BigEndian.Uint32(h[:])):
		return [12]byte(h[4:]) == [12]byte{0, 2, 0, 4}
	case binary.BigEndian.Uint32(h[:]) == blockSection:
		return binary.LittleEndian.Uint32(h[8:]) == sectionOrder || binary.BigEndian.Uint32(h[8:]) == sectionOrder
	}
	return false
}

// due is the time of the packet that load found.
func (p *pcap) due(f *File) int64 {
	return int64(p.order.Uint32(f.buf[f.pos:]))*1e9 + int64(p.order.Uint32(f.buf[f.pos+4:]))*p.unit
}

func (p *pcap) holds(f *File) bool {
	b := f.buf[f.pos:f.end]
	return len(b) >= p.header && int64(p.order.Uint32(b[8:])) <= int64(min(len(b)-p.header, maxRecord))
}

func (p *pcap) decode(f *File, d *Decoder, segs []Segment, until int64) (n int) {
	pkt := Packet{Link: p.link, Checksum: ChecksumRecorded, sums: &f.sums}
	b, at := f.buf[:f.end], f.pos
	for n < len(segs) && len(b)-at >= p.header {
		h := (*[16]byte)(b[at:])
		sec, fraction := binary.LittleEndian.Uint32(h[0:]), binary.LittleEndian.Uint32(h[4:])
		captured, wire := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
		if p.order.big {
			sec, fraction = bits.ReverseBytes32(sec), bits.ReverseBytes32(fraction)
			captured, wire = bits.ReverseBytes32(captured), bits.ReverseBytes32(wire)
		}
		begin := at + p.header
		if int64(captured) > int64(min(len(b)-begin, maxRecord)) {
			break
		}
		if pkt.Time = int64(sec)*1e9 + int64(fraction)*p.unit; pkt.Time > until || captured == 0 && beginsFile(h[:]) {
			break
		}
		at = begin + int(captured)
		pkt.Data = b[begin:at]
		pkt.WireLen = wireLen(captured, wire)
		f.count(&pkt)
		if d.Decode(&pkt, &segs[n]) {
			n++
		}
	}
	f.pos = at
	return n
}

// wireLen mistrusts what a file says about the length on the wire.
func wireLen(captured, wire uint32) int {
	return int(min(max(captured, wire), captured+maxRecord))
}
