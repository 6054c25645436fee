package capture

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DropPrivileges makes the whole process, all its threads, the unprivileged
// user of this name or number, if it is root; and in any case leaves it without
// capabilities and without a way to get new ones (no_new_privs). Open sockets
// and files stay open.
//
// Root with CAP_NET_RAW alone, as in a hardened container, may capture and may
// not become anybody else. Then all else is dropped, and kept names what is not:
// the user, the group, other groups. Such a root owns what root owns and has no
// power besides.
func DropPrivileges(name string) (kept []string, err error) {
	if os.Geteuid() == 0 {
		uid, gid, err := lookUp(name)
		if err != nil {
			return nil, err
		}
		if uid == 0 {
			return nil, fmt.Errorf("%s is root", name)
		}
		// The bounding set can only be emptied while there are capabilities.
		for c := uintptr(0); c <= lastCapability; c++ {
			err := allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0)
			if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
				break // the kernel knows no more of them, or we may not
			}
			if err != nil {
				return nil, fmt.Errorf("drop capability %d: %w", c, err)
			}
		}
		if kept, err = become(uid, gid); err != nil {
			return nil, err
		}
	}
	return kept, dropCapabilities()
}

// become changes user and groups, as far as that is permitted; kept names the rest.
func become(uid, gid int) (kept []string, err error) {
	for _, step := range []struct {
		what   string
		change func() error
	}{ // package syscall does these on every thread
		{"other groups", func() error { return syscall.Setgroups(nil) }},
		{"group", func() error { return syscall.Setgid(gid) }},
		{"user", func() error { return syscall.Setuid(uid) }},
	} {
		switch err := step.change(); {
		case errors.Is(err, unix.EPERM):
			kept = append(kept, step.what)
		case err != nil:
			return nil, fmt.Errorf("become user %d of group %d: %s: %w", uid, gid, step.what, err)
		}
	}
	return kept, nil
}

// dropCapabilities leaves every thread without any, for good.
func dropCapabilities() error {
	// Kernels before 4.3 have no ambient set to clear.
	err := allThreads(unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0)
	if err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none[0])), 0); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	return nil
}

// lastCapability is above every capability that kernels know (40 in Linux 6).
const lastCapability = 63

// lookUp finds a user's numbers; a number needs no entry in the user database.
func lookUp(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		if id, nerr := strconv.ParseUint(name, 10, 31); nerr == nil {
			return int(id), int(id), nil
		}
		if name == "nobody" { // a machine without a user database still has this number for it
			return 65534, 65534, nil
		}
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err == nil {
		gid, err = strconv.Atoi(u.Gid)
	}
	return uid, gid, err
}

// errWithCgo is why allThreads fails in a program that is linked with C, whose threads
// Go does not know.
var errWithCgo = errors.New("this gor was built with cgo and cannot change all its threads: build it with CGO_ENABLED=0")

// allThreads makes a system call on every thread. Where an argument is a pointer
// that the caller converts to uintptr in the call itself, the directive below
// has the compiler place what it points to on the heap and keep it there until
// the call returns; on the caller's stack it could be moved, by the growth of
// that stack, before the kernel reads it.
//
//go:uintptrescapes
func allThreads(call, a, b, c uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(call, a, b, c, 0, 0, 0); errno == syscall.ENOTSUP {
		return errWithCgo
	} else if errno != 0 {
		return errno
	}
	return nil
}
