//go:build !linux

package udpwire

import (
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// A receiveSocket spends a system call on each datagram. See batchReceiver.
type receiveSocket struct {
	conn *net.UDPConn
	buf  []byte
	from netip.AddrPort // Of the datagram in buf.
	n    int            // Its size; -1: there is none.
}

// unknownBuffer is how many bytes a socket's buffer is supposed to hold that nobody asked for.
const unknownBuffer = 64 << 10

// newReceiveSocket takes conn over once it has succeeded. want is how many bytes the kernel's buffer is to hold.
func newReceiveSocket(conn *net.UDPConn, want int, _ *slog.Logger) (*receiveSocket, error) {
	s := &receiveSocket{conn: conn, buf: make([]byte, maxDatagram+1)}
	return s, conn.SetReadBuffer(want)
}

func (s *receiveSocket) window() int { return unknownBuffer }

func (s *receiveSocket) dropped() uint64 { return 0 }

func (s *receiveSocket) read(deadline time.Time) error {
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	n, from, err := s.conn.ReadFromUDPAddrPort(s.buf)
	s.n, s.from = n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	if err != nil {
		s.n = -1
	}
	return err
}

func (s *receiveSocket) each(f func(d []byte, from source)) {
	if s.n >= 0 {
		f(s.buf[:s.n], source{addr: s.from})
	}
	s.n = -1
}

func (s *receiveSocket) write(d []byte, to *source) error {
	_, err := s.conn.WriteToUDPAddrPort(d, to.addr)
	return err
}
