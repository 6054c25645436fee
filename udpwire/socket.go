package udpwire

import (
	"errors"
	"net/netip"
	"time"
)

// A batchSender is what a link needs of the system, a UDP socket connected to one replayer. Each system has a
// sendSocket: on Linux it sends many datagrams with a system call, elsewhere one. Reading and writing may go on at the
// same time, each by one goroutine.
type batchSender interface {
	// write sends b as datagrams of size bytes, of which the last may be shorter, and returns how many were sent. It
	// never waits: errWouldBlock says that the kernel's buffer is full.
	write(b []byte, size int) (n int, err error)

	// read waits for a datagram until the deadline.
	read(buf []byte) (int, error)

	// setDeadline says until when read waits, also one under way.
	setDeadline(t time.Time)

	// pathMTU is what the kernel knows of the largest IP packet on the path, in bytes; 0: nothing.
	pathMTU() int

	// close ends a read under way. Nothing may be written any more.
	close()
}

// A batchReceiver is what a Receiver needs of the system, a listening UDP socket. Each system has a receiveSocket: on
// Linux it reads many datagrams with a system call, and responses leave from the address that the listener sent to;
// elsewhere one, and the system chooses the address. Not safe for concurrent use.
type batchReceiver interface {
	// read waits until the deadline for datagrams, which each visits.
	read(deadline time.Time) error

	// each calls f for every datagram read. The bytes are lent for the call and may be overwritten.
	each(f func(d []byte, from source))

	// write sends one datagram to where others came from.
	write(d []byte, to *source) error

	// window is how many bytes of datagrams the socket's buffer holds.
	window() int

	// dropped is how many datagrams found no room in the buffer, as far as the kernel says.
	dropped() uint64
}

var (
	_ batchSender   = (*sendSocket)(nil)
	_ batchReceiver = (*receiveSocket)(nil)
)

// errWouldBlock is returned by a sendSocket's write when the kernel's send buffer is full.
var errWouldBlock = errors.New("send buffer full")

// A source is where a datagram came from and which address of ours it was sent to.
type source struct {
	addr  netip.AddrPort // The sender's; IPv4 in IPv6 is IPv4 here.
	local netip.Addr     // Ours, if the system says.
	zone  uint32         // The interface, for link-local addresses.
}
