package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The defaults of RingConfig.
const (
	defaultTick      = 100 * time.Millisecond
	defaultBlockSize = 256 << 10                           // holds BIG TCP packets of 195,716 bytes whole
	defaultBlocks    = 256                                 // 64 MiB: an upload of that size in one burst, and a stall of a second, since each timeout below uses a block up
	retireMillis     = 4                                   // how long the kernel keeps a block that is not full: most of the 5 ms a lone request may take
	hotWait          = 2 * retireMillis * time.Millisecond // as long as blocks follow one another
	frameAlign       = 2048                                // only has to divide the block size in this ring version
)

// RingConfig says what to capture. Zero values mean the defaults.
type RingConfig struct {
	Interfaces []string      // names; none or "any": all, those that come later as well
	Ports      []uint16      // TCP destination ports
	Tunnels    bool          // also what may be a tunnel
	Tick       time.Duration // how long Next waits for a packet; 0: 100 ms
	BlockSize  int           // bytes, a multiple of the page size; 0: 256 KiB
	Blocks     int           // 0: 256
	Logger     *slog.Logger  // nil: silent
}

// A Ring is a packet socket whose packets lie in memory shared with the kernel
// (TPACKET_V3; Documentation/networking/packet_mmap.rst). Next and Ready
// belong to one goroutine; Close and Stats may be called by any.
type Ring struct {
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
	total  atomic.Uint64 // packets returned, as of the last block
	cut    atomic.Uint64
}

// OpenRing begins to capture. Nothing but what the filter lets through is ever
// in the ring: the socket has no protocol, and so gets no packets, until the
// filter is in place. Errors: ErrPermission, ErrInterface, or the kernel's.
func OpenRing(cfg RingConfig) (*Ring, error) {
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
		return nil, fmt.Errorf("capture: filter: %w", err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return nil, fmt.Errorf("capture: %w", ErrPermission)
	}
	if err != nil {
		return nil, fmt.Errorf("capture: open a packet socket: %w", err)
	}
	r := &Ring{tick: cfg.Tick, log: cfg.Logger, shared: &ringShared{fd: fd, open: true}}
	if r.tick <= 0 {
		r.tick = defaultTick
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if err := r.setUp(&cfg, filter, ifaces); err != nil {
		r.shared.release()
		return nil, err
	}
	return r, nil
}

func (r *Ring) setUp(cfg *RingConfig, filter []bpf.RawInstruction, ifaces []int) error {
	fd := r.shared.fd
	if err := attachFilter(fd, filter); err != nil {
		return fmt.Errorf("capture: attach the filter: %w", err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return fmt.Errorf("capture: packet ring version 3: %w", err)
	}
	// Kernels before 4.20 do not have it; the filter does the same a little later.
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err != nil {
		r.log.Debug("outgoing packets are sorted out by the filter", "err", err)
	}
	size, count := cfg.BlockSize, cfg.Blocks
	if size <= 0 {
		size = defaultBlockSize
	}
	if count <= 0 {
		count = defaultBlocks
	}
	req := unix.TpacketReq3{
		Block_size: uint32(size), Block_nr: uint32(count),
		Frame_size: frameAlign, Frame_nr: uint32(size / frameAlign * count),
		Retire_blk_tov: retireMillis,
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return fmt.Errorf("capture: a packet ring of %d MiB: %w", size*count>>20, err)
	}
	memory, err := unix.Mmap(fd, 0, size*count, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("capture: map the packet ring: %w", err)
	}
	runtime.AddCleanup(r, func(m []byte) { unix.Munmap(m) }, memory)
	runtime.AddCleanup(r, (*ringShared).release, r.shared)
	for i := range count {
		r.blocks = append(r.blocks, memory[i*size:(i+1)*size:(i+1)*size])
	}
	addr := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{unix.ETH_P_ALL >> 8, unix.ETH_P_ALL & 0xff})}
	if len(ifaces) == 1 {
		addr.Ifindex = ifaces[0]
	}
	if err := unix.Bind(fd, addr); err != nil {
		return fmt.Errorf("capture: bind to %s: %w", strings.Join(cfg.Interfaces, ", "), err)
	}
	return nil
}

// several is nil for one interface, to which the socket is bound instead.
func several(ifaces []int) []int {
	if len(ifaces) == 1 {
		return nil
	}
	return ifaces
}

// interfaceIndexes is nil for all interfaces.
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

