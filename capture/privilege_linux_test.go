package capture

import (
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestAllThreadsMemory: what a pointer argument points to stays where it is,
// however the caller's stack grows and moves, and the kernel reads and writes it
// there on every thread.
func TestAllThreadsMemory(t *testing.T) {
	moved, failed := make(chan bool), make(chan error, 1)
	go func() { // with a small stack of its own
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		before := uintptr(unsafe.Pointer(&header))
		grow(1 << 10)
		after := uintptr(unsafe.Pointer(&header))
		failed <- allThreads(unix.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
		moved <- before != after
	}()
	if err := <-failed; err != nil && !errors.Is(err, errWithCgo) { // as the race detector is built
		t.Errorf("capget: %v", err)
	}
	if <-moved {
		t.Error("the memory of a pointer argument was on the stack, and moved")
	}
}

// grow uses up stack, about 256 bytes a step.
//
//go:noinline
func grow(steps int) byte {
	var use [256]byte
	if steps == 0 {
		return use[0]
	}
	use[steps%len(use)] = grow(steps - 1)
	return use[0]
}
