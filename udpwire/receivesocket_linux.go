package udpwire

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A receiveSocket reads many datagrams with a system call, put together by the kernel (UDP_GRO in udp(7)) where it can,
// with recvmmsg(2). See batchReceiver.
type receiveSocket struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	ip6  bool
	size int // Of the kernel's buffer, in bytes.

	in  receiveBatch
	out reply
}

// newReceiveSocket takes conn over once it has succeeded. want is how many bytes the kernel's buffer is to hold.
func newReceiveSocket(conn *net.UDPConn, want int, log *slog.Logger) (*receiveSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &receiveSocket{conn: conn, raw: raw}
	var optErr error
	err = raw.Control(func(fd uintptr) { optErr = s.configure(int(fd), want) })
	if err = errors.Join(err, os.NewSyscallError("setsockopt", optErr)); err != nil {
		return nil, err
	}
	if s.size < 2*want { // socket(7): the kernel doubles the value
		log.Warn("receive buffer smaller than wanted: raise net.core.rmem_max", "bytes", s.size/2, "wanted", want)
	}
	s.in.init()
	s.out.init()
	return s, nil
}

// configure sets the socket's options. Only what makes responses leave from the right address is needed.
func (s *receiveSocket) configure(fd, want int) (err error) {
	family, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	s.ip6 = family == unix.AF_INET6
	// The response must leave from the address the listener sent to, whichever of this machine's it is.
	if err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); s.ip6 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
	forceBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, want)
	s.size, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	return err
}

// window leaves room for what the kernel counts beside the datagrams' bytes.
func (s *receiveSocket) window() int { return s.size / 2 }

func (s *receiveSocket) dropped() uint64 { return s.in.lost }

func (s *receiveSocket) read(deadline time.Time) error {
	s.in.prepare()
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	return s.in.read(s.raw)
}

func (s *receiveSocket) each(f func(d []byte, from source)) { s.in.each(f) }

func (s *receiveSocket) write(d []byte, to *source) error {
	if s.ip6 {
		s.out.to6(d, to)
	} else {
		s.out.to4(d, to)
	}
	return s.out.send(s.raw)
}
