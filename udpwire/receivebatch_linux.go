package udpwire

import (
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// recvBatch is how many reads one system call does; with UDP_GRO each may bring dozens of datagrams.
const recvBatch = 8

// recvBytes is the room for one read: more than the largest datagram, and than what UDP_GRO puts together.
const recvBytes = 1 << 16

// controlSize has room for the address, the segment size and the drop count, in bytes.
const controlSize = 128

// A receiveBatch is the memory that recvmmsg(2) fills: datagrams and, for each read, where from and what the kernel
// says of it.
type receiveBatch struct {
	msgs    [recvBatch]unix.Mmsghdr
	iovs    [recvBatch]unix.Iovec
	names   [recvBatch]unix.RawSockaddrInet6 // Large enough for IPv4's.
	control [recvBatch][controlSize]byte
	bufs    [recvBatch][]byte

	call  func(fd uintptr) bool // Makes the system call; made once, so that a read allocates nothing.
	n     int                   // How many reads brought something.
	errno syscall.Errno

	lost uint64 // Datagrams the kernel dropped so far for want of room (SO_RXQ_OVFL in socket(7)).
}

// init makes the batch ready. It must not move afterwards.
func (r *receiveBatch) init() {
	for i := range r.bufs {
		r.bufs[i] = make([]byte, recvBytes)
		r.iovs[i].Base = &r.bufs[i][0]
		r.iovs[i].SetLen(recvBytes)
	}
	r.call = func(fd uintptr) bool {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.msgs[0])), recvBatch,
			unix.MSG_DONTWAIT, 0, 0) // raw, as in pollReader
		r.n, r.errno = int(n), errno
		return errno != unix.EAGAIN && errno != unix.EINTR // false: wait until readable
	}
}

// prepare gives the kernel all memory again.
func (r *receiveBatch) prepare() {
	for i := range r.msgs {
		h := &r.msgs[i].Hdr
		*h = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&r.names[i])), Namelen: unix.SizeofSockaddrInet6, Iov: &r.iovs[i],
			Control: &r.control[i][0]}
		h.SetIovlen(1)
		h.SetControllen(controlSize)
	}
	r.n = 0
}

// read waits for datagrams until the read deadline of the socket.
func (r *receiveBatch) read(socket syscall.RawConn) error {
	if err := socket.Read(r.call); err != nil {
		r.n = 0
		return err
	}
	if r.errno != 0 {
		r.n = 0
		return os.NewSyscallError("recvmmsg", r.errno)
	}
	return nil
}

// each calls f for every datagram read, cutting apart what the kernel put together.
func (r *receiveBatch) each(f func(d []byte, from source)) {
	for i := range r.n {
		m := &r.msgs[i]
		from := source{addr: addrOf(&r.names[i])}
		b := r.bufs[i][:m.Len]
		segment := r.parseControls(i, &from)
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
	r.n = 0
}

// parseControls reads the control messages of read i: the segment size, which it returns, the address the datagrams were
// sent to, and the drop count.
func (r *receiveBatch) parseControls(i int, from *source) (segment int) {
	b := r.control[i][:r.msgs[i].Hdr.Controllen]
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
			r.lost += uint64(now - uint32(r.lost)) // a counter of 32 bits: add how far it moved
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
