package capture

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// retireMillis is how long the kernel keeps a block that is not full: most of
	// the time that a lone request takes.
	retireMillis = 8

	// answersRetireMillis is the same of answers, for which nobody waits: so they
	// wake the reader, who looks at them whenever it is awake, a few times a second
	// at most.
	answersRetireMillis = 40

	frameAlign = 2048 // only has to divide the block size in this ring version
)

// A ring is a packet socket whose packets lie in memory shared with the kernel
// (TPACKET_V3; Documentation/networking/packet_mmap.rst), and another one for what
// servers answer, if that is wanted.
type ring struct {
	log      *slog.Logger
	requests *blocks
	answers  *blocks // nil: they are not wanted
	waiter   *waiter
	shared   *ringShared
	tap      *tap // the watch's, once it runs
}

// ringShared is what other goroutines may touch.
type ringShared struct {
	closed atomic.Bool
	ways   atomic.Pointer[ways] // what is wanted now
	gone   atomic.Uint64        // interfaces that are wanted and do not exist

	mu       sync.Mutex
	open     bool // the sockets are
	requests socket
	answers  *socket // nil: there is none
}

// A socket is a packet socket, and what has become of its packets.
type socket struct {
	fd     int
	total  atomic.Uint64 // packets returned, as of the last Next
	cut    atomic.Uint64
	drops  uint64
	freeze uint64
}

// openRing opens the sockets and sets them up; cfg has no zero values.
func openRing(cfg RingConfig) (*ring, error) {
	fd, err := packetSocket()
	if err != nil {
		return nil, err
	}
	r := &ring{log: cfg.Logger, shared: &ringShared{open: true}}
	r.shared.requests.fd = fd
	if err := r.setUp(&cfg); err != nil {
		r.shared.release()
		return nil, err
	}
	return r, nil
}

// packetSocket opens a packet socket that gets no packets yet.
func packetSocket() (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return 0, ErrPermission
	}
	if err != nil {
		return 0, fmt.Errorf("open a packet socket: %w", err)
	}
	return fd, nil
}

// setUp makes the packet sockets deliver what their filters let through into rings,
// and opens what is needed to keep up with the world: once privileges are
// dropped nothing can be opened any more.
func (r *ring) setUp(cfg *RingConfig) (err error) {
	s := r.shared
	sockets := []*socket{&s.requests}
	if cfg.Answers != nil {
		fd, err := packetSocket()
		if err != nil {
			return err
		}
		s.answers = &socket{fd: fd}
		sockets = append(sockets, s.answers)
	}
	if r.tap, err = newTap(cfg, s); err != nil {
		return err
	}
	if r.tap.services != nil {
		runtime.AddCleanup(r, (*services).close, r.tap.services)
	}
	if err := r.tap.attach(); err != nil {
		return err
	}
	if r.waiter, err = newWaiter(sockets, cfg.Tick, cfg.Logger); err != nil {
		return err
	}
	runtime.AddCleanup(r, func(w *waiter) { w.file.Close() }, r.waiter)
	if r.requests, err = r.mapBlocks(&s.requests, cfg.BlockSize, cfg.Blocks, retireMillis); err != nil {
		return err
	}
	if s.answers != nil {
		size, count := cfg.Answers.ring(cfg.BlockSize)
		if r.answers, err = r.mapBlocks(s.answers, size, count, answersRetireMillis); err != nil {
			return err
		}
	}
	runtime.AddCleanup(r, (*ringShared).release, s)
	return r.tap.open()
}

// mapBlocks has the kernel allocate a socket's ring, and maps it; it keeps a block
// that is not full for a number of milliseconds. The memory is unmapped, and the
// sockets closed, when nobody refers to r any more.
func (r *ring) mapBlocks(s *socket, size, count, retire int) (*blocks, error) {
	if err := unix.SetsockoptInt(s.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("packet ring version 3: %w", err)
	}
	req := unix.TpacketReq3{
		Block_size: uint32(size), Block_nr: uint32(count),
		Frame_size: frameAlign, Frame_nr: uint32(size / frameAlign * count),
		Retire_blk_tov: uint32(retire),
	}
	if err := unix.SetsockoptTpacketReq3(s.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("a packet ring of %d MiB: %w", size*count>>20, err)
	}
	memory, err := unix.Mmap(s.fd, 0, size*count, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the packet ring: %w", err)
	}
	runtime.AddCleanup(r, func(m []byte) { unix.Munmap(m) }, memory)
	b := &blocks{socket: s, fromServer: s == r.shared.answers}
	for i := range count {
		b.list = append(b.list, memory[i*size:(i+1)*size:(i+1)*size])
	}
	return b, nil
}

// stats adds up what the reader and the kernel have counted.
func (r *ring) stats() Stats {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readKernel()
	q := &s.requests
	stats := Stats{
		Packets: q.total.Load(), Drops: q.drops, Freezes: q.freeze, Truncated: q.cut.Load(), InterfacesGone: s.gone.Load(),
	}
	if s.answers != nil {
		stats.AnswerPackets, stats.AnswerDrops = s.answers.total.Load(), s.answers.drops
	}
	return stats
}

// each calls f for the sockets that there are; mu is held.
func (s *ringShared) each(f func(*socket)) {
	f(&s.requests)
	if s.answers != nil {
		f(s.answers)
	}
}

// readKernel adds the kernel's counters, which reading sets to zero.
func (s *ringShared) readKernel() {
	if !s.open {
		return
	}
	s.each(func(k *socket) {
		if st, err := unix.GetsockoptTpacketStatsV3(k.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			k.drops += uint64(st.Drops)
			k.freeze += uint64(st.Freeze_q_cnt)
		}
	})
}

// whileOpen calls f unless the socket is closed: f sets it up anew.
func (s *ringShared) whileOpen(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return nil
	}
	return f()
}

// release closes the sockets. Only whoever is or was the reader may call it.
func (s *ringShared) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		s.readKernel()
		s.open = false
		s.each(func(k *socket) { unix.Close(k.fd) })
	}
}

// hurry ends a long wait.
func (r *ring) hurry() { r.waiter.hurry() }

// close tells the reader to end, who releases the socket.
func (r *ring) close() error {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) || !s.open {
		return nil
	}
	s.readKernel()
	return r.waiter.file.SetReadDeadline(time.Unix(1, 0))
}
