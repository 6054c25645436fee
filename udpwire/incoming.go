package udpwire

// An incoming is the other side's direction of a session: it says which datagrams are authentic and new. The zero value
// is ready for a session without a secret. Not safe for concurrent use.
type incoming struct {
	seal *sealer      // nil: no secret.
	seen replayWindow // The numbers of all kinds but DATA, whose numbers are settled one by one.
}

// open authenticates d and returns its body, decrypted in place. A number of a kind other than DATA is still new after
// that: the caller marks it in seen when it believes what the body says.
func (in *incoming) open(h header, d []byte) (body []byte, why reason, ok bool) {
	if h.kind != kindData && !in.seen.fresh(h.number) {
		return nil, rejectReplayed, false
	}
	body = d[headerSize:]
	if in.seal == nil {
		return body, 0, true
	}
	if h.flags&flagSealed == 0 {
		return nil, rejectAuth, false
	}
	if body, ok = in.seal.open(d); !ok {
		return nil, rejectAuth, false
	}
	return body, 0, true
}
