package udpwire

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sendBufferBytes is what the kernel is asked to hold of what was sent and has not left the machine.
const sendBufferBytes = 4 << 20

// A sendSocket is a connected UDP socket that sends many datagrams with a system call: cut up by the kernel or the
// network card where UDP_SEGMENT works (udp(7)), else with sendmmsg(2). Reading and writing may go on at the same time,
// each by one goroutine.
type sendSocket struct {
	fd   int
	to   netip.AddrPort
	in   *os.File        // an epoll(7) instance that has the socket, readable when that is
	wait syscall.RawConn // of in
	log  *slog.Logger
	gso  bool // until the first refusal
	ip6  bool

	msgs [maxGrams]unix.Mmsghdr
	iovs [maxGrams]unix.Iovec
	size segmentControl

	read1 func(fd uintptr) bool // made once, so that a read allocates nothing
	buf   []byte
	n     int
	err   error
}

// A segmentControl is the control message that gives the datagrams' size.
type segmentControl struct {
	head unix.Cmsghdr
	size uint16
	_    [6]byte
}

// newSendSocket takes conn over. The runtime's poller would wait for room to write as well, and wake a thread each time
// that a datagram has left; so the poller is given an epoll instance that waits for the socket to be readable.
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
	if err := s.await(); err != nil {
		s.close()
		return nil, err
	}
	forceBuffer(s.fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBufferBytes)
	// Never let a router cut a datagram in pieces: one lost piece would lose it whole.
	if s.ip6 = s.to.Addr().Unmap().Is6(); s.ip6 {
		unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DO)
	} else {
		unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DO)
	}
	_, err = unix.GetsockoptInt(s.fd, unix.IPPROTO_UDP, unix.UDP_SEGMENT)
	s.gso = err == nil
	s.size.head.Level, s.size.head.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	s.size.head.SetLen(unix.CmsgLen(2))
	return s, nil
}

// await makes what read waits with.
func (s *sendSocket) await() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // which is how os.NewFile knows that it can be waited for
		unix.Close(epoll)
		return os.NewSyscallError("fcntl", err)
	}
	s.in = os.NewFile(uintptr(epoll), "epoll")
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(s.fd)}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	s.read1 = func(uintptr) bool {
		s.n, s.err = unix.Read(s.fd, s.buf)
		return s.err != unix.EAGAIN && s.err != unix.EINTR // false: wait until readable
	}
	s.wait, err = s.in.SyscallConn()
	return err
}

// read waits for a datagram until the deadline.
func (s *sendSocket) read(buf []byte) (int, error) {
	s.buf = buf
	if err := s.wait.Read(s.read1); err != nil {
		return 0, err
	}
	if s.err != nil {
		return 0, os.NewSyscallError("read", s.err)
	}
	return s.n, nil
}

// setDeadline says until when read waits, also one under way.
func (s *sendSocket) setDeadline(t time.Time) { s.in.SetReadDeadline(t) }

// close ends a read under way. Nothing may be written any more.
func (s *sendSocket) close() {
	if s.in != nil {
		s.in.Close()
	}
	unix.Close(s.fd)
	s.fd = -1
}

// forceBuffer sets a socket buffer beyond the system's limit where that is allowed, else up to it.
func forceBuffer(fd, force, plain, size int) {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
}

// pathMTU is what the kernel knows of the path's largest packet; 0: nothing.
func (s *sendSocket) pathMTU() (mtu int) {
	if s.ip6 {
		mtu, _ = unix.GetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
	} else {
		mtu, _ = unix.GetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU)
	}
	return mtu
}

// write sends b as datagrams of segment bytes each, the last may be shorter, and returns how many were sent. It never
// waits: errWouldBlock says that the kernel's buffer is full.
func (s *sendSocket) write(b []byte, segment int) (n int, err error) {
	if s.gso && len(b) > segment {
		s.iovs[0].Base = &b[0]
		s.iovs[0].SetLen(len(b))
		s.message(0)
		s.size.size = uint16(segment)
		h := &s.msgs[0].Hdr
		h.Control = (*byte)(unsafe.Pointer(&s.size))
		h.SetControllen(unix.CmsgSpace(2))
		_, err := s.send(1)
		if err == nil {
			return (len(b) + segment - 1) / segment, nil
		}
		// EIO: the interface cannot compute checksums. EINVAL: the kernel does not take that many or that large.
		if !errors.Is(err, unix.EIO) && !errors.Is(err, unix.EINVAL) {
			return 0, err
		}
		s.gso = false
		s.log.Info("segmentation offload switched off", "err", err)
	}
	for len(b) > 0 {
		count := 0
		for rest := b; len(rest) > 0 && count < maxGrams; count++ {
			k := min(segment, len(rest))
			s.iovs[count].Base = &rest[0]
			s.iovs[count].SetLen(k)
			s.message(count)
			rest = rest[k:]
		}
		sent, err := s.send(count)
		n += sent
		if err != nil {
			return n, err
		}
		b = b[min(sent*segment, len(b)):]
	}
	return n, nil
}

