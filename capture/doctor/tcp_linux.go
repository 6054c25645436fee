package doctor

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// The parts of linux/inet_diag.h and linux/tcp.h that are needed.
const (
	diagEntrySize = 72 // struct inet_diag_msg
	diagInode     = 68 // its last field
	diagInfo      = 2  // INET_DIAG_INFO: struct tcp_info
	infoReceived  = 128

	listening   = 1 << 10
	established = 1<<1 | 1<<4 | 1<<5 | 1<<6 | 1<<8 | 1<<9 // and the states of its end, in which the addresses are known
)

// A tcpSocket is one as the kernel lists it.
type tcpSocket struct {
	local, remote netip.AddrPort
	inode         uint32
	received      uint64 // bytes
}

// tcp lists sockets in some states; port 0: of all ports.
func (d *diag) tcp(states uint32, port uint16) (all []tcpSocket, err error) {
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		extensions := byte(0)
		if states != listening {
			extensions = 1 << (diagInfo - 1)
		}
		body := []byte{family, unix.IPPROTO_TCP, extensions, 0}
		body = binary.NativeEndian.AppendUint32(body, states)
		body = append(body, make([]byte, 48)...) // struct inet_diag_sockid: any
		if port != 0 {
			body = append(body, portProgram(port)...)
		}
		if err = d.ask(body, func(entry []byte) {
			if s, ok := tcpEntry(entry); ok {
				all = append(all, s)
			}
		}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// portProgram is an attribute with a program that lets through the sockets of a local
// port (INET_DIAG_REQ_BYTECODE): two comparisons, each an instruction and its operand,
// with the ways from there on if it holds and if not. To jump behind the end, by four
// bytes, is no.
func portProgram(port uint16) []byte {
	const bytecode, atLeast, atMost = 1, 2, 3
	op := func(b []byte, code, yes byte, no uint16) []byte {
		return binary.NativeEndian.AppendUint16(append(b, code, yes), no)
	}
	b := binary.NativeEndian.AppendUint16(nil, unix.SizeofNlAttr+16)
	b = binary.NativeEndian.AppendUint16(b, bytecode)
	b = op(op(b, atLeast, 8, 16+4), 0, 0, port)
	return op(op(b, atMost, 8, 8+4), 0, 0, port)
}

// tcpEntry reads struct inet_diag_msg and the attributes behind it.
func tcpEntry(b []byte) (s tcpSocket, ok bool) {
	if len(b) < diagEntrySize {
		return s, false
	}
	addr := func(at int) netip.Addr {
		if b[0] == unix.AF_INET {
			return netip.AddrFrom4([4]byte(b[at:]))
		}
		return netip.AddrFrom16([16]byte(b[at:])).Unmap()
	}
	s.local = netip.AddrPortFrom(addr(8), binary.BigEndian.Uint16(b[4:]))
	s.remote = netip.AddrPortFrom(addr(24), binary.BigEndian.Uint16(b[6:]))
	s.inode = binary.NativeEndian.Uint32(b[diagInode:])
	for kind, value := range attributes(b[diagEntrySize:]) {
		if kind == diagInfo && len(value) >= infoReceived+8 {
			s.received = binary.NativeEndian.Uint64(value[infoReceived:])
		}
	}
	return s, true
}

// servers lists what listens.
func (d *diag) servers() (all []Server, err error) {
	found, err := d.tcp(listening, 0)
	for _, s := range found {
		all = append(all, Server{Addr: s.local, inode: s.inode})
	}
	return all, err
}