func attachFilter(fd int, filter []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		code[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// The layout of a block: tpacket_block_desc, then packets.
const (
	blockStatusOffset = 8
	blockCountOffset  = 12
	blockFirstOffset  = 16
	linkLayerOffset   = 48 // sockaddr_ll behind a packet's tpacket3_hdr (TPACKET_ALIGN)
)

// status is the word by which a block changes hands; both sides read and
// write it atomically.
func status(block []byte) *uint32 { return (*uint32)(unsafe.Pointer(&block[blockStatusOffset])) }

func word(block []byte, offset int) uint32 { return *(*uint32)(unsafe.Pointer(&block[offset])) }

// Ready tells whether Next returns a packet without waiting.
func (r *Ring) Ready() bool {
	if r.left > 0 {
		return true
	}
	next := r.current
	if r.walking {
		next = r.after(next)
	}
	return atomic.LoadUint32(status(r.blocks[next]))&unix.TP_STATUS_USER != 0
}

func (r *Ring) after(block int) int {
	if block++; block == len(r.blocks) {
		return 0
	}
	return block
}

// Next has d decode what is left of a block until segs is full, and returns how
// many segments it found: there may be none. Their payloads lie in the ring,
// lent until the next Next. It returns os.ErrDeadlineExceeded when there was no
// packet for a tick, net.ErrClosed after Close.
func (r *Ring) Next(d *Decoder, segs []Segment) (n int, err error) {
	for r.left == 0 {
		if err := r.nextBlock(); err != nil {
			return 0, err
		}
	}
	var p Packet
	block := r.blocks[r.current]
	for n < len(segs) && r.left > 0 {
		h := (*unix.Tpacket3Hdr)(unsafe.Pointer(&block[r.offset]))
		link := block[r.offset+linkLayerOffset:]
		begin := r.offset + uint32(h.Mac)
		p.Time = int64(h.Sec)*1e9 + int64(h.Nsec)
		p.Data = block[begin : begin+h.Snaplen : begin+h.Snaplen]
		p.WireLen = int(h.Len)
		p.Link, p.EtherType = LinkCooked, binary.BigEndian.Uint16(link[2:])
		p.Iface = int(binary.NativeEndian.Uint32(link[4:]))
		p.Checksum, p.VLAN = checksumOf(h.Status), uint16(h.Hv1.Vlan_tci)&0xfff // 0 where there was no tag
		if h.Len > h.Snaplen {
			r.cut++
		}
		r.packets++
		r.left--
		r.offset += h.Next_offset
		if d.Decode(&p, &segs[n]) {
			n++
		}
	}
	return n, nil
}

// checksumOf reads a packet's status (tpacket_rcv in net/packet/af_packet.c).
// Where neither bit is set the sum is complete and the kernel itself has still
// to verify it.
func checksumOf(status uint32) Checksum {
	switch {
	case status&unix.TP_STATUS_CSUMNOTREADY != 0:
		return ChecksumPending
	case status&unix.TP_STATUS_CSUM_VALID != 0:
		return ChecksumVerified
	}
	return ChecksumComplete
}

// nextBlock gives the walked block back and takes the next, waiting for it.
func (r *Ring) nextBlock() error {
	if r.walking {
		atomic.StoreUint32(status(r.blocks[r.current]), unix.TP_STATUS_KERNEL)
		r.current, r.walking = r.after(r.current), false
		r.shared.total.Store(r.packets)
		r.shared.cut.Store(r.cut)
	}
	if r.shared.closed.Load() {
		r.shared.release()
		return net.ErrClosed
	}
	block := r.blocks[r.current]
	if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
		if err := r.wait(); err != nil {
			return err
		}
		if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
			return nil // the loop in Next looks again
		}
	}
	r.walking = true
	r.left, r.offset = word(block, blockCountOffset), word(block, blockFirstOffset)
	return nil
}

// wait returns nil when there may be a block, os.ErrDeadlineExceeded after a
// tick without. The packet socket is not in the runtime's poller, which would
// wake a second thread for each block.
func (r *Ring) wait() error {
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
		return fmt.Errorf("capture: wait for packets: %w", err)
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
func (r *Ring) poll(timeout time.Duration) (n int, errno syscall.Errno) {
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
func (r *Ring) clearError() {
	if errno, err := unix.GetsockoptInt(r.shared.fd, unix.SOL_SOCKET, unix.SO_ERROR); err == nil && errno != 0 {
		r.log.Warn("capture is interrupted", "err", unix.Errno(errno))
	}
}

// Stats returns the counters; what the kernel dropped counts from the opening.
func (r *Ring) Stats() Stats {
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

// Close ends capture: a Next that waits returns net.ErrClosed within a tick,
// and so does every later one that would have to wait. The memory stays mapped
// for as long as the Ring is referenced, so that lent data can be read to the end.
func (r *Ring) Close() error {
	s := r.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Swap(true) || !s.open {
		return nil
	}
	s.readKernel()
	return nil
}
