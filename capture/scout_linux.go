package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A Scout looks at what is captured and at what is not, for a while each time: through
// a packet socket for each wanted port, so that a busy one leaves the others their
// share, and one for all other ports. They are opened before privileges are dropped, and
// cost nothing while they do not look. One goroutine at a time may use it.
type Scout struct {
	wanted    []int // the sockets
	elsewhere int
	began     time.Time // of the look under way; zero: there is none
	buf       [scoutBytes]byte
}

// OpenScout opens the sockets to look at so many ports at a time. Errors are those of
// OpenRing.
func OpenScout(ports int) (*Scout, error) {
	s := &Scout{elsewhere: -1}
	var err error
	for range min(max(ports, 1), scoutShares) {
		fd := -1
		if fd, err = openLook(); err != nil {
			break
		}
		s.wanted = append(s.wanted, fd)
	}
	if err == nil {
		s.elsewhere, err = openLook()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openLook opens a socket that sees nothing yet.
func openLook() (fd int, err error) {
	if fd, err = packetSocket(); err != nil {
		return -1, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, scoutBuffer); err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("packet socket's buffer: %w", err)
	}
	return fd, nil
}

// Close closes the sockets.
func (s *Scout) Close() {
	for _, fd := range s.wanted {
		unix.Close(fd)
	}
	if s.wanted = nil; s.elsewhere >= 0 {
		unix.Close(s.elsewhere)
		s.elsewhere = -1
	}
}

// Looking reports since when a look is under way; zero: there is none.
func (s *Scout) Looking() time.Time { return s.began }

// Begin begins to look.
func (s *Scout) Begin(g Gaze, now time.Time) error {
	if _, err := s.End(now); err != nil { // what is left of the look before
		return err
	}
	ports := slices.Compact(slices.Sorted(slices.Values(slices.Concat(g.Arriving, g.Leaving))))
	for i, fd := range s.wanted {
		others := func(p uint16) bool { return slices.Index(ports, p)%len(s.wanted) != i }
		spec := FilterSpec{Tunnels: true, OtherHosts: g.OtherHosts}
		spec.Arriving = slices.DeleteFunc(slices.Clone(g.Arriving), others)
		spec.Leaving = slices.DeleteFunc(slices.Clone(g.Leaving), others)
		if len(spec.Arriving)+len(spec.Leaving) == 0 {
			continue
		}
		program, err := spec.Program()
		if err != nil {
			return err
		}
		if err := s.watch(fd, program); err != nil {
			return err
		}
	}
	if g.Elsewhere {
		program, err := elsewhereProgram(ports)
		if err != nil {
			return err
		}
		if err := s.watch(s.elsewhere, program); err != nil {
			return err
		}
	}
	s.began = now
	return nil
}

// watch lets what a filter lets through into a socket.
func (s *Scout) watch(fd int, program []bpf.Instruction) error {
	if err := attachFilter(fd, program); err != nil {
		return fmt.Errorf("attach a filter: %w", err)
	}
	if err := s.drain(fd); err != nil {
		return err
	}
	if err := bindPacket(fd, 0); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	return nil
}

// End ends the look, and tells what was seen.
func (s *Scout) End(now time.Time) (*Look, error) {
	l := &Look{Elapsed: now.Sub(s.began)}
	s.began = time.Time{}
	all := append(slices.Clone(s.wanted), s.elsewhere)
	for _, fd := range all {
		// A protocol that nobody uses: the kernel ends the socket's view of all others.
		const unused = 0x88b6 // IEEE 802, local experiments
		addr := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{unused >> 8, unused & 0xff})}
		if err := unix.Bind(fd, addr); err != nil {
			return nil, fmt.Errorf("unbind: %w", err)
		}
	}
	for _, fd := range all {
		sample, err := s.read(fd)
		if err != nil {
			return nil, err
		}
		l.Wanted = append(l.Wanted, sample)
	}
	last := len(l.Wanted) - 1
	l.Wanted, l.Elsewhere = l.Wanted[:last], l.Wanted[last]
	return l, nil
}

// drain forgets what a socket holds, and its counters.
func (s *Scout) drain(fd int) error {
	_, err := s.read(fd)
	return err
}

// read reads what a socket has seen.
func (s *Scout) read(fd int) (sample Sample, err error) {
	spotter := newSpotter()
	for {
		n, from, err := unix.Recvfrom(fd, s.buf[:], unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN) {
			continue
		}
		if err != nil {
			return sample, fmt.Errorf("read: %w", err)
		}
		link, ok := from.(*unix.SockaddrLinklayer)
		if !ok || len(sample.Seen) >= scoutSample {
			continue
		}
		etherType := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, link.Protocol))
		if seen, ok := spotter.spot(s.buf[:n], etherType, n < len(s.buf)); ok {
			seen.Payload = slices.Clone(seen.Payload)
			seen.Iface, seen.Leaving, seen.OtherHost = link.Ifindex, link.Pkttype == packetOutgoing, link.Pkttype == packetOtherHost
			sample.Seen = append(sample.Seen, seen)
		}
	}
	stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS) // reading sets it to zero
	if err != nil {
		return sample, fmt.Errorf("count: %w", err)
	}
	sample.Total = uint64(stats.Packets)
	return sample, nil
}

// elsewhereProgram lets through the beginnings of segments whose payload begins like
// a request, like HTTP/2 or like TLS, to all ports but those given.
func elsewhereProgram(but []uint16) ([]bpf.Instruction, error) {
	a := &assembler{labels: map[string]int{}}
	a.emit(bpf.LoadExtension{Num: bpf.ExtType})
	a.jump(bpf.JumpEqual, packetOutgoing, "", "packet")
	a.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	a.jump(bpf.JumpEqual, deviceLoopback, "drop", "") // it arrives there, too
	a.label("packet")
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
	if len(but) <= maxFilterPort {
		a.emit(bpf.LoadIndirect{Off: 2, Size: 2})
		for _, p := range but {
			a.jump(bpf.JumpEqual, uint32(p), "drop", "")
		}
	}
	beginningProgram(a)
	return a.program()
}

// beginningProgram judges the payload behind the TCP header at X.
func beginningProgram(a *assembler) {
	a.emit(bpf.LoadIndirect{Off: 12, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
		bpf.LoadIndirect{Off: 0, Size: 4})
	for _, method := range []string{"GET ", "POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC", "PRI "} {
		a.jump(bpf.JumpEqual, binary.BigEndian.Uint32([]byte(method)), "accept", "")
	}
	const tlsRecord = 22<<16 | 3<<8 // a handshake, and a minor version (RFC 8446 section 5.1)
	a.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 8}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfffff8})
	a.jump(bpf.JumpEqual, tlsRecord, "accept", "")
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("accept")
	a.emit(bpf.RetConstant{Val: scoutBytes})
}
