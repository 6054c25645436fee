package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	retireMillis = 4    // how long the kernel keeps a block that is not full: most of the 5 ms a lone request may take
	frameAlign   = 2048 // only has to divide the block size in this ring version
)

// A ring is a packet socket whose packets lie in memory shared with the kernel
// (TPACKET_V3; Documentation/networking/packet_mmap.rst).
type ring struct {
	tick    time.Duration
	log     *slog.Logger
	blocks  [][]byte
	current int    // block being walked
	left    uint32 // packets in it that were not returned yet
	offset  uint32 // of the next one
	walking bool   // the current block is ours
	packets uint64
	cut     uint64
	hot     bool           // blocks come one after the other
	polled  [1]unix.PollFd // for poll
	timeout unix.Timespec  // for poll
	shared  *ringShared
}

// ringShared is what other goroutines may touch.
type ringShared struct {
	closed atomic.Bool
	mu     sync.Mutex
	open   bool // fd is
	fd     int  // the packet socket
	drops  uint64
	freeze uint64
	total  atomic.Uint64 // packets returned, as of the last Next
	cut    atomic.Uint64
}

// openRing opens the socket and sets it up; cfg has no zero values.
func openRing(cfg RingConfig) (*ring, error) {
	ifaces, err := interfaceIndexes(cfg.Interfaces)
	if err != nil {
		return nil, err
	}
	program, err := FilterSpec{Ports: cfg.Ports, Tunnels: cfg.Tunnels, Ifaces: several(ifaces)}.Program()
	if err != nil {
		return nil, err
	}
	filter, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, ErrPermission
	}
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	r := &ring{tick: cfg.Tick, log: cfg.Logger, shared: &ringShared{fd: fd, open: true}}
	if err := r.setUp(&cfg, filter, ifaces); err != nil {
		r.shared.release()
		return nil, err
	}
	return r, nil
}

// setUp makes a packet socket deliver what the filter lets through into a ring.
func (r *ring) setUp(cfg *RingConfig, filter []bpf.RawInstruction, ifaces []int) error {
	fd := r.shared.fd
	if err := attachFilter(fd, filter); err != nil {
		return fmt.Errorf("attach the filter: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("packet ring version 3: %w", err)
	}
	// Kernels before 4.20 do not have it; the filter does the same a little later.
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		r.log.Debug("outgoing packets are sorted out by the filter", "err", err)
	}
	if err := r.mapBlocks(cfg.BlockSize, cfg.Blocks); err != nil {
		return err
	}
	addr := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})}
	if len(ifaces) == 1 {
		addr.Ifindex = ifaces[0]
	}
	if err := unix.Bind(fd, addr); err != nil {
		return fmt.Errorf("bind to %s: %w", strings.Join(cfg.Interfaces, ", "), err)
	}
	return nil
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

// interfaceIndexes returns the numbers of interfaces; nil means all.
func interfaceIndexes(names []string) ([]int, error) {
	if slices.Contains(names, "any") {
		return nil, nil
	}
	var list []int
	for _, name := range names {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %q (there are any, %s)", ErrInterface, name, strings.Join(interfaceNames(), ", "))
		}
		list = append(list, i.Index)
	}
	return list, nil
}

func interfaceNames() (names []string) {
	all, _ := net.Interfaces() // only for the message
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// several is nil for one interface, to which the socket is bound instead.
func several(ifaces []int) []int {
	if len(ifaces) == 1 {
		return nil
	}
	return ifaces
}

// attachFilter has the kernel run the filter on every packet.
func attachFilter(fd int, filter []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		code[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// stats adds up what the reader and the kernel have counted.
func (r *ring) stats() Stats {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readKernel()
	return Stats{Packets: s.total.Load(), Drops: s.drops, Freezes: s.freeze, Truncated: s.cut.Load()}
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

// close tells the reader to end, who releases the socket.
func (r *ring) close() error {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) || !s.open {
		return nil
	}
	s.readKernel()
	return nil
}
