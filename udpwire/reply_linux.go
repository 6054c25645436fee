package udpwire

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A reply is the memory that sendmsg(2) reads to send one datagram from a chosen address (IP_PKTINFO in ip(7),
// IPV6_PKTINFO in ipv6(7)). It is filled for IPv4 or IPv6, then sent.
type reply struct {
	call  func(fd uintptr) bool // Makes the system call; made once, so that a reply allocates nothing.
	errno syscall.Errno         // What it returned.

	msg     unix.Msghdr
	iov     unix.Iovec
	name    unix.RawSockaddrInet6 // Large enough for IPv4's.
	control [controlSize]byte
}

// init makes the reply ready. It must not move afterwards.
func (r *reply) init() {
	r.call = func(fd uintptr) bool {
		_, _, r.errno = unix.Syscall(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&r.msg)), unix.MSG_DONTWAIT)
		return true
	}
}

// to4 fills in a datagram from a socket of IPv4.
func (r *reply) to4(d []byte, to *source) {
	four := (*unix.RawSockaddrInet4)(unsafe.Pointer(&r.name))
	*four = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swap(to.addr.Port()), Addr: to.addr.Addr().As4()}
	r.set(d, unix.SizeofSockaddrInet4)
	if to.local.Is4() {
		info := (*unix.Inet4Pktinfo)(r.from(unix.IPPROTO_IP, unix.IP_PKTINFO, unix.SizeofInet4Pktinfo))
		*info = unix.Inet4Pktinfo{Spec_dst: to.local.As4()}
	}
}

// to6 fills in a datagram from a socket of both families.
func (r *reply) to6(d []byte, to *source) {
	r.name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swap(to.addr.Port()), Addr: to.addr.Addr().As16()}
	if to.addr.Addr().IsLinkLocalUnicast() {
		r.name.Scope_id = to.zone
	}
	r.set(d, unix.SizeofSockaddrInet6)
	if to.local.IsValid() {
		info := (*unix.Inet6Pktinfo)(r.from(unix.IPPROTO_IPV6, unix.IPV6_PKTINFO, unix.SizeofInet6Pktinfo))
		*info = unix.Inet6Pktinfo{Addr: to.local.As16(), Ifindex: r.name.Scope_id}
	}
}

// set fills in the bytes and how long the address is.
func (r *reply) set(d []byte, nameLen uint32) {
	r.iov.Base = &d[0]
	r.iov.SetLen(len(d))
	r.msg = unix.Msghdr{Name: (*byte)(unsafe.Pointer(&r.name)), Namelen: nameLen, Iov: &r.iov}
	r.msg.SetIovlen(1)
}

// from adds the control message that chooses the address to send from, and returns where its size bytes are to be.
func (r *reply) from(level, kind int32, size int) unsafe.Pointer {
	head := (*unix.Cmsghdr)(unsafe.Pointer(&r.control[0]))
	*head = unix.Cmsghdr{Level: level, Type: kind}
	head.SetLen(unix.CmsgLen(size))
	r.msg.Control = &r.control[0]
	r.msg.SetControllen(unix.CmsgSpace(size))
	return unsafe.Pointer(&r.control[unix.CmsgLen(0)])
}

// send makes the system call. It never waits.
func (r *reply) send(socket syscall.RawConn) error {
	if err := socket.Write(r.call); err != nil {
		return err
	}
	if r.errno != 0 {
		return r.errno
	}
	return nil
}
