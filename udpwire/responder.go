package udpwire

// A responder makes the response to HELLO. It is never longer, and it costs one entry in a fixed table: nothing a stranger
// sends makes it hold more. It does no I/O. Not safe for concurrent use.
type responder struct {
	keys       *keyring     // nil: no secret.
	rand       func([]byte) // Fills with random bytes.
	handshakes handshakes   // HELLOs whose listeners have not shown that the WELCOME arrived.
}

// parse authenticates a HELLO and reads it into ask.
func (r *responder) parse(h header, d []byte, ask *hello) (why reason, ok bool) {
	if len(d) < headerSize+welcomeSize+tagSize {
		return rejectShort, false
	}
	body := d[headerSize:]
	if sealed := h.flags&flagSealed != 0; sealed != (r.keys != nil) {
		return rejectAuth, false
	} else if sealed {
		if body, ok = r.keys.openHandshake(d); !ok {
			return rejectAuth, false
		}
	}
	if !ask.parse(body) {
		return rejectMalformed, false
	}
	return 0, true
}

// offer returns the handshake of a HELLO, the same one when the WELCOME got lost. full says that there is no room for
// another session: then it returns nil for a new one.
func (r *responder) offer(id uint64, ask *hello, sessions *sessionTable, full func() bool) *handshake {
	// One that became a session is not offered again: whoever asks has not had the response, or plays a recording.
	if shake := r.handshakes.find(id, &ask.random); shake != nil && sessions.byID[shake.session] == nil {
		return shake
	}
	if full() {
		return nil
	}
	shake := r.handshakes.add()
	shake.helloID, shake.asked = id, ask.random
	r.rand(shake.random[:])
	for shake.session == 0 || sessions.byID[shake.session] != nil {
		shake.session = random64(r.rand)
	}
	if r.keys != nil {
		both, err := r.keys.session(shake.asked, shake.random)
		if err != nil {
			return nil
		}
		shake.open, shake.seal = both[0], both[1]
	}
	return shake
}

// welcome appends the WELCOME that responds to the HELLO with header h to dst.
func (r *responder) welcome(h header, w *welcome, dst []byte) []byte {
	d := w.append(append(dst, make([]byte, headerSize)...))
	response := header{kind: kindWelcome, flags: h.flags & flagSealed, session: h.session, number: random64(r.rand)}
	if r.keys != nil {
		d = append(d, make([]byte, tagSize)...)
	}
	response.put(d)
	if r.keys != nil {
		r.keys.sealHandshake(d)
	}
	return d
}

// begin returns the session that a datagram with header h may begin, and the handshake that offered it. s is nil when it
// may not, and why says so.
func (r *responder) begin(h header) (s *session, shake *handshake, why reason) {
	shake = r.handshakes.bySession(h.session)
	s = &session{id: h.session}
	switch {
	case shake != nil:
		s.in.seal = shake.open
		s.out = newOutgoing(h.session, shake.seal)
	case r.keys != nil && h.flags&flagSealed == 0:
		return nil, nil, rejectAuth
	default:
		return nil, nil, rejectUnknownSession
	}
	return s, shake, 0
}
