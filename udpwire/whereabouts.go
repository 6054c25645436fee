package udpwire

// A whereabouts is where a session's listener is. A translator on the way may give it another address while it runs, and
// who can read the path may make it seem so: to a new address goes no more than came from there, until the listener has
// shown that it gets that. Not safe for concurrent use.
type whereabouts struct {
	proven source // It gets what is sent there.

	next      source // Where it was heard from last, if that is not proven; zero: it was not.
	challenge uint64 // What it is to return from there; 0 when next is zero.
	budget    int    // Bytes that came from next less those that went there.
}

// heard notes that size bytes came from an address which are authentic and new.
func (w *whereabouts) heard(from source, size int, rand func([]byte)) {
	switch from.addr {
	case w.proven.addr:
		w.proven = from // it may be sent to another address of ours
		return
	case w.next.addr:
		w.next = from
	default:
		w.next, w.budget, w.challenge = from, 0, max(random64(rand), 1)
	}
	w.budget += size
}

// answered takes in what a HEARTBEAT from an address returns. It reports whether that proves that the listener is there.
func (w *whereabouts) answered(from source, answer uint64) bool {
	if w.challenge == 0 || answer != w.challenge || from.addr != w.next.addr {
		return false
	}
	*w = whereabouts{proven: from}
	return true
}

// affords reports whether a response of size bytes may go to the address that is not proven, and takes it off.
func (w *whereabouts) affords(size int) bool {
	if w.challenge == 0 || w.budget < size {
		return false
	}
	w.budget -= size
	return true
}
