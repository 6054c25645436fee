package capture

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The layout of a block: tpacket_block_desc, then packets.
const (
	blockStatusOffset = 8
	blockCountOffset  = 12
	blockFirstOffset  = 16
	linkLayerOffset   = 48 // sockaddr_ll behind a packet's tpacket3_hdr (TPACKET_ALIGN)
	packetTypeOffset  = 10 // in a sockaddr_ll
)

// status is the word by which a block changes hands; both sides read and
// write it atomically.
func status(block []byte) *uint32 { return (*uint32)(unsafe.Pointer(&block[blockStatusOffset])) }

func word(block []byte, offset int) uint32 { return *(*uint32)(unsafe.Pointer(&block[offset])) }

// ready reports whether next returns a packet without waiting.
func (r *ring) ready() bool {
	if r.left > 0 {
		return true
	}
	next := r.current
	if r.walking {
		next = r.after(next)
	}
	return atomic.LoadUint32(status(r.blocks[next]))&unix.TP_STATUS_USER != 0
}

func (r *ring) after(block int) int {
	if block++; block == len(r.blocks) {
		return 0
	}
	return block
}

// next decodes what is left of the walked block, or else of the one after it.
func (r *ring) next(d *Decoder, segs []Segment) (n int, err error) {
	for r.left == 0 {
		if err := r.nextBlock(); err != nil {
			return 0, err
		}
	}
	var p Packet
	block, ways := r.blocks[r.current], r.shared.ways.Load()
	for n < len(segs) && r.left > 0 {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[r.offset]))
		link := block[r.offset+linkLayerOffset:]
		begin := r.offset + uint32(h.Mac)
		p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
		p.Data = block[begin : begin+h.Snaplen : begin+h.Snaplen]
		p.WireLen = int(h.Len)
		p.Link, p.EtherType = LinkCooked, binary.BigEndian.Uint16(link[2:])
		p.Iface = int(binary.NativeEndian.Uint32(link[4:]))
		p.Checksum, p.VLAN = checksumOf(h.Status), uint16(h.Hv1.Vlan_tci)&0xfff // 0 where there was no tag
		if p.Leaving = link[packetTypeOffset] == packetOutgoing; p.Leaving {
			p.wanted = &ways.leaving
		} else {
			p.wanted = &ways.arriving
		}
		if h.Len > h.Snaplen {
			r.cut++
		}
		r.packets++
		r.left--
		r.offset += h.Next_offset
		if d.Decode(&p, &segs[n]) {
			n++
		}
	}
	r.shared.total.Store(r.packets)
	r.shared.cut.Store(r.cut)
	return n, nil
}

// checksumOf reads a packet's status (tpacket_rcv in net/packet/af_packet.c).
// Where neither bit is set the sum is complete and the kernel itself has still
// to verify it.
func checksumOf(status uint32) Checksum {
	switch {
	case status&unix.TP_STATUS_CSUMNOTREADY != 0:
		return ChecksumPending
	case status&unix.TP_STATUS_CSUM_VALID != 0:
		return ChecksumVerified
	}
	return ChecksumComplete
}

// nextBlock gives the walked block back and takes the next, waiting for it.
func (r *ring) nextBlock() error {
	if r.walking {
		atomic.StoreUint32(status(r.blocks[r.current]), unix.TP_STATUS_KERNEL)
		r.current, r.walking = r.after(r.current), false
	}
	if r.shared.closed.Load() {
		r.shared.release()
		return net.ErrClosed
	}
	block := r.blocks[r.current]
	if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
		err := r.waiter.wait()
		// A process that was kept from running wakes late: what came meanwhile goes
		// before the news that time has passed.
		if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
			return err // if it is nil, the loop in next looks again
		}
	}
	r.walking = true
	r.left, r.offset = word(block, blockCountOffset), word(block, blockFirstOffset)
	return nil
}
