package udpwire

// A handshake is a HELLO that got its WELCOME. It becomes a session when a datagram shows that the WELCOME arrived, so
// that nobody begins one under a foreign address or with a recording.
type handshake struct {
	helloID    uint64   // What the HELLO's header has for a session.
	asked      [32]byte // The HELLO's random.
	random     [32]byte // The WELCOME's.
	flags      uint8    // The HELLO's.
	session    uint64   // The session offered; 0: the entry is free.
	open, seal *sealer  // What opens the listener's datagrams and seals the replayer's; nil: no secret.
}

// maxHandshakes bounds the memory strangers can use: the oldest makes room.
const maxHandshakes = 256

// handshakes is a fixed table, the oldest overwritten. The zero value is ready. Not safe for concurrent use.
type handshakes struct {
	table [maxHandshakes]handshake
	next  int // The entry to be overwritten next.
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
