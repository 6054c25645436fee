package capture

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The layout of a block: tpacket_block_desc, then packets.
const (
	blockStatusOffset = 8
	blockCountOffset  = 12
	blockFirstOffset  = 16
	blockLastOffset   = 40 // when its last packet was seen: seconds, nanoseconds
	linkLayerOffset   = 48 // sockaddr_ll behind a packet's tpacket3_hdr (TPACKET_ALIGN)
	packetTypeOffset  = 10 // in a sockaddr_ll
)

// status is the word by which a block changes hands; both sides read and
// write it atomically.
func status(block []byte) *uint32 { return (*uint32)(unsafe.Pointer(&block[blockStatusOffset])) }

func word(block []byte, offset int) uint32 { return *(*uint32)(unsafe.Pointer(&block[offset])) }

// blocks are the memory of a packet socket's ring, and how far it has been walked.
type blocks struct {
	list       [][]byte
	fromServer bool   // what servers send is in it
	current    int    // block being walked
	left       uint32 // packets in it that were not returned yet
	offset     uint32 // of the next one
	walking    bool   // the current block is ours
	packets    uint64
	cut        uint64
	socket     *socket
}

// ready reports whether there is a packet.
func (b *blocks) ready() bool {
	if b.left > 0 {
		return true
	}
	next := b.current
	if b.walking {
		next = b.after(next)
	}
	return atomic.LoadUint32(status(b.list[next]))&unix.TP_STATUS_USER != 0
}

func (b *blocks) after(block int) int {
	if block++; block == len(b.list) {
		return 0
	}
	return block
}

// take gives a walked block back and takes the next; it reports whether there was one.
func (b *blocks) take() bool {
	for b.left == 0 {
		b.giveBack()
		block := b.list[b.current]
		if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
			return false
		}
		b.walking = true
		b.left, b.offset = word(block, blockCountOffset), word(block, blockFirstOffset)
	}
	return true
}

// giveBack gives the walked block back to the kernel, if it was walked to its end.
func (b *blocks) giveBack() {
	if b.walking && b.left == 0 {
		atomic.StoreUint32(status(b.list[b.current]), unix.TP_STATUS_KERNEL)
		b.current, b.walking = b.after(b.current), false
	}
}

// decode decodes what is left of the walked block, until segs is full.
func (b *blocks) decode(w *ways, d *Decoder, segs []Segment) (n int) {
	p := Packet{fromServer: b.fromServer, Link: LinkCooked}
	block := b.list[b.current]
	for n < len(segs) && b.left > 0 {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[b.offset]))
		link := block[b.offset+linkLayerOffset:]
		begin := b.offset + uint32(h.Mac)
		p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
		p.Data = block[begin : begin+h.Snaplen : begin+h.Snaplen]
		p.WireLen = int(h.Len)
		p.EtherType = binary.BigEndian.Uint16(link[2:])
		p.Iface = int(binary.NativeEndian.Uint32(link[4:]))
		p.Checksum, p.VLAN = checksumOf(h.Status), uint16(h.Hv1.Vlan_tci)&0xfff // 0 where there was no tag
		p.Leaving = link[packetTypeOffset] == packetOutgoing
		if p.wanted = &w.arriving; p.Leaving {
			p.wanted = &w.leaving
		}
		if b.fromServer {
			p.wanted = &w.either
		}
		if h.Len > h.Snaplen {
			b.cut++
		}
		b.packets++
		b.left--
		b.offset += h.Next_offset
		if d.Decode(&p, &segs[n]) {
			n++
		}
	}
	b.socket.total.Store(b.packets)
	b.socket.cut.Store(b.cut)
	return n
}

// young returns how long it is until the next block's last packet is of an age; 0: it
// is, or nobody knows. There must be such a block.
func (b *blocks) young(age time.Duration) time.Duration {
	next := b.current
	if b.walking {
		next = b.after(next)
	}
	block := b.list[next]
	seen := time.Unix(int64(word(block, blockLastOffset)), int64(word(block, blockLastOffset+4)))
	since := time.Since(seen)
	if since < 0 || since >= age { // a clock may be set back
		return 0
	}
	return age - since
}

// answersAge is how old answers are before they are handed out: the requests' block
// with what they answer has come by then. Without that, those that fill their block
// at once would come before their requests.
const answersAge = 2*retireMillis*time.Millisecond + 4*time.Millisecond

// answersReady reports whether answers may be handed out; hold is how long those
// that are there have still to wait.
func (r *ring) answersReady() (ready bool, hold time.Duration) {
	if r.answers == nil || !r.answers.ready() {
		return false, 0
	}
	if r.answers.left == 0 {
		hold = r.answers.young(answersAge)
	}
	return hold == 0, hold
}

// ready reports whether next returns a packet without waiting.
func (r *ring) ready() bool {
	answers, _ := r.answersReady()
	return r.requests.ready() || answers
}

// next decodes what is left of a block.
func (r *ring) next(d *Decoder, segs []Segment) (n int, err error) {
	b, err := r.pick()
	if err != nil {
		return 0, err
	}
	return b.decode(r.shared.ways.Load(), d, segs), nil
}

// pick returns whose block is walked next, waiting for one: answers have their turn
// when no request waits. So they come late rather than early, and their ring, not the
// requests', is the one to overflow.
func (r *ring) pick() (*blocks, error) {
	for {
		if r.requests.left > 0 {
			return r.requests, nil
		}
		if r.shared.closed.Load() {
			r.shared.release()
			return nil, net.ErrClosed
		}
		if r.requests.take() {
			return r.requests, nil
		}
		ready, hold := r.answersReady()
		if ready && r.answers.take() {
			return r.answers, nil
		}
		if r.answers != nil {
			r.answers.giveBack()
		}
		// A process that was kept from running wakes late: what came meanwhile goes
		// before the news that time has passed.
		if err := r.waiter.wait(hold); err != nil && !r.ready() {
			return nil, err
		}
	}
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
