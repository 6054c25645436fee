package udpwire

import "encoding/binary"

// A piece is the body of PIECE: a part of a DATA datagram that became too large for the path after it had got its
// number. What is cut are its bytes as they were first made, header, seal and all, so that a number stays one datagram
// for ever and no nonce covers two texts; the piece travels under a control number of its own. The replayer joins the
// pieces and takes in the whole as if it had come at once.
type piece struct {
	number   uint64 // Of the DATA datagram.
	fragment        // Where in that datagram the piece lies; its total is the datagram's size.
}

// pieceHead is the size of the body before the bytes: number, offset, size.
const pieceHead = 8 + 4 + 4

// append appends the body to dst.
func (p *piece) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, p.number)
	dst = binary.BigEndian.AppendUint32(dst, p.offset)
	dst = binary.BigEndian.AppendUint32(dst, p.total)
	return append(dst, p.piece...)
}

// parse reads the body, in which the bytes stay, and reports whether its numbers can be.
func (p *piece) parse(b []byte) bool {
	if len(b) <= pieceHead {
		return false
	}
	p.number = binary.BigEndian.Uint64(b)
	p.offset, p.total = binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	p.piece = b[pieceHead:]
	return p.number != 0 && p.number < maxNumber && p.total > dataOffset && p.total <= maxDatagram &&
		uint64(p.offset)+uint64(len(p.piece)) <= uint64(p.total)
}

// pieces sends the DATA datagram with a number in pieces, in a session's direction. One that does not leave is asked for
// with the whole.
func (t *transmitter) pieces(out *outgoing, number uint64, d []byte) error {
	room := min(t.size.full, maxPiece) - headerSize - pieceHead - tagSize
	for offset := 0; offset < len(d); offset += room {
		p := piece{number, fragment{uint32(offset), uint32(len(d)), d[offset:min(offset+room, len(d))]}}
		b := out.finishControl(kindPiece, p.append(t.body()))
		if _, err := t.send(b, len(b)); err != nil {
			return err
		}
	}
	return nil
}

// maxPiece is the largest PIECE, in bytes: on a path that carries more there is nothing to gain from larger ones.
const maxPiece = 9000

// piece takes in a PIECE. It returns false when that cannot be, or contradicts what came before.
func (s *session) piece(now int64, body []byte) bool {
	var p piece
	if !p.parse(body) || !s.inbox.numbers.fits(p.number) {
		return false
	}
	if s.inbox.numbers.settled(p.number) {
		s.again(now)
		return true
	}
	whole, ok := s.inbox.pieces.add(p.number, &p.fragment)
	if whole == nil {
		return ok
	}
	defer s.inbox.pieces.recycle(whole)
	h, _, ok := parseHeader(whole.buf)
	if !ok || h.kind != kindData || h.session != s.id || h.number != p.number {
		return false
	}
	body, _, ok = s.in.open(h, whole.buf)
	return ok && s.inbox.data(now, h.number, body)
}
