//go:build linux

package live

import (
	"cmp"
	"encoding/binary"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A rawHost is a machine beside client whose TCP is the test's own: it sends
// exactly the segments that a test asks for, through a packet socket. No kernel
// owns its address, so none responds to what the web server sends it.
//
// The network card computes nothing for it: its checksums are complete, and the
// web server's kernel verifies them, as it does with what comes by a wire.
type rawHost struct {
	t     testing.TB
	fd    int         // a packet socket on client's interface
	web   [6]byte     // the hardware address of the web server
	next  uint16      // the port of the next connection
	ident uint16      // of the last IP datagram
	sends chan func() // run by the thread that sends
	conns map[uint16]*rawConn
	buf   [1 << 17]byte // a received frame; offloads make those of 64 KiB
}

var (
	rawAddr = netip.MustParseAddr("10.99.1.66")
	rawMAC  = [6]byte{0x02, 0, 0, 0, 0, 0x42}
)

// newRawHost puts a host beside client.
func (m *mirror) newRawHost() *rawHost {
	m.t.Helper()
	h := &rawHost{t: m.t, next: 20000, sends: make(chan func()), conns: make(map[uint16]*rawConn)}
	m.web.ip("neigh replace " + rawAddr.String() + " lladdr " + net.HardwareAddr(rawMAC[:]).String() + " dev w0 nud permanent")
	var link *net.Interface
	var err error
	m.web.do(func() { link, err = net.InterfaceByName("w0") })
	if err != nil {
		m.t.Fatal(err)
	}
	copy(h.web[:], link.HardwareAddr)
	m.client.do(func() { h.fd, err = openFrames("c0") })
	if err != nil {
		m.t.Fatal(err)
	}
	var ended sync.WaitGroup
	ended.Go(h.sender)
	m.t.Cleanup(func() {
		close(h.sends)
		ended.Wait()
		unix.Close(h.fd)
	})
	return h
}

// openFrames opens a packet socket for whole Ethernet frames of an interface. A
// read from it waits no more than a tenth of a second.
func openFrames(name string) (int, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	protocol := binary.NativeEndian.Uint16([]byte{unix.ETH_P_IP >> 8, unix.ETH_P_IP & 0xff})
	for _, step := range []func() error{
		func() error { return unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1) },
		func() error {
			return unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000})
		},
		func() error { return unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: link.Index}) },
	} {
		if err := step(); err != nil {
			unix.Close(fd)
			return 0, err
		}
	}
	return fd, nil
}

// sender is the thread that sends. It stays on one processor: a veth pair hands
// packets over in a queue per processor, and the queues keep no order among them.
func (h *rawHost) sender() {
	runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
	var cpus unix.CPUSet
	if err := unix.SchedGetaffinity(0, &cpus); err == nil {
		for i := range 1024 {
			if cpus.IsSet(i) {
				cpus.Zero()
				cpus.Set(i)
				break
			}
		}
		unix.SchedSetaffinity(0, &cpus)
	}
	for send := range h.sends {
		send()
	}
}

// send puts IP packets on the wire, in this order.
func (h *rawHost) send(packets ...[]byte) {
	h.t.Helper()
	var failed error
	done := make(chan struct{})
	h.sends <- func() {
		defer close(done)
		for _, p := range packets {
			frame := append(append(append(make([]byte, 0, 14+len(p)), h.web[:]...), rawMAC[:]...), 0x08, 0x00)
			if _, err := unix.Write(h.fd, append(frame, p...)); err != nil {
				failed = err
			}
		}
	}
	if <-done; failed != nil {
		h.t.Fatalf("send a frame: %v", failed)
	}
}

// await takes in what arrives until cond is true.
func (h *rawHost) await(what string, cond func() bool) {
	h.t.Helper()
	for limit := time.Now().Add(patience); !cond(); {
		if time.Now().After(limit) {
			h.t.Fatalf("no %s", what)
		}
		n, err := unix.Read(h.fd, h.buf[:])
		if err != nil { // nothing came for a tenth of a second
			continue
		}
		h.take(h.buf[:n])
	}
}

// take gives a frame to the connection that it is of.
func (h *rawHost) take(frame []byte) {
	if len(frame) < 54 || frame[23] != unix.IPPROTO_TCP || [4]byte(frame[30:]) != rawAddr.As4() {
		return
	}
	ip := frame[14:]
	header := int(ip[0]&15) * 4
	tcp := ip[header:max(header, min(len(ip), int(binary.BigEndian.Uint16(ip[2:]))))]
	if len(tcp) < 20 {
		return
	}
	if c := h.conns[binary.BigEndian.Uint16(tcp[2:])]; c != nil {
		c.take(tcp)
	}
}

// A rawConn is a connection of a rawHost to the web server's port 80.
type rawConn struct {
	h     *rawHost
	port  uint16
	isn   uint32 // the sequence number of its SYN
	ack   uint32 // the next byte that the server sends
	open  bool   // the server's SYN has come
	ended bool   // a FIN or RST of the server has come
	acked uint32 // what the server has acknowledged
	read  strings.Builder
}

