package capture

// A whose says of which end of a connection the port must be a wanted one.
type whose uint8

const (
	toServer   whose = iota // the receiver's
	fromServer              // the sender's
	ofEither                // the receiver's, or else the sender's
)

// whoseOf is which end's port a packet's source, or else the Decoder, wants.
func (d *Decoder) whoseOf(p *Packet) whose {
	switch {
	case p.fromServer:
		return fromServer
	case d.answers && p.wanted == nil:
		return ofEither
	}
	return toServer
}

// bits are whether a segment between two ports is wanted, and whether it is a
// server's then: 1 or 0.
func (w whose) bits(ports *portSet, src, dst uint16) (wanted, answer uint64) {
	wanted = ports.bit(dst)
	switch w {
	case fromServer:
		wanted = ports.bit(src)
		answer = wanted
	case ofEither:
		answer = ports.bit(src) &^ wanted
		wanted |= answer
	}
	return wanted, answer
}
