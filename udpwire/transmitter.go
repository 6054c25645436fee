package udpwire

import (
	"errors"
	"syscall"
)

// A transmitter hands a listener's datagrams to the kernel, counts them, and acts on what the kernel says. It outlives
// sessions. Not safe for concurrent use.
type transmitter struct {
	// write sends b as datagrams of size bytes, of which the last may be shorter, and returns how many left. It never
	// waits: its error is errWouldBlock when the kernel has no room.
	write func(b []byte, size int) (int, error)

	// mtu is what the kernel knows now of the largest IP packet on the path, in bytes; 0: nothing.
	mtu func() int

	size      pathSize // How large the datagrams may be.
	health    sendHealth
	refused   bool   // The other machine said that nobody listens. Who acts on it takes it back.
	datagrams uint64 // How many left, of all kinds, those sent again as well.
	bytes     uint64 // Their UDP payload.

	scratch [maxDatagram]byte // A datagram of another kind than DATA.
}

// send writes datagrams of size bytes. When the kernel refuses them for their size, path size is learnt anew: the error
// is errTooLarge where that is below size now. A refusal may also be about a larger datagram sent before, which a
// router has reported since; then sending goes on.
func (t *transmitter) send(b []byte, size int) (n int, err error) {
	n, err = t.try(b, size)
	if !errors.Is(err, syscall.EMSGSIZE) {
		return n, err
	}
	if !t.size.tooLarge(t.mtu()) && size <= t.size.full {
		var more int
		more, err = t.try(b[n*size:], size)
		n += more
		if errors.Is(err, syscall.EMSGSIZE) { // it is about this one, whatever the kernel says it knows
			t.size.least()
		}
	}
	if errors.Is(err, syscall.EMSGSIZE) && size > t.size.full {
		err = errTooLarge
	}
	return n, err
}

// errTooLarge: the datagram has to go in pieces.
var errTooLarge = errors.New("larger than the path carries")

// body is where the body of a control datagram is to be appended: scratch behind the header's place.
func (t *transmitter) body() []byte { return t.scratch[:headerSize] }

// control completes and sends a control datagram built in body. One that is lost, here or on the way, is followed by
// others.
func (t *transmitter) control(out *outgoing, k kind, d []byte) {
	d = out.finishControl(k, d)
	t.send(d, len(d))
}

// probe pads a HEARTBEAT built in body to size bytes and sends it. Nobody knows whether it passes: the kernel may refuse
// it.
func (t *transmitter) probe(out *outgoing, d []byte, size int) {
	if out.seal != nil {
		size -= tagSize
	}
	used := len(d)
	d = d[:size]
	clear(d[used:])
	d = out.finishControl(kindHeartbeat, d)
	if n, err := t.write(d, len(d)); !errors.Is(err, syscall.EMSGSIZE) {
		t.count(d, len(d), n, err)
	}
}

// moved notes that what is sent goes another way, of which no more than size is known. A session may go on there.
func (t *transmitter) moved(size pathSize) {
	t.size = size
	t.size.search()
}

// try writes datagrams once and counts.
func (t *transmitter) try(b []byte, size int) (n int, err error) {
	n, err = t.write(b, size)
	t.count(b, size, n, err)
	return n, err
}

// count enters that n of the datagrams of size bytes in b have left, and why not more.
func (t *transmitter) count(b []byte, size, n int, err error) {
	t.datagrams += uint64(n)
	t.bytes += uint64(min(n*size, len(b)))
	t.health.note(err)
	if errors.Is(err, syscall.ECONNREFUSED) {
		t.refused = true
	}
}

// heard takes in an error with which the kernel reported, on reading, what became of a datagram sent before.
func (t *transmitter) heard(err error) {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		t.refused = true
	case errors.Is(err, syscall.EMSGSIZE):
		t.size.tooLarge(t.mtu())
	}
	t.health.note(err)
}