// A segment is what a test sends. Its payload begins at bytes behind the first
// byte of the stream.
type segment struct {
	at      int
	flags   byte // besides ACK; 0 stands for PSH
	data    string
	urgent  uint16
	damaged bool // its checksum is wrong
}

// The TCP flags (RFC 9293 section 3.1).
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
	flagURG
)

// connect opens a connection.
func (h *rawHost) connect() *rawConn {
	h.t.Helper()
	h.next++
	c := &rawConn{h: h, port: h.next, isn: -uint32(h.next%7) * 60} // most wrap around
	h.conns[c.port] = c
	h.send(c.packet(segment{at: -1, flags: flagSYN}))
	h.await("SYN of the server", func() bool { return c.open })
	h.send(c.packet(segment{flags: flagACK}))
	return c
}

// send sends segments in this order.
func (c *rawConn) send(segments ...segment) {
	c.h.t.Helper()
	packets := make([][]byte, len(segments))
	for i, s := range segments {
		packets[i] = c.packet(s)
	}
	c.h.send(packets...)
}

// responses waits for n responses in all, and confirms them.
func (c *rawConn) responses(n int) {
	c.h.t.Helper()
	c.h.await("response", func() bool { return strings.Count(c.read.String(), "HTTP/1.1 ") >= n })
	c.send(segment{at: int(c.acked - c.isn - 1), flags: flagACK})
}

// status is the status code of the first response.
func (c *rawConn) status() string {
	_, rest, _ := strings.Cut(c.read.String(), "HTTP/1.1 ")
	return rest[:min(3, len(rest))]
}

// closed waits until the server has closed the connection.
func (c *rawConn) closed() {
	c.h.t.Helper()
	c.h.await("end by the server", func() bool { return c.ended })
}

// take takes in a segment of the server.
func (c *rawConn) take(tcp []byte) {
	at, flags := binary.BigEndian.Uint32(tcp[4:]), tcp[13]
	if flags&flagRST != 0 {
		c.ended = true
		return
	}
	if flags&flagACK != 0 {
		c.acked = binary.BigEndian.Uint32(tcp[8:])
	}
	if flags&flagSYN != 0 {
		c.open, c.ack = true, at+1
		return
	}
	data := tcp[int(tcp[12]>>4)*4:]
	if at != c.ack { // again: a veth pair loses nothing
		return
	}
	c.read.Write(data)
	c.ack += uint32(len(data))
	if flags&flagFIN != 0 {
		c.ended = true
		c.ack++
	}
}

// packet makes an IPv4 packet of a segment (RFC 791, RFC 9293 section 3.1).
func (c *rawConn) packet(s segment) []byte {
	c.h.ident++
	p := make([]byte, 40, 40+len(s.data))
	p[0], p[8], p[9] = 0x45, 64, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(p[2:], uint16(40+len(s.data)))
	binary.BigEndian.PutUint16(p[4:], c.h.ident)
	from, to := rawAddr.As4(), netip.MustParseAddrPort(webAddr).Addr().As4()
	copy(p[12:], from[:])
	copy(p[16:], to[:])
	seal(p)
	tcp := p[20:]
	binary.BigEndian.PutUint16(tcp[0:], c.port)
	binary.BigEndian.PutUint16(tcp[2:], 80)
	binary.BigEndian.PutUint32(tcp[4:], c.isn+1+uint32(s.at))
	tcp[12], tcp[13] = 0x50, cmp.Or(s.flags, flagPSH)
	if s.flags&flagSYN == 0 || c.open {
		tcp[13] |= flagACK
		binary.BigEndian.PutUint32(tcp[8:], c.ack)
	}
	binary.BigEndian.PutUint16(tcp[14:], 0xffff)
	binary.BigEndian.PutUint16(tcp[18:], s.urgent)
	p = append(p, s.data...)
	pseudo := onesSum(uint32(unix.IPPROTO_TCP+len(p)-20), p[12:20])
	sum := ^foldOnes(onesSum(pseudo, p[20:]))
	if s.damaged {
		sum ^= 0x0101
	}
	binary.BigEndian.PutUint16(p[36:], sum)
	return p
}

// seal computes the checksum of an IPv4 header.
func seal(p []byte) {
	p[10], p[11] = 0, 0
	binary.BigEndian.PutUint16(p[10:], ^foldOnes(onesSum(0, p[:20])))
}

// onesSum adds the 16-bit words of b to a checksum (RFC 1071).
func onesSum(sum uint32, b []byte) uint32 {
	for i, v := range b {
		sum += uint32(v) << (8 * (1 - i%2))
	}
	return sum
}

// foldOnes makes 16 bits of a sum.
func foldOnes(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// fragment cuts an IP packet into the parts that begin at multiples of 8 bytes
// of its payload: from and to are such numbers, to may be the payload's end.
func fragment(packet []byte, from, to int) []byte {
	payload := packet[20:]
	p := append(append([]byte(nil), packet[:20]...), payload[from:to]...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	field := uint16(from / 8)
	if to < len(payload) {
		field |= 0x2000 // more fragments
	}
	binary.BigEndian.PutUint16(p[6:], field)
	seal(p)
	return p
}
