package capture

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const hotWait = 2 * retireMillis * time.Millisecond // as long as blocks follow one another

// wait returns nil when there may be a block, os.ErrDeadlineExceeded after a
// tick without. The packet socket is not in the runtime's poller, which would
// wake a second thread for each block.
func (r *ring) wait() error {
	if r.hot {
		n, errno := r.poll(hotWait)
		r.hot = n > 0 || errno == unix.EINTR
		return nil
	}
	poll := []unix.PollFd{{Fd: int32(r.shared.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, int(max(r.tick/time.Millisecond, 1)))
	switch {
	case errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return fmt.Errorf("wait for packets: %w", err)
	case n == 0:
		return os.ErrDeadlineExceeded
	case poll[0].Revents&unix.POLLERR != 0:
		r.clearError()
	}
	r.hot = runtime.GOMAXPROCS(0) > 1 // the only processor has others to serve
	return nil
}

// poll waits for a block without the Go scheduler's knowledge, which else
// would give this thread's processor away and take it back for each block:
// twice the work of reading one. It suits only waits as short as those between
// the blocks of a busy link. What the scheduler wants meanwhile, such as a
// collection, it says with a signal, and that ends the wait (EINTR).
func (r *ring) poll(timeout time.Duration) (n int, errno syscall.Errno) {
	r.polled = [1]unix.PollFd{{Fd: int32(r.shared.fd), Events: unix.POLLIN}}
	r.timeout = unix.NsecToTimespec(int64(timeout))
	m, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&r.polled)), 1, uintptr(unsafe.Pointer(&r.timeout)), 0, 0, 0)
	if r.polled[0].Revents&unix.POLLERR != 0 {
		r.clearError()
	}
	return int(m), errno
}

// clearError reads the socket's error, such as that an interface went down.
// The socket stays bound and goes on when that comes up again.
func (r *ring) clearError() {
	if errno, err := unix.GetsockoptInt(r.shared.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != 0 {
		r.log.Warn("capture is interrupted", "err", unix.Errno(errno))
	}
}
