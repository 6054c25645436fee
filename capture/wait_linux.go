package capture

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// hotWait is as long as blocks follow one another on a busy link.
	hotWait = 2 * retireMillis * time.Millisecond
	// manyBlocks in a row make a link busy.
	manyBlocks = 16
	// longestTick is how long a wait may become while nothing comes.
	longestTick = time.Second
)

// A waiter waits for the blocks of packet sockets. While few come it leaves the
// wait to the runtime's poller, and the thread to others: nothing runs. On a
// busy link it waits by itself, which costs less for each block.
type waiter struct {
	fds   []int // the packet sockets: one or two
	epoll int   // has these alone, armed for one event while the runtime waits for it
	file  *os.File
	conn  syscall.RawConn
	log   *slog.Logger

	tick     time.Duration // of the configuration
	patience time.Duration // how long the next wait is
	streak   int           // blocks that followed one another
	hurried  atomic.Bool
	event    [2]unix.EpollEvent // for look
	polled   unix.PollFd        // for poll
	timeout  unix.Timespec      // likewise
}

// newWaiter makes a waiter for sockets. They themselves are not in the
// runtime's poller, which would wake a second thread for each block on a busy
// link: an epoll instance is, which reports them only when asked to.
func newWaiter(sockets []*socket, tick time.Duration, log *slog.Logger) (*waiter, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err == nil {
		err = unix.SetNonblock(epoll, true)
	}
	var fds []int
	for _, s := range sockets {
		fds = append(fds, s.fd)
		if err == nil {
			err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, s.fd, &unix.EpollEvent{Events: unix.EPOLLONESHOT})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	w := &waiter{fds: fds, epoll: epoll, file: os.NewFile(uintptr(epoll), "epoll"), log: log, tick: tick, patience: tick}
	if w.conn, err = w.file.SyscallConn(); err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return w, nil
}

// wait returns nil when there may be a block, os.ErrDeadlineExceeded after a
// tick without. Where hold is not 0, a block of another socket than the first is there
// already, and is looked at again after that time.
func (w *waiter) wait(hold time.Duration) error {
	if w.streak >= manyBlocks && runtime.GOMAXPROCS(0) > 1 { // the only processor has others to serve
		n, errno := w.poll()
		if n == 0 && errno != unix.EINTR {
			w.streak = 0
		}
		return nil
	}
	began := time.Now()
	err := w.sleep(began, hold)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && hold > 0:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.streak, w.patience = 0, min(2*w.patience, max(longestTick, w.tick))
		return err
	case err != nil:
		return fmt.Errorf("wait for packets: %w", err)
	}
	if w.streak++; time.Since(began) > hotWait {
		w.streak = 0
		return nil // a lone block: where one comes now and then, the time is not told in between
	}
	w.patience = w.tick
	return nil
}

// sleep waits by the runtime's poller.
func (w *waiter) sleep(now time.Time, hold time.Duration) error {
	until := func() error {
		if hold > 0 {
			return w.file.SetReadDeadline(now.Add(hold))
		}
		return w.file.SetReadDeadline(now.Add(w.patience))
	}
	if err := until(); err != nil {
		return err
	}
	if w.hurried.Swap(false) {
		w.patience = w.tick
		if err := until(); err != nil {
			return err
		}
	}
	if err := w.arm(hold); err != nil {
		return err
	}
	var failed error
	err := w.conn.Read(func(uintptr) bool {
		n, errno := w.look()
		if errno != 0 && errno != unix.EINTR {
			failed = errno
			return true
		}
		return n > 0
	})
	if (w.event[0].Events|w.event[1].Events)&unix.EPOLLERR != 0 {
		w.clearError()
	}
	return errors.Join(err, failed)
}

// look reports whether the epoll instance has something to say, without waiting, and
// so without the scheduler's knowledge: that wakes a thread of its own to look after
// each system call that it knows of, in a process where nothing else runs.
func (w *waiter) look() (n int, errno syscall.Errno) {
	w.event = [2]unix.EpollEvent{}
	m, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.event)), uintptr(len(w.event)), 0, 0, 0)
	return int(m), errno
}

// arm has the sockets that are waited for reported once: with hold only the first.
func (w *waiter) arm(hold time.Duration) error {
	for i, fd := range w.fds {
		events := uint32(unix.EPOLLIN | unix.EPOLLERR | unix.EPOLLONESHOT)
		if i > 0 && hold > 0 {
			events = unix.EPOLLONESHOT
		}
		if err := unix.EpollCtl(w.epoll, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: events}); err != nil {
			return err
		}
	}
	return nil
}

// hurry cuts a long wait short, to a tick.
func (w *waiter) hurry() {
	w.hurried.Store(true)
	if err := w.file.SetReadDeadline(time.Now().Add(w.tick)); err != nil {
		w.log.Debug("hurry", "err", err)
	}
}

// poll waits for a block without the Go scheduler's knowledge, which else
// would give this thread's processor away and take it back for each block. It
// suits only waits as short as those between the blocks of a busy link. What
// the scheduler wants meanwhile, such as a collection, it says with a signal,
// and that ends the wait (EINTR).
//
// It waits for the first socket alone: on a busy link the others' blocks are looked at
// with each of its own, and need not wake anybody.
func (w *waiter) poll() (n int, errno syscall.Errno) {
	w.polled = unix.PollFd{Fd: int32(w.fds[0]), Events: unix.POLLIN}
	w.timeout = unix.NsecToTimespec(int64(hotWait))
	m, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&w.polled)), 1, uintptr(unsafe.Pointer(&w.timeout)), 0, 0, 0)
	if w.polled.Revents&unix.POLLERR != 0 {
		w.clearError()
	}
	return int(m), errno
}

// clearError reads the sockets' errors, such as that an interface went down, which
// both have then. They stay bound and go on when that comes up again.
func (w *waiter) clearError() {
	said := 0
	for _, fd := range w.fds {
		if errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != said {
			w.log.Warn("capture is interrupted", "err", unix.Errno(errno))
			said = errno
		}
	}
}
