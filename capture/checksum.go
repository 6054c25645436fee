package capture

import (
	"encoding/binary"
	"math/bits"
)

// A Checksum says what a source knows of the TCP checksum in a packet, and so
// whether a Decoder has to verify it. A receiver's kernel drops a segment whose
// checksum is wrong without a word; so does a Decoder, which counts it.
type Checksum uint8

const (
	// ChecksumComplete is a sum that is final and that nobody has verified: it
	// must be right.
	ChecksumComplete Checksum = iota

	// ChecksumRecorded is one from a capture file, which does not tell whether
	// the sender's network card had still to compute it. It may be right, or
	// one that waits for the card: zero or the sum of the pseudo header alone.
	// Any other is wrong, unless the file's sums mean nothing (see sumTally).
	ChecksumRecorded

	// ChecksumPending is one that is not computed yet, since the packet never
	// left this machine, or came out of a receive offload (TP_STATUS_CSUMNOTREADY).
	ChecksumPending

	// ChecksumVerified is one that the network card or the kernel has found
	// right (TP_STATUS_CSUM_VALID).
	ChecksumVerified
)

// trusted reports whether the segment of a packet outside of tunnels needs no
// look at its sum.
func (c Checksum) trusted() bool { return c >= ChecksumPending }

// inside is what is known of a segment in a tunnel when c is known of the
// packet around it. The kernel's word is about one sum and does not say which:
// a card that verified the tunnel's UDP sum has not looked at the segment's,
// and one that is pending may be the tunnel's or the segment's.
func (c Checksum) inside() Checksum {
	switch c {
	case ChecksumVerified:
		return ChecksumComplete
	case ChecksumPending:
		return ChecksumRecorded
	}
	return c
}

// A sumTally is what the checksums of a file have been so far, and so whether a
// wrong one is damage, which no receiver has read, or means nothing since a
// program has rewritten addresses or contents and left the sums as they were.
// The file shows that in either of two ways:
//
//   - More than eight times as many sums of segments to wanted ports are wrong
//     as are right. Sums that wait for a network card say nothing and do not
//     count, nor do those of segments that the capture cut, which cannot be
//     verified. After tallyLimit sums this proportion stands.
//   - At the beginning, if it can be read ahead, more data with a wrong sum was
//     believed by its receiver than was replaced by another copy (see witness).
type sumTally struct {
	right, wrong int
	again        int  // how many of these come again, having been read ahead
	believed     bool // as a witness has found
}

const (
	manyTimes  = 8
	tallyLimit = 1000
)

// meaningless reports whether wrong sums are to be ignored.
func (t *sumTally) meaningless() bool { return t.believed || t.wrong > manyTimes*t.right }

// full reports whether the verdict stands.
func (t *sumTally) full() bool { return t.right+t.wrong >= tallyLimit }

// count takes the sum of one more segment into account.
func (t *sumTally) count(right bool) {
	switch {
	case t.again > 0:
		t.again--
	case t.full():
	case right:
		t.right++
	default:
		t.wrong++
	}
}

// sound reports whether a segment may be handed on as far as its checksum goes,
// and counts it if not. segment begins with the TCP header, addrs are the
// source and the destination address, of 4 or 16 bytes each.
func (d *Decoder) sound(known Checksum, tally *sumTally, segment, addrs []byte) bool {
	pseudo := addSum(protocolTCP<<8+uint64(bits.ReverseBytes32(uint32(len(segment)))), addrs)
	right := foldSum(addSum(pseudo, segment)) == 0xffff
	if known == ChecksumComplete || tally == nil {
		return right || known != ChecksumComplete && waits(segment, addrs, pseudo) || refuse(&d.stats.BadChecksum)
	}
	pending := !right && waits(segment, addrs, pseudo)
	if d.witness != nil {
		d.witnessed(segment, addrs, right || pending)
	}
	if pending {
		return true
	}
	if !d.answer { // a file's sums are judged by what clients sent, whatever else is wanted
		tally.count(right)
	}
	if right {
		return true
	}
	if !tally.meaningless() {
		return refuse(&d.stats.BadChecksum)
	}
	d.stats.ChecksumIgnored++
	return true
}

// witnessed has the witness take in a segment of a client.
func (d *Decoder) witnessed(segment, addrs []byte, right bool) {
	flags, n := Flags(segment[13]), len(segment)-int(segment[12]>>4)*4
	if flags.Has(SYN) {
		n++
	}
	if flags.Has(FIN) {
		n++
	}
	var c connection
	c.client.setEither(addrs[:len(addrs)/2])
	c.server.setEither(addrs[len(addrs)/2:])
	c.client.Port, c.server.Port = binary.BigEndian.Uint16(segment), binary.BigEndian.Uint16(segment[2:])
	d.witness.sent(c, binary.BigEndian.Uint32(segment[4:]), n, right)
}

// answered has the witness take in a segment of a server.
func (d *Decoder) answered(segment, addrs []byte) {
	if !Flags(segment[13]).Has(ACK) {
		return
	}
	var c connection
	c.server.setEither(addrs[:len(addrs)/2])
	c.client.setEither(addrs[len(addrs)/2:])
	c.server.Port, c.client.Port = binary.BigEndian.Uint16(segment), binary.BigEndian.Uint16(segment[2:])
	d.witness.acknowledged(c, binary.BigEndian.Uint32(segment[8:]))
}

// waits reports whether the checksum of a segment is one that a network card
// was to complete: zero, or the sum of the pseudo header. Some senders leave
// the length out of it where the card is to cut the segment into several and
// to fill that in for each.
func waits(segment, addrs []byte, pseudo uint64) bool {
	switch binary.LittleEndian.Uint16(segment[16:]) {
	case 0, foldSum(pseudo), foldSum(addSum(protocolTCP<<8, addrs)):
		return true
	}
	return false
}

// addSum adds the 16-bit words of b to a one's complement sum (RFC 1071), eight
// bytes at a time; an odd last byte counts as if a zero followed. The order of
// bytes does not matter to such a sum, but that it comes out in the same one:
// here the lower byte first, in which machines read without turning it round.
func addSum(sum uint64, b []byte) uint64 {
	var c uint64
	for ; len(b) >= 64; b = b[64:] {
		w := (*[64]byte)(b)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[0:]), 0)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[8:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[16:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[24:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[32:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[40:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[48:]), c)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(w[56:]), c)
		sum, c = bits.Add64(sum, 0, c)
		sum += c
	}
	for ; len(b) >= 8; b = b[8:] {
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(b), 0)
		sum += c
	}
	if len(b) > 0 {
		var last [8]byte
		copy(last[:], b)
		sum, c = bits.Add64(sum, binary.LittleEndian.Uint64(last[:]), 0)
		sum += c
	}
	return sum
}

// foldSum makes 16 bits of a sum, in the order of bytes that addSum has.
func foldSum(sum uint64) uint16 {
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum&0xffff)
}
