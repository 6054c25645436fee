package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// transit is more than a packet takes from where it arrives to where it leaves.
const transit = 20 * time.Millisecond

// A tap points the packet sockets at the interfaces, the directions and the ports
// that are wanted, and again when the world has changed.
type tap struct {
	fd       int
	answers  int // the socket for what servers answer; -1: there is none
	cfg      *RingConfig
	log      *slog.Logger
	shared   *ringShared
	services *services // nil: the direction does not depend on what listens here

	// ---- in force
	names   []string // nil: all interfaces
	indexes []int    // of each name, 0: there is none
	ways    ways
	opened  bool
	members map[int]bool // the interfaces that are promiscuous for us
}

// newTap finds out what there is; nothing is set up before attach.
func newTap(cfg *RingConfig, shared *ringShared) (*tap, error) {
	t := &tap{fd: shared.requests.fd, answers: -1, cfg: cfg, log: cfg.Logger, shared: shared, members: map[int]bool{}}
	if shared.answers != nil {
		t.answers = shared.answers.fd
	}
	if !slices.Contains(cfg.Interfaces, "any") {
		t.names = cfg.Interfaces
	}
	for _, name := range t.names {
		i, err := net.InterfaceByName(name)
		if err != nil {
			return nil, fmt.Errorf("%w: %q (there are any, %s)", ErrInterface, name, strings.Join(interfaceNames(), ", "))
		}
		t.indexes = append(t.indexes, i.Index)
	}
	var heard portSet
	if cfg.Direction == Auto {
		t.services = openServices()
		heard = t.services.ports(time.Now())
	}
	t.point(cfg.Direction.ways(cfg.Ports, &heard))
	return t, nil
}

// point makes ways what is wanted.
func (t *tap) point(w ways) {
	t.ways = w
	t.shared.ways.Store(&w)
}

// attach puts the filters in place; they may replace others.
func (t *tap) attach() error {
	spec := FilterSpec{
		Arriving: t.ways.arriving.list(), Leaving: t.ways.leaving.list(),
		Tunnels: t.cfg.Tunnels, OtherHosts: t.cfg.Promiscuous,
	}
	if len(t.names) > 1 { // a socket is bound to a single one
		spec.Ifaces = t.indexes
	}
	if err := attachSpec(t.fd, spec); err != nil {
		return err
	}
	if len(spec.Leaving) == 0 || !t.opened {
		t.ignoreLeaving(t.fd, true)
	}
	if t.answers < 0 {
		return nil
	}
	spec.Answers = t.cfg.Answers
	if err := attachSpec(t.answers, spec); err != nil {
		return err
	}
	t.ignoreLeaving(t.answers, len(spec.Arriving) == 0 || t.onlyLoopback())
	return nil
}

// onlyLoopback reports whether the interfaces are of those that show everything as
// arriving.
func (t *tap) onlyLoopback() bool {
	for _, index := range t.indexes {
		if i, err := net.InterfaceByIndex(index); err != nil || i.Flags&net.FlagLoopback == 0 {
			return false
		}
	}
	return len(t.indexes) > 0
}

// attachSpec attaches a spec's filter.
func attachSpec(fd int, spec FilterSpec) error {
	program, err := spec.Program()
	if err == nil {
		err = attachFilter(fd, program)
	}
	if err != nil {
		return fmt.Errorf("attach the filter: %w", err)
	}
	return nil
}

// open lets the packets in. What passes through this machine is looked at where
// it leaves a moment later than where it arrives: so nothing is ever seen to
// leave of which the arrival was missed, and each connection is known by the
// addresses that it arrived with.
func (t *tap) open() error {
	if err := t.bind(); err != nil {
		return err
	}
	t.opened = true
	t.promiscuous()
	if t.ways.leaving != (portSet{}) {
		time.Sleep(transit)
		t.ignoreLeaving(t.fd, false)
	}
	return nil
}

// ignoreLeaving has the kernel show a socket none, or all, of what leaves: a
// packet that it shows costs its sender about 0.28 us, whatever the filter says.
func (t *tap) ignoreLeaving(fd int, ignore bool) {
	value := 0
	if ignore {
		value = 1
	}
	// Kernels before 4.20 do not have it; the filter does the same a little later.
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, value); err != nil {
		t.log.Debug("outgoing packets are sorted out by the filter", "err", err)
	}
}

// bind ties the sockets to the interface, or to all: first the one for answers, so
// that none is missed to a request that is seen.
func (t *tap) bind() error {
	index := 0
	if len(t.names) == 1 {
		index = t.indexes[0]
	}
	var err error
	if t.answers >= 0 {
		err = bindPacket(t.answers, index)
	}
	if err == nil {
		err = bindPacket(t.fd, index)
	}
	if err != nil {
		return fmt.Errorf("bind to %s: %w", strings.Join(t.cfg.Interfaces, ", "), err)
	}
	return nil
}

// promiscuous has the interfaces take frames for other machines, where that is
// wanted. The kernel ends it with the socket.
func (t *tap) promiscuous() {
	if !t.cfg.Promiscuous {
		return
	}
	indexes := t.indexes
	if t.names == nil {
		all, err := net.Interfaces()
		if err != nil {
			t.log.Warn("interfaces cannot be made promiscuous", "err", err)
		}
		for _, i := range all {
			if i.Flags&net.FlagLoopback == 0 {
				indexes = append(indexes, i.Index)
			}
		}
	}
	for _, i := range indexes {
		if i == 0 || t.members[i] {
			continue
		}
		t.members[i] = true
		mreq := &unix.PacketMreq{Ifindex: int32(i), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(t.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, mreq); err != nil {
			t.log.Warn("an interface cannot be made promiscuous", "index", i, "err", err)
		}
	}
}

func interfaceNames() (names []string) {
	all, _ := net.Interfaces() // only for the message
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// interfaceIndex is the number of an interface, 0 where there is none.
func (t *tap) interfaceIndex(name string) int {
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(t.fd, unix.SIOCGIFINDEX, request)
	}
	if err != nil {
		if !errors.Is(err, unix.ENODEV) {
			t.log.Debug("look for an interface", "iface", name, "err", err)
		}
		return 0
	}
	return int(request.Uint32())
}

// bindPacket lets all packets of an interface, or with 0 of all, into a socket.
func bindPacket(fd, index int) error {
	const all = unix.ETH_P_ALL
	return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index, Protocol: binary.NativeEndian.Uint16([]byte{all >> 8, all & 0xff})})
}

// attachFilter has the kernel run the filter on every packet.
func attachFilter(fd int, program []bpf.Instruction) error {
	filter, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	code := make([]unix.SockFilter, len(filter))
	for i, f := range filter {
		code[i] = unix.SockFilter{Code: f.Op, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}
