package udpwire

// An outgoing is one side's direction of a session: it gives what is sent its header and its seal. DATA is numbered by
// who sends it; all other kinds count together here. Not safe for concurrent use.
type outgoing struct {
	session uint64
	seal    *sealer // nil: no secret.
	control uint64  // The number of the last datagram that is not DATA.
	age     keyAge  // Of a listener's keys.
}

// A keyAge is how much a listener's keys have been used. The listener alone decides when new ones come, and the replayer
// follows, so that however long nothing passes in one direction, both always know each other's.
type keyAge struct {
	since     int64  // When the epoch began, in ns.
	sealed    uint64 // How many datagrams were sealed in it.
	first     uint64 // The first number of DATA in it.
	confirmed uint64 // The replayer's epoch: it has heard this one's keys used.
}

// newOutgoing returns the direction of a session in which nothing was sent. seal is nil without a secret.
func newOutgoing(session uint64, seal *sealer, now int64) outgoing {
	return outgoing{session: session, seal: seal, age: keyAge{since: now}}
}

// rekey begins a new epoch when the keys are old or much used: if the replayer has followed to the present one, and all
// DATA of the one before is settled, since only one back is believed. next and oldest are the flight's.
func (o *outgoing) rekey(now int64, next, oldest uint64) {
	a := &o.age
	if o.seal == nil || now-a.since < keyLife && a.sealed < keyUses || a.confirmed < o.seal.epoch || oldest < a.first {
		return
	}
	o.seal.advance()
	a.since, a.sealed, a.first = now, 0, next
}

// follow goes on to the epoch of the other side's keys: a replayer's part.
func (o *outgoing) follow(in *incoming) {
	if o.seal != nil && o.seal.epoch < in.epoch() {
		o.seal.advance()
	}
}

// finishData completes a DATA datagram that leaves room for the header in front and for the tag behind.
func (o *outgoing) finishData(d []byte, number uint64) { o.finish(kindData, number, d) }

// undo makes a DATA datagram that finishData completed what it was before, with room for the header in front and for
// the tag behind. It returns false when its key is not known any more.
func (o *outgoing) undo(d []byte) bool {
	if o.seal == nil {
		return true
	}
	_, ok := o.seal.open(d)
	return ok
}

// finishControl completes a datagram of another kind that leaves room for the header in front. It returns d, longer by
// the tag when there is a secret.
func (o *outgoing) finishControl(k kind, d []byte) []byte {
	o.control++
	if o.seal != nil {
		d = append(d, make([]byte, tagSize)...)
	}
	o.finish(k, o.control, d)
	return d
}

// finish gives d its header and its seal.
func (o *outgoing) finish(k kind, number uint64, d []byte) {
	h := header{kind: k, session: o.session, number: number}
	if o.seal == nil {
		h.put(d)
		return
	}
	h.flags = flagSealed
	h.put(d)
	o.seal.seal(d)
	o.age.sealed++
}