func (s *sendSocket) message(i int) {
	h := &s.msgs[i].Hdr
	*h = unix.Msghdr{Iov: &s.iovs[i]}
	h.SetIovlen(1)
}

// send makes the system call for the first count messages. It never blocks, and so need not be known to the scheduler.
func (s *sendSocket) send(count int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(count),
		unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN, unix.ENOBUFS:
		return 0, errWouldBlock
	}
	return 0, os.NewSyscallError("sendmmsg", errno)
}

// recvBatch is how many reads one system call does; with UDP_GRO each may bring dozens of datagrams.
const recvBatch = 8

// controlSize has room for the address, the segment size and the drop count.
const controlSize = 128

// A receiveSocket is a listening UDP socket that reads many datagrams with a system call, put together by the kernel
// (UDP_GRO) where it can, with recvmmsg(2). Not safe for concurrent use.
type receiveSocket struct {
	conn *net.UDPConn
	raw  syscall.RawConn
	ip6  bool
	size int // of the kernel's buffer
	lost uint64

	call  func(fd uintptr) bool
	n     int
	errno syscall.Errno

	msgs    [recvBatch]unix.Mmsghdr
	iovs    [recvBatch]unix.Iovec
	names   [recvBatch]unix.RawSockaddrInet6 // large enough for IPv4's
	control [recvBatch][controlSize]byte
	bufs    [recvBatch][]byte

	out replyCall
}

// replyCall sends one answer.
type replyCall struct {
	call    func(fd uintptr) bool
	errno   syscall.Errno
	msg     unix.Msghdr
	iov     unix.Iovec
	name    unix.RawSockaddrInet6
	control [controlSize]byte
}

func newReceiveSocket(conn *net.UDPConn, want int, log *slog.Logger) (*receiveSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &receiveSocket{conn: conn, raw: raw}
	var optErr error
	err = raw.Control(func(f uintptr) {
		fd := int(f)
		family, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		s.ip6 = family == unix.AF_INET6
		// The answer must leave from the address the listener sent to, whichever of this machine's it is.
		if optErr = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); s.ip6 {
			optErr = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
		}
		unix.SetsockoptInt(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1)
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1)
		forceBuffer(fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, want)
		s.size, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	})
	if err = errors.Join(err, os.NewSyscallError("setsockopt", optErr)); err != nil {
		return nil, err
	}
	if s.size < 2*want { // socket(7): the kernel doubles the value
		log.Warn("receive buffer smaller than wanted: raise net.core.rmem_max", "bytes", s.size/2, "wanted", want)
	}
	for i := range s.bufs {
		s.bufs[i] = make([]byte, 1<<16)
		s.iovs[i].Base = &s.bufs[i][0]
		s.iovs[i].SetLen(len(s.bufs[i]))
	}
	s.call = func(fd uintptr) bool {
		n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&s.msgs[0])), recvBatch,
			unix.MSG_DONTWAIT, 0, 0)
		s.n, s.errno = int(n), errno
		return errno != unix.EAGAIN && errno != unix.EINTR // false: wait until readable
	}
	s.out.call = func(fd uintptr) bool {
		_, _, s.out.errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&s.out.msg)), unix.MSG_DONTWAIT)
		return true
	}
	return s, nil
}

// window is how many bytes the socket's buffer holds, leaving room for what the kernel counts beside them.
func (s *receiveSocket) window() int { return s.size / 2 }

// dropped is how many datagrams found no room in the buffer.
func (s *receiveSocket) dropped() uint64 { return s.lost }

// read waits until the deadline for datagrams; each visits them.
func (s *receiveSocket) read(deadline time.Time) error {
	for i := range s.msgs {
		h := &s.msgs[i].Hdr
		*h = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&s.names[i])), Namelen: unix.SizeofSockaddrInet6, Iov: &s.iovs[i],
			Control: &s.control[i][0]}
		h.SetIovlen(1)
		h.SetControllen(controlSize)
	}
	s.n = 0
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return err
	}
	if err := s.raw.Read(s.call); err != nil {
		s.n = 0
		return err
	}
	if s.errno != 0 {
		s.n = 0
		return os.NewSyscallError("recvmmsg", s.errno)
	}
	return nil
}

