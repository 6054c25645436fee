package udpwire

import (
	"errors"
	"syscall"
)

// A transmitter hands a listener's datagrams to the kernel and counts them. It outlives sessions. Not safe for
// concurrent use.
type transmitter struct {
	// write sends b as datagrams of size bytes, of which the last may be shorter, and returns how many left. It never
	// waits: its error is errWouldBlock when the kernel has no room.
	write func(b []byte, size int) (int, error)

	refused   bool   // The other machine said that nobody listens. Who acts on it takes it back.
	datagrams uint64 // How many left, of all kinds, those sent again as well.
	bytes     uint64 // Their UDP payload.
}

// send writes datagrams of size bytes, counts those that left and remembers a refusal.
func (t *transmitter) send(b []byte, size int) (n int, err error) {
	n, err = t.write(b, size)
	t.datagrams += uint64(n)
	t.bytes += uint64(min(n*size, len(b)))
	if errors.Is(err, syscall.ECONNREFUSED) {
		t.refused = true
	}
	return n, err
}
