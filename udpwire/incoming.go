package udpwire

// An incoming is the other side's direction of a session: it says which datagrams are authentic and new. The zero value
// is ready for a session without a secret. Not safe for concurrent use.
type incoming struct {
	seal *sealer      // nil: no secret.
	seen replayWindow // The numbers of all kinds but DATA, whose numbers are settled one by one.
}

// open authenticates d and returns its body, decrypted in place. Only then it looks at the number: one of a kind other than
// DATA is still new after that, and the caller marks it in seen when it believes what the body says.
func (in *incoming) open(h header, d []byte) (body []byte, why reason, ok bool) {
	if sealed := h.flags&flagSealed != 0; sealed != (in.seal != nil) {
		return nil, rejectAuth, false
	} else if !sealed {
		body = d[headerSize:]
	} else if body, ok = in.seal.open(d); !ok {
		return nil, rejectAuth, false
	}
	if h.kind != kindData && !in.seen.fresh(h.number) {
		return nil, rejectReplayed, false
	}
	return body, 0, true
}

// epoch is how far the other side's keys are.
func (in *incoming) epoch() uint64 {
	if in.seal == nil {
		return 0
	}
	return in.seal.epoch
}