// each calls f for every datagram read. The bytes are lent for the call and may be overwritten.
func (s *receiveSocket) each(f func(d []byte, from source)) {
	for i := range s.n {
		m := &s.msgs[i]
		from := source{addr: addrOf(&s.names[i])}
		b := s.bufs[i][:m.Len]
		segment := s.controls(i, &from)
		if m.Hdr.Flags&unix.MSG_TRUNC != 0 {
			continue
		}
		if segment <= 0 || segment >= len(b) {
			f(b, from)
			continue
		}
		for len(b) > 0 {
			k := min(segment, len(b))
			f(b[:k:k], from)
			b = b[k:]
		}
	}
	s.n = 0
}

// controls reads a message's control messages: the segment size and the address it was sent to.
func (s *receiveSocket) controls(i int, from *source) (segment int) {
	b := s.control[i][:s.msgs[i].Hdr.Controllen]
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(b) {
			break
		}
		data := b[unix.CmsgLen(0):n]
		switch {
		case h.Level == unix.IPPROTO_UDP && h.Type == unix.UDP_GRO && len(data) >= 4:
			segment = int(*(*int32)(unsafe.Pointer(&data[0])))
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_PKTINFO && len(data) >= unix.SizeofInet4Pktinfo:
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&data[0]))
			from.local = netip.AddrFrom4(info.Spec_dst)
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_PKTINFO && len(data) >= unix.SizeofInet6Pktinfo:
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&data[0]))
			from.local = netip.AddrFrom16(info.Addr)
			from.zone = info.Ifindex
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			now := *(*uint32)(unsafe.Pointer(&data[0]))
			s.lost += uint64(now - uint32(s.lost)) // a counter of 32 bits: add how far it moved
		}
		b = b[min(unix.CmsgSpace(n-unix.CmsgLen(0)), len(b)):]
	}
	return segment
}

// addrOf reads a socket address; IPv4 in IPv6 becomes IPv4.
func addrOf(name *unix.RawSockaddrInet6) netip.AddrPort {
	if name.Family == unix.AF_INET {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), swap(four.Port))
	}
	return netip.AddrPortFrom(netip.AddrFrom16(name.Addr).Unmap(), swap(name.Port))
}

// swap turns a port from network order to the machine's and back.
func swap(port uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return uint16(b[0])<<8 | uint16(b[1])
}

// write sends one datagram to where others came from.
func (s *receiveSocket) write(d []byte, to *source) error {
	o := &s.out
	o.iov.Base = &d[0]
	o.iov.SetLen(len(d))
	o.msg = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&o.name)), Iov: &o.iov}
	o.msg.SetIovlen(1)
	port := swap(to.addr.Port())
	head := (*unix.Cmsghdr)(unsafe.Pointer(&o.control[0]))
	if s.ip6 {
		o.name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: port, Addr: to.addr.Addr().As16()}
		if to.addr.Addr().IsLinkLocalUnicast() {
			o.name.Scope_id = to.zone
		}
		o.msg.Namelen = unix.SizeofSockaddrInet6
		if to.local.IsValid() {
			*head = unix.Cmsghdr{Level: unix.IPPROTO_IPV6, Type: unix.IPV6_PKTINFO}
			info := (*unix.Inet6Pktinfo)(unsafe.Pointer(&o.control[unix.CmsgLen(0)]))
			*info = unix.Inet6Pktinfo{Addr: to.local.As16(), Ifindex: o.name.Scope_id}
			head.SetLen(unix.CmsgLen(unix.SizeofInet6Pktinfo))
			o.msg.Control = &o.control[0]
			o.msg.SetControllen(unix.CmsgSpace(unix.SizeofInet6Pktinfo))
		}
	} else {
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&o.name))
		*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: port, Addr: to.addr.Addr().As4()}
		o.msg.Namelen = unix.SizeofSockaddrInet4
		if to.local.Is4() {
			*head = unix.Cmsghdr{Level: unix.IPPROTO_IP, Type: unix.IP_PKTINFO}
			info := (*unix.Inet4Pktinfo)(unsafe.Pointer(&o.control[unix.CmsgLen(0)]))
			*info = unix.Inet4Pktinfo{Spec_dst: to.local.As4()}
			head.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
			o.msg.Control = &o.control[0]
			o.msg.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
		}
	}
	if err := s.raw.Write(o.call); err != nil {
		return err
	}
	if o.errno != 0 {
		return o.errno
	}
	return nil
}

// A source is where a datagram came from and the address of ours it was sent to.
type source struct {
	addr  netip.AddrPort
	local netip.Addr
	zone  uint32 // interface, for link-local addresses
}
