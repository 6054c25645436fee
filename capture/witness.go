package capture

// maxWatched bounds the connections that a witness watches.
const maxWatched = 4096

// A witness learns from both directions of the connections at the beginning of a
// file what became of data that came with a wrong checksum. Where the data was
// damaged on the way the receiver did not read it: another copy follows, with a
// right sum, before anybody acknowledges those bytes. Where they are acknowledged
// without, the receiver has read them, and it is the recorded sum that is wrong:
// a program has changed the file since.
type witness struct {
	watched  map[connection]*watched
	believed int // acknowledged, though only copies with a wrong sum had come
	replaced int // followed by another copy with a right sum
}

// A connection is a client and the server it talks to.
type connection struct{ client, server Endpoint }

// watched is what a witness knows of a connection. All of it is sequence
// numbers of the client, which wrap (RFC 9293 section 3.4).
type watched struct {
	read     uint32 // what came with a right sum, or was acknowledged, ends here
	known    bool   // read is known
	suspect  bool   // data beyond read came with a wrong sum only, lately
	from, to uint32 // that data
}

// of returns what is known of a connection, nil if there are too many.
func (w *witness) of(c connection) *watched {
	k := w.watched[c]
	if k == nil && len(w.watched) < maxWatched {
		k = &watched{}
		w.watched[c] = k
	}
	return k
}

// sent takes in a client's segment; its n bytes include SYN and FIN, which have
// sequence numbers as bytes have.
func (w *witness) sent(c connection, seq uint32, n int, right bool) {
	k, end := w.of(c), seq+uint32(n)
	switch {
	case k == nil || n == 0:
	case right:
		if k.suspect && after(end, k.from) && after(k.to, seq) {
			w.replaced++
			k.suspect = false
		}
		k.reached(end)
	case !k.suspect && (!k.known || after(end, k.read)):
		k.suspect, k.from, k.to = true, seq, end
	}
}

// acknowledged takes in a server's segment.
func (w *witness) acknowledged(c connection, ack uint32) {
	k := w.of(c)
	if k == nil {
		return
	}
	if k.suspect && !after(k.to, ack) {
		w.believed++
		k.suspect = false
	}
	k.reached(ack)
}

func (k *watched) reached(seq uint32) {
	if !k.known || after(seq, k.read) {
		k.read, k.known = seq, true
	}
}

// after reports whether a comes after b in a stream.
func after(a, b uint32) bool { return int32(a-b) > 0 }
