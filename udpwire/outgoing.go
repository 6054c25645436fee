package udpwire

// An outgoing is one side's direction of a session: it gives what is sent its header and its seal. DATA is numbered by
// who sends it; all other kinds count together here. Not safe for concurrent use.
type outgoing struct {
	session uint64
	flags   uint8   // Of each datagram.
	seal    *sealer // nil: no secret.
	control uint64  // The number of the last datagram that is not DATA.
}

// newOutgoing returns the direction of a session in which no control datagram was sent. seal is nil without a secret.
func newOutgoing(session uint64, seal *sealer) outgoing {
	o := outgoing{session: session, seal: seal}
	if seal != nil {
		o.flags = flagSealed
	}
	return o
}

// finishData completes a DATA datagram that leaves room for the header in front and for the tag behind.
func (o *outgoing) finishData(d []byte, number uint64) {
	header{kind: kindData, flags: o.flags, session: o.session, number: number}.put(d)
	if o.seal != nil {
		o.seal.seal(d)
	}
}

// finishControl completes a datagram of another kind that leaves room for the header in front. It returns d, longer by
// the tag when there is a secret.
func (o *outgoing) finishControl(k kind, d []byte) []byte {
	o.control++
	header{kind: k, flags: o.flags, session: o.session, number: o.control}.put(d)
	if o.seal != nil {
		d = append(d, make([]byte, tagSize)...)
		o.seal.seal(d)
	}
	return d
}
