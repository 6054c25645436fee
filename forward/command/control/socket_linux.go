package control

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A peer is the process at the other end of a connection.
type peer struct {
	known    bool
	uid, pid int
}

// peerOf is who connected, as the kernel noted it then.
func peerOf(conn *net.UnixConn) (p peer, err error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return p, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err = errors.Join(err, credErr); err != nil {
		return p, err
	}
	return peer{known: true, uid: int(cred.Uid), pid: int(cred.Pid)}, nil
}

// private has the socket begin its life with mode 0600: what a socket has before it is
// bound, its file gets (unix(7), bind of Linux).
func private(_, _ string, c syscall.RawConn) error {
	var chmodErr error
	err := c.Control(func(fd uintptr) { chmodErr = unix.Fchmod(int(fd), 0o600) })
	return errors.Join(err, chmodErr)
}

// tryLock takes the lock on an open folder, which ends with it, if nobody has it.
func tryLock(f *os.File) bool { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil }
