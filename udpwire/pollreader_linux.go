package udpwire

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A pollReader waits for a socket to be readable and reads it. The runtime's poller would wait for room to write as
// well, and wake a thread each time that a datagram has left; so the poller is given an epoll(7) instance that waits
// for the socket to be readable, and nothing else. A read never blocks, and is not made known to the scheduler, which
// would wake a thread of its own for that in a process where nothing else runs.
type pollReader struct {
	fd    int             // The socket, which stays its owner's.
	epoll *os.File        // It is readable when the socket is. nil: not open.
	wait  syscall.RawConn // Of epoll.

	call  func(fd uintptr) bool // Reads without waiting; made once, so that a read allocates nothing.
	buf   []byte                // Where call reads to.
	n     int                   // What it returned.
	errno syscall.Errno
}

// open makes r wait for the socket fd.
func (r *pollReader) open(fd int) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // which is how os.NewFile knows that it can be waited for
		unix.Close(epoll)
		return os.NewSyscallError("fcntl", err)
	}
	r.fd, r.epoll = fd, os.NewFile(uintptr(epoll), "epoll")
	if err := unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		return os.NewSyscallError("epoll_ctl", err)
	}
	r.call = func(uintptr) bool {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(r.fd), uintptr(unsafe.Pointer(&r.buf[0])), uintptr(len(r.buf)))
		r.n, r.errno = int(n), errno
		return errno != unix.EAGAIN && errno != unix.EINTR // false: wait until readable
	}
	r.wait, err = r.epoll.SyscallConn()
	return err
}

// read waits for a datagram until epoll's read deadline.
func (r *pollReader) read(buf []byte) (int, error) {
	r.buf = buf
	if err := r.wait.Read(r.call); err != nil {
		return 0, err
	}
	if r.errno != 0 {
		return 0, os.NewSyscallError("read", r.errno)
	}
	return r.n, nil
}

// close ends a read under way.
func (r *pollReader) close() {
	if r.epoll != nil {
		r.epoll.Close()
	}
}
