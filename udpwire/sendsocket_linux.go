package udpwire

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// sendBufferBytes is what the kernel is asked to hold of what was sent and has not left the machine.
const sendBufferBytes = 4 << 20

// A sendSocket sends many datagrams with a system call: cut up by the kernel or the network card where UDP_SEGMENT works
// (udp(7)), else with sendmmsg(2). See batchSender.
type sendSocket struct {
	fd  int
	to  netip.AddrPort
	ip6 bool
	log *slog.Logger

	in  pollReader // The reading goroutine's.
	out sendBatch  // The writing goroutine's.
	gso bool       // UDP_SEGMENT works: until the first refusal.
}

// newSendSocket takes conn over.
func newSendSocket(conn *net.UDPConn, log *slog.Logger) (*sendSocket, error) {
	defer conn.Close()
	s := &sendSocket{fd: -1, to: conn.RemoteAddr().(*net.UDPAddr).AddrPort(), log: log}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var dupErr error
	if err = raw.Control(func(fd uintptr) { s.fd, dupErr = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("dup", dupErr)
	}
	if err := s.in.open(s.fd); err != nil {
		s.close()
		return nil, err
	}
	s.configure()
	return s, nil
}

// configure sets the socket's options. What the kernel refuses, it does without.
func (s *sendSocket) configure() {
	forceBuffer(s.fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBufferBytes)
	// Never let a router cut a datagram in pieces: one lost piece would lose it whole. The kernel refuses only what is
	// larger than the interface's MTU; what it has learnt of the path it says (pathMTU), and does not hold against
	// probes: else a path that has grown would not be noticed for ten minutes (ip(7), IP_PMTUDISC_PROBE).
	if s.ip6 = s.to.Addr().Unmap().Is6(); s.ip6 {
		unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE)
	} else {
		unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	}
	_, err := unix.GetsockoptInt(s.fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	s.gso = err == nil
}

// forceBuffer sets a socket buffer beyond the system's limit where that is allowed, else up to it.
func forceBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

func (s *sendSocket) read(buf []byte) (int, error) { return s.in.read(buf) }

func (s *sendSocket) setDeadline(t time.Time) { s.in.epoll.SetReadDeadline(t) }

func (s *sendSocket) close() {
	s.in.close()
	unix.Close(s.fd)
	s.fd = -1
}

func (s *sendSocket) pathMTU() (mtu int) {
	if s.ip6 {
		mtu, _ = unix.GetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
	} else {
		mtu, _ = unix.GetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU)
	}
	return mtu
}

func (s *sendSocket) write(b []byte, size int) (n int, err error) {
	if s.gso && len(b) > size {
		s.out.segmented(b, size)
		_, err := s.out.send(s.fd, 1)
		if err == nil {
			return (len(b) + size - 1) / size, nil
		}
		// EIO: the interface cannot compute checksums. EINVAL: the kernel does not take that many or that large.
		if !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EINVAL) {
			return 0, err
		}
		// It is also what some say of a datagram larger than the interface's MTU: then it says so without, too.
		if n, plain := s.each(b, size); n == 0 && errors.Is(plain, unix.EMSGSIZE) {
			return 0, plain
		} else {
			s.gso = false
			s.log.Info("segmentation offload switched off", "err", err)
			return n, plain
		}
	}
	return s.each(b, size)
}

// each sends the datagrams without the kernel's help in cutting.
func (s *sendSocket) each(b []byte, size int) (n int, err error) {
	for len(b) > 0 {
		sent, err := s.out.send(s.fd, s.out.cut(b, size))
		n += sent
		if err != nil {
			return n, err
		}
		b = b[min(sent*size, len(b)):]
	}
	return n, nil
}
