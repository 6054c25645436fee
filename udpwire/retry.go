package udpwire

// A retry is the body of RETRY, a replayer's response to a HELLO that does not show that whoever sent it can be reached
// where it seems to come from. It is shorter than the HELLO.
type retry struct {
	// asked is the HELLO's random.
	asked [32]byte

	// cookie is what the next HELLO is to have.
	cookie [16]byte
}

// retrySize is the size of the body.
const retrySize = 32 + 16

// append appends the body to dst.
func (r *retry) append(dst []byte) []byte { return append(append(dst, r.asked[:]...), r.cookie[:]...) }

// parse reads the body and reports whether it is whole.
func (r *retry) parse(b []byte) bool {
	if len(b) < retrySize {
		return false
	}
	r.asked, r.cookie = [32]byte(b), [16]byte(b[32:])
	return true
}
