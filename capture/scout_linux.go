package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A scout is a packet socket that looks now and then at what is not captured. It
// is opened with the ring, since that needs a privilege, and costs nothing while
// it does not look.
type scout struct {
	fd      int
	looking bool
	began   time.Time
	buf     [scoutBytes]byte
}

const (
	scoutBytes  = 160 // of a packet: its headers, and the first bytes of a payload
	scoutSample = 512 // packets are read of each look, the others are counted
	scoutBuffer = 1 << 20
)

// newScout opens the socket.
func newScout(*RingConfig) (*scout, error) {
	fd, err := packetSocket()
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, scoutBuffer); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("packet socket's buffer: %w", err)
	}
	return &scout{fd: fd}, nil
}

// begin begins to look: at the directions' ports, or where there are none at
// everything.
func (s *scout) begin(spec FilterSpec, now time.Time) error {
	program, err := scoutProgram(spec)
	if err != nil {
		return err
	}
	if err := attachFilter(s.fd, program); err != nil {
		return fmt.Errorf("attach a filter: %w", err)
	}
	if _, err := s.end(now); err != nil { // what is left of the look before
		return err
	}
	if err := bindPacket(s.fd, 0); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	s.looking, s.began = true, now
	return nil
}

// end ends the look, and tells what was seen.
func (s *scout) end(now time.Time) (*look, error) {
	// A protocol that nobody uses: the kernel ends the socket's view of all others.
	const unused = 0x88b6 // IEEE 802, local experiments
	addr := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{unused >> 8, unused & 0xff})}
	if err := unix.Bind(s.fd, addr); err != nil {
		return nil, fmt.Errorf("unbind: %w", err)
	}
	s.looking = false
	l := &look{elapsed: now.Sub(s.began)}
	for {
		n, from, err := unix.Recvfrom(s.fd, s.buf[:], unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if !ok || len(l.seen) >= scoutSample {
			continue
		}
		seen := sighting{leaving: link.Pkttype == packetOutgoing, otherHost: link.Pkttype == packetOtherHost, iface: link.Ifindex}
		if seen.sight(s.buf[:n]) {
			l.seen = append(l.seen, seen)
		}
	}
	stats, err := unix.GetsockoptTpacketStats(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS) // reading sets it to zero
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	l.total = uint64(stats.Packets)
	return l, nil
}

// scoutProgram lets through the beginnings of segments with payload that begins
// like a request or like TLS: of the directions' ports, or where there are none
// of all of them.
func scoutProgram(spec FilterSpec) ([]bpf.Instruction, error) {
	a := &assembler{labels: map[string]int{}}
	all := len(spec.Arriving)+len(spec.Leaving) == 0
	a.emit(bpf.LoadExtension{Num: bpf.ExtType})
	a.jump(bpf.JumpEqual, packetOutgoing, "leaving", "")
	if !all {
		a.jump(bpf.JumpEqual, packetOtherHost, "drop", "")
	}
	a.scope = "arriving: "
	scoutDirection(a, spec.Arriving, all)
	a.scope = ""
	a.label("leaving")
	a.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	a.jump(bpf.JumpEqual, deviceLoopback, "drop", "")
	a.scope = "leaving: "
	scoutDirection(a, spec.Leaving, all)
	a.scope = ""
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	return a.program()
}

// scoutDirection judges the packets of one direction.
func scoutDirection(a *assembler, ports []uint16, all bool) {
	if len(ports) == 0 && !all {
		a.emit(bpf.RetConstant{Val: 0})
		return
	}
	a.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	a.equal("ip4", etherIP4)
	a.jump(bpf.JumpEqual, etherIP6, "", "drop")
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "", "drop")
	a.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: ip6Header})
	a.always("tcp")
	a.label("ip4")
	a.emit(bpf.LoadAbsolute{Off: 9, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "", "drop")
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 2})
	a.jump(bpf.JumpBitsSet, 0x1fff, "drop", "")
	a.emit(bpf.LoadMemShift{Off: 0})
	a.label("tcp")
	if !all && len(ports) <= maxFilterPort {
		a.emit(bpf.LoadIndirect{Off: 2, Size: 2})
		for _, p := range ports {
			a.jump(bpf.JumpEqual, uint32(p), "wanted", "")
		}
		a.always("drop")
	}
	a.label("wanted")
	scoutPayload(a)
}

// scoutPayload judges the payload behind the TCP header at X.
func scoutPayload(a *assembler) {
	a.emit(bpf.LoadIndirect{Off: 12, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
		bpf.LoadIndirect{Off: 0, Size: 4})
	for _, method := range []string{"GET ", "POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC"} {
		a.jump(bpf.JumpEqual, binary.BigEndian.Uint32([]byte(method)), "accept", "")
	}
	const tlsRecord = tlsHandshake<<16 | 3<<8 // and a minor version (RFC 8446 section 5.1)
	a.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 8}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfffff8})
	a.jump(bpf.JumpEqual, tlsRecord, "accept", "")
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("accept")
	a.emit(bpf.RetConstant{Val: scoutBytes})
}
