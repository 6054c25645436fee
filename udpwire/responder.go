package udpwire

import "crypto/ecdh"

// A responder makes the responses to datagrams of no session. They are never longer than those, and it keeps nothing of
// who sent them. It does no I/O. Not safe for concurrent use.
type responder struct {
	keys     *keyring     // nil: no secret.
	rand     func([]byte) // Fills with random bytes.
	instance uint64       // Says that it is this replayer, since it was started.
	local    localKeys
	self     func() Status // What the replayer says of itself; nil: nothing.
	flags    uint8         // Of a WELCOME.
}

// newResponder returns a responder. keys are nil without a secret.
func newResponder(keys *keyring, rand func([]byte)) responder {
	return responder{keys: keys, rand: rand, instance: max(random64(rand), 1), local: localKeys{rand: rand}}
}

// parse authenticates a HELLO and reads it into ask.
func (r *responder) parse(h header, d []byte, ask *hello) (why reason, ok bool) {
	body, ok := r.keys.open(h, d)
	if !ok {
		return rejectAuth, false
	}
	if len(d) < maxControl { // no response may be longer
		return rejectShort, false
	}
	if !ask.parse(body) {
		return rejectMalformed, false
	}
	return 0, true
}

// retry appends to dst the RETRY that asks whoever sent ask to show that it can be reached.
func (r *responder) retry(ask *hello, from source, dst []byte) []byte {
	body := retry{asked: ask.random, cookie: r.local.keys[0].cookie(from)}
	return r.keys.finish(kindRetry, body.append(append(dst, make([]byte, headerSize)...)), r.rand)
}

// welcome appends to dst the WELCOME that responds to ask. known says that the session it wants to go on with is still
// known; else it is given another.
func (r *responder) welcome(ask *hello, from source, known bool, window uint32, dst []byte) []byte {
	key := &r.local.keys[0]
	body := welcome{asked: ask.random, session: ask.current, instance: r.instance, window: window, flags: r.flags}
	if !known {
		body.session = key.session(&ask.random, &ask.public, from)
	}
	if r.keys != nil {
		body.public = publicOf(key.private)
	}
	dst = body.append(append(dst, make([]byte, headerSize)...))
	if r.self != nil {
		self := r.self()
		dst = self.appendWithin(dst, selfRoom)
	}
	return r.keys.finish(kindWelcome, dst, r.rand)
}

// unknown appends to dst the UNKNOWN that responds to a datagram with header h.
func (r *responder) unknown(h header, dst []byte) []byte {
	body := unknown{session: h.session, number: h.number}
	return r.keys.finish(kindUnknown, body.append(append(dst, make([]byte, headerSize)...)), r.rand)
}

// publicOf is what the other side of a key exchange is told.
func publicOf(private *ecdh.PrivateKey) [32]byte { return [32]byte(private.PublicKey().Bytes()) }

// begin makes again the session whose WELCOME a BEGIN shows to have arrived: one from the address the HELLO came from, with
// what that said. s is nil when there was none, and why says so. The BEGIN is still to be opened.
func (r *responder) begin(now int64, h header, d []byte, from source) (s *session, why reason) {
	var ask begin
	if sealed := h.flags&flagSealed != 0; sealed != (r.keys != nil) {
		return nil, rejectAuth
	}
	if !ask.parseClear(d[headerSize:]) {
		return nil, rejectShort
	}
	r.local.turn(now)
	key := r.local.maker(h.session, &ask.random, &ask.public, from)
	if key == nil {
		return nil, rejectUnknownSession
	}
	s = &session{id: h.session, where: whereabouts{proven: from}}
	if r.keys == nil {
		s.out = newOutgoing(h.session, nil, now)
		return s, 0
	}
	ours := publicOf(key.private)
	both, err := r.keys.session(key.private, &ask.public, ask.random[:], ask.public[:], ours[:])
	if err != nil { // no honest listener's half
		return nil, rejectMalformed
	}
	s.in.seal = both[0]
	s.out = newOutgoing(h.session, both[1], now)
	return s, 0
}
