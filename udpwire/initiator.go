package udpwire

import (
	"crypto/ecdh"
	"encoding/binary"
	"time"
)

// An initiator asks a replayer for a session: it makes HELLOs, paces them, and believes the RETRY and the WELCOME that
// respond to the last one. It is driven with the time and does no I/O. Not safe for concurrent use.
type initiator struct {
	keys  *keyring     // nil: no secret.
	rand  func([]byte) // Fills with random bytes.
	flags uint8        // Of each HELLO.

	hello   hello            // The one that is out, if asked. It is repeated until a WELCOME comes; its cookie stays.
	private *ecdh.PrivateKey // What its public is made of; nil: no secret.
	asked   bool             // A HELLO is out.
	tries   int              // HELLOs since the last response.
	hurried int              // How many there were when one was last hurried.
	nextAt  int64            // When the next HELLO is due, in ns.

	scratch [maxControl]byte
}

// Pace of the HELLOs.
const (
	helloFirst   = int64(20 * time.Millisecond)  // between the first two, doubled each time
	helloLast    = int64(500 * time.Millisecond) // up to this
	helloDoubles = 6                             // so many times, then at the slowest pace
)

// restart begins to ask, with another HELLO, which is due at a time.
func (i *initiator) restart(at int64) { i.asked, i.tries, i.hurried, i.nextAt = false, 0, 0, at }

// datagram returns a HELLO that asks to go on with the session current; 0: with none. The bytes are lent until the next
// call.
func (i *initiator) datagram(current uint64) []byte {
	return i.build(i.scratch[:0], maxControl, current)
}

// padded returns a HELLO of so many bytes that asks for a session with none: one larger than most finds out what a path
// does.
func (i *initiator) padded(size int) []byte { return i.build(make([]byte, 0, size), size, 0) }

// build appends a HELLO of a size to d, which is empty and has room for it.
func (i *initiator) build(d []byte, size int, current uint64) []byte {
	if !i.asked {
		i.rand(i.hello.random[:])
		i.hello.current, i.hello.flags = current, i.flags
		if i.keys != nil {
			i.private = newPrivate(i.rand)
			i.hello.public = publicOf(i.private)
		}
		i.asked = true
	}
	d = i.hello.append(d[:headerSize])
	used := len(d)
	if d = d[:size]; i.keys != nil {
		d = d[:size-tagSize]
	}
	clear(d[used:])
	return i.keys.finish(kindHello, d, i.rand)
}

// said notes that a HELLO was sent.
func (i *initiator) said(now int64) {
	wait := helloLast
	if i.tries < helloDoubles {
		wait = min(helloFirst<<i.tries, helloLast)
	}
	i.tries++
	i.nextAt = now + wait
}

// retry takes in a RETRY: the next HELLO has its cookie, and is due at once, unless the one that is refused was hurried
// already: then no cookie would please.
func (i *initiator) retry(now int64, h header, d []byte) (why reason, ok bool) {
	body, ok := i.keys.open(h, d)
	if !ok {
		return rejectAuth, false
	}
	var r retry
	if !r.parse(body) {
		return rejectMalformed, false
	}
	if !i.asked || r.asked != i.hello.random {
		return rejectReplayed, false
	}
	if i.hello.cookie == r.cookie {
		return 0, true // the response to a HELLO that was under way
	}
	i.hello.cookie = r.cookie
	if i.tries != i.hurried {
		i.nextAt, i.hurried = now, i.tries+1
	}
	return 0, true
}

// accept authenticates a WELCOME and reads it into w. Nothing else that comes is believed to respond to the HELLO.
func (i *initiator) accept(h header, d []byte, w *welcome) (why reason, ok bool) {
	body, ok := i.keys.open(h, d)
	if !ok {
		return rejectAuth, false
	}
	if !w.parse(body) {
		return rejectMalformed, false
	}
	if !i.asked || w.asked != i.hello.random {
		return rejectReplayed, false
	}
	return 0, true
}

// sealers returns what seals and opens the datagrams of the session that w gives: nil without a secret.
func (i *initiator) sealers(w *welcome) (seal, open *sealer, err error) {
	if i.keys == nil {
		return nil, nil, nil
	}
	both, err := i.keys.session(i.private, &w.public, i.hello.random[:], i.hello.public[:], w.public[:])
	i.private = nil // nobody is to need it again
	return both[0], both[1], err
}

// begin is the body of the BEGIN that begins the session which the HELLO got, but for how far the listener is.
func (i *initiator) begin() begin {
	return begin{random: i.hello.random, public: i.hello.public, flags: i.hello.flags}
}

// random64 is a number of random bytes.
func random64(rand func([]byte)) uint64 {
	var b [8]byte
	rand(b[:])
	return binary.BigEndian.Uint64(b[:])
}
