//go:build linux

package live

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestLiveTunnels mirrors what a cloud's traffic mirroring sends to a machine,
// copies of other machines' packets inside VXLAN or GENEVE, and what a switch's
// mirror port does, the frames themselves. None is addressed to port 80 of this
// machine, and no socket receives them; the frames have other machines' addresses,
// too.
func TestLiveTunnels(t *testing.T) {
	for _, test := range []struct {
		name  string
		send  func(m *mirror) func(packet []byte) error
		wraps func(tcp []byte) (packets [][]byte)
	}{
		{"VXLAN", overUDP(4789), func(tcp []byte) [][]byte {
			return [][]byte{slices.Concat([]byte{8, 0, 0, 0, 0, 0, 42, 0}, frame(etherIPv4, ipv4(tcp)))}
		}},
		{"GENEVE", overUDP(6081), func(tcp []byte) [][]byte {
			return [][]byte{slices.Concat([]byte{0, 0, 0x65, 0x58, 0, 0, 42, 0}, frame(etherIPv4, ipv4(tcp)))}
		}},
		{"GENEVE with an option and IPv4", overUDP(6081), func(tcp []byte) [][]byte {
			return [][]byte{slices.Concat([]byte{2, 0, 8, 0, 0, 0, 42, 0, 1, 2, 3, 1, 9, 9, 9, 9}, ipv4(tcp))}
		}},
		{"plain frames", asFrames, func(tcp []byte) [][]byte { return [][]byte{frame(etherIPv4, ipv4(tcp))} }},
		{"VLAN", asFrames, func(tcp []byte) [][]byte { return [][]byte{frame(vlan7+etherIPv4, ipv4(tcp))} }},
		{"VLAN in VLAN", asFrames, func(tcp []byte) [][]byte {
			return [][]byte{frame("\x88\xa8\x00\x05"+vlan7+etherIPv4, ipv4(tcp))}
		}},
		{"fragments", asFrames, func(tcp []byte) (packets [][]byte) {
			for _, fragment := range ipv4Fragments(tcp, 400) {
				packets = append(packets, frame(etherIPv4, fragment))
			}
			return packets
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.replay()
			m.listen("--promisc")
			send := test.send(m)
			transmit := func(seq uint32, flags byte, payload []byte) {
				t.Helper()
				for _, packet := range test.wraps(tcpSegment(seq, flags, payload)) {
					if err := send(packet); err != nil {
						t.Fatal(err)
					}
				}
			}
			const syn, ack, psh = 0x02, 0x10, 0x08
			const requests = 50
			c := &client{load: &load{body: 2000}, name: 1}
			seq := uint32(0xffff_f000) // wraps
			transmit(seq, syn, nil)
			seq++
			for id := range uint64(requests) {
				for part := range slices.Chunk(c.append(nil, id), 1200) {
					transmit(seq, ack|psh, part)
					seq += uint32(len(part))
				}
			}
			m.mirrored(&load{first: 0, count: requests})
		})
	}
}

// TestLiveOtherHosts: a frame for another machine is none of ours without
// --promisc, however it came; the same packet with our address is.
func TestLiveOtherHosts(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.replay()
	m.listen()
	var link *net.Interface
	var err error
	m.web.do(func() { link, err = net.InterfaceByName("w0") })
	if err != nil {
		t.Fatal(err)
	}
	send := asFrames(m)
	c := &client{load: &load{}, name: 1}
	theirs, ours := c.append(nil, 0), c.append(nil, 1)
	to := func(mac []byte, tcp []byte) {
		t.Helper()
		if err := send(slices.Concat(mac, frame(etherIPv4, ipv4(tcp))[len(mac):])); err != nil {
			t.Fatal(err)
		}
	}
	const ack, psh, fin = 0x10, 0x08, 0x01
	to([]byte{2, 0, 0, 0, 0, 9}, tcpSegment(1, ack|psh, theirs))
	to(link.HardwareAddr, tcpSegment(1, ack|psh, ours))
	to(link.HardwareAddr, tcpSegment(1+uint32(len(ours)), ack|fin, nil))
	m.mirrored(&load{first: 1, count: 1})
}

// overUDP sends packets as datagrams to a port of web that nobody listens on.
func overUDP(port uint16) func(*mirror) func([]byte) error {
	return func(m *mirror) func([]byte) error {
		conn := m.client.listenUDP(":0")
		to := netip.AddrPortFrom(netip.MustParseAddr("10.99.1.1"), port)
		return func(packet []byte) error {
			_, err := conn.WriteToUDPAddrPort(packet, to)
			return err
		}
	}
}

// asFrames puts frames on the link to web as they are.
func asFrames(m *mirror) func([]byte) error {
	var fd, ifindex int
	var err error
	m.client.do(func() {
		var link *net.Interface
		if link, err = net.InterfaceByName("c0"); err == nil {
			ifindex = link.Index
			fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		}
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { unix.Close(fd) })
	return func(packet []byte) error {
		return unix.Sendto(fd, packet, 0, &unix.SockaddrLinklayer{Ifindex: ifindex})
	}
}

// tcpSegment is a segment from port 40000 to port 80 with the checksum that it
// has between the addresses of ipv4Fragments.
func tcpSegment(seq uint32, flags byte, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	binary.BigEndian.PutUint16(b[0:], 40000)
	binary.BigEndian.PutUint16(b[2:], 80)
	binary.BigEndian.PutUint32(b[4:], seq)
	binary.BigEndian.PutUint32(b[8:], 1)
	b[12], b[13] = 5<<4, flags
	binary.BigEndian.PutUint16(b[14:], 0xffff)
	b = append(b, payload...)
	pseudo := []byte{192, 168, 7, 2, 192, 168, 7, 1, 0, 6, byte(len(b) >> 8), byte(len(b))}
	binary.BigEndian.PutUint16(b[16:], internetSum(slices.Concat(pseudo, b)))
	return b
}

// internetSum is the checksum of RFC 1071.
func internetSum(b []byte) uint16 {
	sum := uint32(0)
	for i := range b {
		sum += uint32(b[i]) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// ipv4 is the packet that carries a TCP segment from 192.168.7.2 to 192.168.7.1.
func ipv4(tcp []byte) []byte { return ipv4Fragments(tcp, len(tcp))[0] }

// ipv4Fragments are the packets that carry it in parts of size bytes, a multiple
// of 8, the last one first.
func ipv4Fragments(tcp []byte, size int) (fragments [][]byte) {
	const moreFragments = 0x2000
	id, offset := binary.BigEndian.Uint16(tcp[6:]), 0 // of the sequence number: differs from packet to packet
	for part := range slices.Chunk(tcp, size) {
		b := []byte{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0, 192, 168, 7, 2, 192, 168, 7, 1}
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(part)))
		binary.BigEndian.PutUint16(b[4:], id)
		where := uint16(offset / 8)
		if offset += len(part); offset < len(tcp) {
			where |= moreFragments
		}
		binary.BigEndian.PutUint16(b[6:], where)
		fragments = slices.Insert(fragments, 0, append(b, part...))
	}
	return fragments
}

const (
	etherIPv4 = "\x08\x00"
	vlan7     = "\x81\x00\x00\x07"
)

// frame is an Ethernet frame between two other machines; kind is what stands
// between the addresses and the payload.
func frame(kind string, payload []byte) []byte {
	return slices.Concat([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, []byte(kind), payload)
}
