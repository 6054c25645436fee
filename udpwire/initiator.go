package udpwire

import (
	"encoding/binary"
	"time"
)

// An initiator asks a replayer for a session: it makes HELLOs, paces them, and believes the WELCOME that responds to the
// last one. It is driven with the time and does no I/O. Not safe for concurrent use.
type initiator struct {
	keys *keyring     // nil: no secret.
	rand func([]byte) // Fills with random bytes.

	hello  hello  // The one that is out, if asked. It is repeated until a WELCOME comes.
	id     uint64 // Of the HELLO, where other datagrams have their session.
	asked  bool   // A HELLO is out.
	tries  int    // HELLOs since the last response.
	nextAt int64  // When the next HELLO is due, in ns.
	since  int64  // When asking began.

	scratch [maxControl]byte
}

// Pace of the HELLOs.
const (
	helloFirst   = int64(20 * time.Millisecond)  // between the first two, doubled each time
	helloLast    = int64(500 * time.Millisecond) // up to this
	helloDoubles = 6                             // so many times, then at the slowest pace
)

// restart begins to ask anew, now.
func (i *initiator) restart(now int64) {
	i.asked, i.tries, i.nextAt, i.since = false, 0, now, now
}

// datagram returns a HELLO that asks to go on with the session current; 0: with none. The bytes are lent
// until the next call.
func (i *initiator) datagram(current uint64) []byte {
	if !i.asked {
		i.rand(i.hello.random[:])
		i.id = i.random64()
		i.hello.current = current
		i.asked = true
	}
	h := header{kind: kindHello, session: i.id, number: i.random64()}
	if i.keys != nil {
		h.flags = flagSealed
	}
	h.put(i.scratch[:])
	d := i.hello.append(i.scratch[:headerSize])
	used := len(d)
	d = d[:maxControl]
	clear(d[used:])
	if i.keys != nil {
		i.keys.sealHandshake(d)
	}
	return d
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

// accept authenticates a WELCOME and reads it into w. Nothing else that comes is believed to respond to the HELLO.
func (i *initiator) accept(h header, d []byte, w *welcome) (why reason, ok bool) {
	if !i.asked || h.session != i.id {
		return rejectUnknownSession, false
	}
	body := d[headerSize:]
	if i.keys != nil {
		if ok = h.flags&flagSealed != 0; ok {
			body, ok = i.keys.openHandshake(d)
		}
		if !ok {
			return rejectAuth, false
		}
	}
	if !w.parse(body) {
		return rejectMalformed, false
	}
	if w.asked != i.hello.random {
		return rejectReplayed, false
	}
	return 0, true
}

// sealers returns what seals and opens the datagrams of the session that w gives: nil without a secret.
func (i *initiator) sealers(w *welcome) (seal, open *sealer, err error) {
	if i.keys == nil {
		return nil, nil, nil
	}
	both, err := i.keys.session(w.asked, w.public)
	return both[0], both[1], err
}

// random64 is a random number.
func (i *initiator) random64() uint64 { return random64(i.rand) }

// random64 is a number of random bytes.
func random64(rand func([]byte)) uint64 {
	var b [8]byte
	rand(b[:])
	return binary.BigEndian.Uint64(b[:])
}
