package capture

import "fmt"

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

func openPCAP(f *File) (format, error) {
	b, err := f.peek(24)
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
	f.take(24)
	return p, nil
}

func isPCAP(magic uint32) bool {
	return magic == magicMicro || magic == magicNano || magic == magicModified
}

func (p *pcap) holds(b []byte) bool {
	return len(b) >= p.header && int64(p.order.Uint32(b[8:])) <= int64(min(len(b)-p.header, maxRecord))
}

func (p *pcap) next(f *File, pkt *Packet) error {
	b := f.buf[f.pos:f.end]
	if !f.more {
		var err error
		if b, err = p.load(f); err != nil {
			return err
		}
	}
	captured, wire := p.order.Uint32(b[8:]), p.order.Uint32(b[12:])
	n := p.header + int(captured)
	pkt.Time = int64(p.order.Uint32(b))*1e9 + int64(p.order.Uint32(b[4:]))*p.unit
	pkt.Data = b[p.header:n]
	pkt.WireLen = wireLen(captured, wire)
	pkt.Link, pkt.Iface = p.link, 0
	f.take(n)
	return nil
}

// load reads until the buffer holds the next record.
func (p *pcap) load(f *File) ([]byte, error) {
	b, err := f.peek(p.header)
	if err != nil {
		return nil, err
	}
	captured := p.order.Uint32(b[8:])
	if captured > maxRecord {
		return nil, fmt.Errorf("a record claims %d bytes: the file is damaged", captured)
	}
	return f.peek(p.header + int(captured))
}

// wireLen mistrusts what a file says about the length on the wire.
func wireLen(captured, wire uint32) int {
	return int(min(max(captured, wire), captured+maxRecord))
}
