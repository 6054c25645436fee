//go:build linux

package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The yardstick of the listener's cost: the least that anything does which
// captures requests and sends them on. It walks a TPACKET_V3 ring behind a
// filter like the listener's and sends every TCP payload by UDP, many at once.
// It orders nothing, looks for no request and could not tell if one were lost.

const (
	yardBlock    = 128 << 10 // the ring is as the listener's
	yardBlocks   = 512
	yardRetire   = 8 // ms
	yardDatagram = 1400
	yardBatch    = 40 * yardDatagram // UDP GSO takes at most 64 datagrams and 64 KB
)

// yardstick runs it until SIGINT; its argument is the address to send to.
func yardstick(args []string, stderr io.Writer) int {
	y, err := newYard(args[0])
	if err != nil {
		fmt.Fprintln(stderr, "yardstick:", err)
		return 1
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	var stopped atomic.Bool
	go func() { <-stop; stopped.Store(true) }()
	fmt.Fprintln(stderr, "ready")
	if err := y.walk(&stopped); err != nil {
		fmt.Fprintln(stderr, "yardstick:", err)
		return 1
	}
	fmt.Fprintf(stderr, "%d packets, %d bytes\n", y.packets, y.bytes)
	return 0
}

type yard struct {
	fd, out        int
	ring           []byte
	batch          []byte
	packets, bytes uint64
}

func newYard(to string) (*yard, error) {
	addr, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, err
	}
	y := &yard{batch: make([]byte, 0, yardBatch)}
	if y.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	program, err := yardFilter(80)
	if err != nil {
		return nil, err
	}
	request := unix.TpacketReq3{
		Block_size: yardBlock, Block_nr: yardBlocks, Frame_size: 2048,
		Frame_nr: yardBlock / 2048 * yardBlocks, Retire_blk_tov: yardRetire,
	}
	err = errors.Join(
		unix.SetsockoptSockFprog(y.fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program),
		unix.SetsockoptInt(y.fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3),
		unix.SetsockoptInt(y.fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptTpacketReq3(y.fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &request),
	)
	if err != nil {
		return nil, err
	}
	if y.ring, err = unix.Mmap(y.fd, 0, yardBlock*yardBlocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, err
	}
	const allProtocols = uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8) // network byte order
	if err := unix.Bind(y.fd, &unix.SockaddrLinklayer{Protocol: allProtocols}); err != nil {
		return nil, err
	}
	if y.out, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	return y, errors.Join(
		unix.Connect(y.out, &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}),
		unix.SetsockoptInt(y.out, unix.IPPROTO_UDP, unix.UDP_SEGMENT, yardDatagram),
	)
}

// yardFilter passes IPv4 TCP segments to the port that carry payload.
func yardFilter(port uint32) (*unix.SockFprog, error) {
	raw, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtProto},
		bpf.JumpIf{Val: unix.ETH_P_IP, SkipFalse: 13},
		bpf.LoadAbsolute{Off: 9, Size: 1},
		bpf.JumpIf{Val: unix.IPPROTO_TCP, SkipFalse: 11},
		bpf.LoadMemShift{Off: 0},
		bpf.LoadIndirect{Off: 2, Size: 2},
		bpf.JumpIf{Val: port, SkipFalse: 8},
		bpf.LoadIndirect{Off: 12, Size: 1}, // length of the TCP header, in the upper half
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3c},
		bpf.ALUOpX{Op: bpf.ALUOpAdd},
		bpf.TAX{}, // X = all headers
		bpf.LoadAbsolute{Off: 2, Size: 2},
		bpf.JumpIfX{Cond: bpf.JumpGreaterThan, SkipFalse: 1},
		bpf.RetConstant{Val: 1 << 18},
		bpf.RetConstant{Val: 0},
	})
	if err != nil {
		return nil, err
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}, nil
}

func (y *yard) walk(stopped *atomic.Bool) error {
	runtime.LockOSThread()
	for block := 0; !stopped.Load(); {
		b := y.ring[block*yardBlock : (block+1)*yardBlock]
		head := (*unix.TpacketHdrV1)(unsafe.Pointer(&b[8])) // after version and offset_to_priv
		if atomic.LoadUint32(&head.Block_status)&unix.TP_STATUS_USER == 0 {
			if err := y.flush(); err != nil {
				return err
			}
			poll := unix.PollFd{Fd: int32(y.fd), Events: unix.POLLIN}
			timeout := unix.NsecToTimespec(100e6) // to see that it is stopped
			_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&poll)), 1, uintptr(unsafe.Pointer(&timeout)), 0, 0, 0)
			if errno != 0 && errno != unix.EINTR {
				return errno
			}
			continue
		}
		offset := head.Offset_to_first_pkt
		for range head.Num_pkts {
			packet := (*unix.Tpacket3Hdr)(unsafe.Pointer(&b[offset]))
			from := offset + uint32(packet.Net)
			if err := y.ship(b[from : from+packet.Snaplen]); err != nil {
				return err
			}
			offset += packet.Next_offset
		}
		atomic.StoreUint32(&head.Block_status, unix.TP_STATUS_KERNEL)
		block = (block + 1) % yardBlocks
	}
	return nil
}

// ship adds a packet's payload to the batch; the filter has seen its headers.
func (y *yard) ship(ip []byte) error {
	header := int(ip[0]&15) * 4
	payload := ip[header+int(ip[header+12]>>4)*4 : binary.BigEndian.Uint16(ip[2:])]
	y.packets++
	y.bytes += uint64(len(payload))
	for len(payload) > 0 {
		if len(y.batch) == cap(y.batch) {
			if err := y.flush(); err != nil {
				return err
			}
		}
		n := min(len(payload), cap(y.batch)-len(y.batch))
		y.batch = append(y.batch, payload[:n]...)
		payload = payload[n:]
	}
	return nil
}

func (y *yard) flush() error {
	if len(y.batch) == 0 {
		return nil
	}
	_, _, err := unix.RawSyscall(unix.SYS_WRITE, uintptr(y.out), uintptr(unsafe.Pointer(&y.batch[0])), uintptr(len(y.batch)))
	y.batch = y.batch[:0]
	if err != 0 && err != unix.ECONNREFUSED {
		return &net.OpError{Op: "write", Net: "udp", Err: err}
	}
	return nil
}
