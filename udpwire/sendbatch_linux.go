package udpwire

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A sendBatch is the memory that sendmmsg(2) reads: it is filled, then sent. It points into the bytes to be sent until it
// is filled again. The zero value is ready.
type sendBatch struct {
	msgs [maxGrams]unix.Mmsghdr
	iovs [maxGrams]unix.Iovec
	size segmentControl
}

// A segmentControl is the control message that gives the datagrams' size (UDP_SEGMENT in udp(7)), laid out as cmsg(3)
// says.
type segmentControl struct {
	head unix.Cmsghdr
	size uint16
	_    [6]byte
}

// segmented fills in one message, of which the kernel makes datagrams of size bytes.
func (s *sendBatch) segmented(b []byte, size int) {
	s.set(0, b)
	s.size.head.Level, s.size.head.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	s.size.head.SetLen(unix.CmsgLen(2))
	s.size.size = uint16(size)
	h := &s.msgs[0].Hdr
	h.Control = (*byte)(unsafe.Pointer(&s.size))
	h.SetControllen(unix.CmsgSpace(2))
}

// cut fills in a message for each datagram of size bytes in b, as many as there is room for, and returns how many.
func (s *sendBatch) cut(b []byte, size int) (count int) {
	for ; len(b) > 0 && count < maxGrams; count++ {
		k := min(size, len(b))
		s.set(count, b[:k])
		b = b[k:]
	}
	return count
}

// set makes message i one datagram.
func (s *sendBatch) set(i int, d []byte) {
	s.iovs[i].Base = &d[0]
	s.iovs[i].SetLen(len(d))
	h := &s.msgs[i].Hdr
	*h = unix.Msghdr{Iov: &s.iovs[i]}
	h.SetIovlen(1)
}

// send makes the system call for the first count messages and returns how many were sent. It never blocks, and so need
// not be known to the scheduler.
func (s *sendBatch) send(fd, count int) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(count),
		unix.MSG_DONTWAIT, 0, 0)
	switch errno {
	case 0:
		return int(n), nil
	case unix.EAGAIN, unix.ENOBUFS:
		return 0, errWouldBlock
	}
	return 0, os.NewSyscallError("sendmmsg", errno)
}
