//go:build !linux

package udpwire

import (
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// A sendSocket spends a system call on each datagram. See batchSender.
type sendSocket struct {
	conn *net.UDPConn
	to   netip.AddrPort
}

// newSendSocket takes conn over.
func newSendSocket(conn *net.UDPConn, _ *slog.Logger) (*sendSocket, error) {
	return &sendSocket{conn, conn.RemoteAddr().(*net.UDPAddr).AddrPort()}, nil
}

func (s *sendSocket) read(buf []byte) (int, error) { return s.conn.Read(buf) }

func (s *sendSocket) setDeadline(t time.Time) { s.conn.SetReadDeadline(t) }

func (s *sendSocket) close() { s.conn.Close() }

func (s *sendSocket) write(b []byte, size int) (n int, err error) {
	for ; len(b) > 0; n++ {
		k := min(size, len(b))
		if _, err := s.conn.Write(b[:k]); err != nil {
			return n, err
		}
		b = b[k:]
	}
	return n, nil
}

func (s *sendSocket) pathMTU() int { return 0 }
