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

	frameAlign = 2048 // only has to divide the block size in this ring version
)

// A ring is a packet socket whose packets lie in memory shared with the kernel
// (TPACKET_V3; Documentation/networking/packet_mmap.rst).
type ring struct {
	log     *slog.Logger
	blocks  [][]byte
	current int    // block being walked
	left    uint32 // packets in it that were not returned yet
	offset  uint32 // of the next one
	walking bool   // the current block is ours
	packets uint64
	cut     uint64
	waiter  *waiter
	shared  *ringShared
	tap     *tap // the watch's, once it runs
}

// ringShared is what other goroutines may touch.
type ringShared struct {
	closed atomic.Bool
	ways   atomic.Pointer[ways] // what is wanted now
	total  atomic.Uint64        // packets returned, as of the last Next
	cut    atomic.Uint64
	gone   atomic.Uint64 // interfaces that are wanted and do not exist

	mu     sync.Mutex
	open   bool // fd is
	fd     int  // the packet socket
	drops  uint64
	freeze uint64
}

// openRing opens the sockets and sets them up; cfg has no zero values.
func openRing(cfg RingConfig) (*ring, error) {
	fd, err := packetSocket()
	if err != nil {
		return nil, err
	}
	r := &ring{log: cfg.Logger, shared: &ringShared{fd: fd, open: true}}
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

// setUp makes a packet socket deliver what the filter lets through into a ring,
// and opens what is needed to keep up with the world: once privileges are
// dropped nothing can be opened any more.
func (r *ring) setUp(cfg *RingConfig) (err error) {
	fd := r.shared.fd
	if r.tap, err = newTap(fd, cfg, r.shared); err != nil {
		return err
	}
	if r.tap.services != nil {
		runtime.AddCleanup(r, (*services).close, r.tap.services)
	}
	if err := r.tap.attach(); err != nil {
		return err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("packet ring version 3: %w", err)
	}
	if r.waiter, err = newWaiter(fd, cfg.Tick, cfg.Logger); err != nil {
		return err
	}
	runtime.AddCleanup(r, func(w *waiter) { w.file.Close() }, r.waiter)
	if err := r.mapBlocks(cfg.BlockSize, cfg.Blocks); err != nil {
		return err
	}
	return r.tap.open()
}

// mapBlocks has the kernel allocate the ring, and maps it. The memory is
// unmapped and the socket closed when nobody refers to r any more.
func (r *ring) mapBlocks(size, count int) error {
	fd := r.shared.fd
	req := unix.TpacketReq3{
		Block_size: uint32(size), Block_nr: uint32(count),
		Frame_size: frameAlign, Frame_nr: uint32(size / frameAlign * count),
		Retire_blk_tov: retireMillis,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("a packet ring of %d MiB: %w", size*count>>20, err)
	}
	memory, err := unix.Mmap(fd, 0, size*count, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the packet ring: %w", err)
	}
	runtime.AddCleanup(r, func(m []byte) { unix.Munmap(m) }, memory)
	runtime.AddCleanup(r, (*ringShared).release, r.shared)
	for i := range count {
		r.blocks = append(r.blocks, memory[i*size:(i+1)*size:(i+1)*size])
	}
	return nil
}

// stats adds up what the reader and the kernel have counted.
func (r *ring) stats() Stats {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readKernel()
	return Stats{
		Packets: s.total.Load(), Drops: s.drops, Freezes: s.freeze, Truncated: s.cut.Load(), InterfacesGone: s.gone.Load(),
	}
}

// readKernel adds the kernel's counters, which reading sets to zero.
func (s *ringShared) readKernel() {
	if !s.open {
		return
	}
	if st, err := unix.GetsockoptTpacketStatsV3(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		s.drops += uint64(st.Drops)
		s.freeze += uint64(st.Freeze_q_cnt)
	}
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
		unix.Close(s.fd)
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
