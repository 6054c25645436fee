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
func DropPrivileges(name string) error {
	if os.Geteuid() == 0 {
		uid, gid, err := lookUp(name)
		if err != nil {
			return err
		}
		if uid == 0 {
			return fmt.Errorf("%s is root", name)
		}
		// The bounding set can only be emptied while there are capabilities.
		for c := uintptr(0); c <= lastCapability; c++ {
			err := allThreads(unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, c, 0)
			if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) {
				break // the kernel knows no more of them, or we may not
			}
			if err != nil {
				return fmt.Errorf("drop capability %d: %w", c, err)
			}
		}
		// Package syscall does these three on every thread.
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("drop groups: %w", err)
		}
		if err := syscall.Setgid(gid); err != nil {
			return fmt.Errorf("become group %d: %w", gid, err)
		}
		if err := syscall.Setuid(uid); err != nil {
			return fmt.Errorf("become user %d: %w", uid, err)
		}
	}
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

// allThreads makes a system call on every thread. Where an argument is a pointer
// that the caller converts to uintptr in the call itself, the directive below
// has the compiler place what it points to on the heap and keep it there until
// the call returns; on the caller's stack it could be moved, by the growth of
// that stack, before the kernel reads it.
//
//go:uintptrescapes
func allThreads(call, a, b, c uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
