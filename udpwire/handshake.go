package udpwire

// A handshake is a HELLO that was answered; it becomes a session when a datagram shows that the answer arrived, so
// that nobody begins one under a foreign address or with a recording.
type handshake struct {
	helloID uint64
	asked   [32]byte
	random  [32]byte
	session uint64
	keys    [2]*sealer
}

// maxHandshakes bounds the memory strangers can use: the oldest makes room.
const maxHandshakes = 256

// handshakes is a fixed table, the oldest overwritten. The zero value is ready.
type handshakes struct {
	table [maxHandshakes]handshake
	next  int
}

// find returns the handshake of a HELLO heard before, or nil.
func (t *handshakes) find(helloID uint64, asked *[32]byte) *handshake {
	for i := range t.table {
		if h := &t.table[i]; h.helloID == helloID && h.session != 0 && h.asked == *asked {
			return h
		}
	}
	return nil
}

// bySession returns the handshake that offered a session, or nil.
func (t *handshakes) bySession(id uint64) *handshake {
	if id == 0 {
		return nil
	}
	for i := range t.table {
		if h := &t.table[i]; h.session == id {
			return h
		}
	}
	return nil
}

// add makes room for a new handshake.
func (t *handshakes) add() *handshake {
	h := &t.table[t.next]
	t.next = (t.next + 1) % maxHandshakes
	*h = handshake{}
	return h
}
