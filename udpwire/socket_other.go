//go:build !linux

package udpwire

import (
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// A sendSocket is a connected UDP socket; here each datagram costs a system call.
type sendSocket struct {
	conn *net.UDPConn
	to   netip.AddrPort
}

// newSendSocket takes conn over.
func newSendSocket(conn *net.UDPConn, _ *slog.Logger) (*sendSocket, error) {
	return &sendSocket{conn, conn.RemoteAddr().(*net.UDPAddr).AddrPort()}, nil
}

// read waits for a datagram until the deadline.
func (s *sendSocket) read(buf []byte) (int, error) { return s.conn.Read(buf) }

// setDeadline says until when read waits, also one under way.
func (s *sendSocket) setDeadline(t time.Time) { s.conn.SetReadDeadline(t) }

// close ends a read under way.
func (s *sendSocket) close() { s.conn.Close() }

// write sends b as datagrams of segment bytes each, the last may be shorter, and returns how many were sent.
func (s *sendSocket) write(b []byte, segment int) (n int, err error) {
	for ; len(b) > 0; n++ {
		k := min(segment, len(b))
		if _, err := s.conn.Write(b[:k]); err != nil {
			return n, err
		}
		b = b[k:]
	}
	return n, nil
}

// pathMTU is what the kernel knows of the path's largest packet; 0: nothing.
func (s *sendSocket) pathMTU() int { return 0 }

// A receiveSocket is a listening UDP socket; here each datagram costs a system call, and answers leave from the
// address the system chooses.
type receiveSocket struct {
	conn *net.UDPConn
	buf  []byte
	from netip.AddrPort
	n    int
}

func newReceiveSocket(conn *net.UDPConn, want int, _ *slog.Logger) (*receiveSocket, error) {
	s := &receiveSocket{conn: conn, buf: make([]byte, maxDatagram+1)}
	return s, conn.SetReadBuffer(want)
}

// window is how many bytes the socket's buffer holds.
func (s *receiveSocket) window() int { return 64 << 10 }

// dropped is how many datagrams found no room in the buffer.
func (s *receiveSocket) dropped() uint64 { return 0 }

// read waits until the deadline for datagrams and returns how many each can visit.
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

// each calls f for every datagram read. The bytes are lent for the call and may be overwritten.
func (s *receiveSocket) each(f func(d []byte, from source)) {
	if s.n >= 0 {
		f(s.buf[:s.n], source{addr: s.from})
	}
	s.n = -1
}

// write sends one datagram to where others came from.
func (s *receiveSocket) write(d []byte, to *source) error {
	_, err := s.conn.WriteToUDPAddrPort(d, to.addr)
	return err
}

// A source is where a datagram came from and the address of ours it was sent to.
type source struct{ addr netip.AddrPort }
