//go:build linux

package live

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A tagger does in this process what a VLAN interface does in kernels that have
// them: what is sent by the one at its upper end goes out of the interface below
// with a tag, and what comes there with that tag comes out at the upper end without.
// So a packet socket sees each packet twice, as beside a VLAN interface: with the
// kernel's note of the tag, and without.
type tagger struct {
	tap   *os.File // the upper end: Ethernet frames
	lower int      // a packet socket of the interface below
	below int      // its index
	id    uint16
}

// vlan joins an interface with the VLAN of this number above another one.
func (n *namespace) vlan(lower, name, addr string, id uint16) {
	n.t.Helper()
	var t *tagger
	var err error
	var below *net.Interface
	n.do(func() {
		if below, err = net.InterfaceByName(lower); err == nil {
			t, err = newTagger(below.Index, name, id)
		}
	})
	if err != nil {
		n.t.Fatalf("a VLAN above %s: %v", lower, err)
	}
	n.ip("link set " + name + " address " + below.HardwareAddr.String())
	n.ip("addr add " + addr + " dev " + name)
	n.ip("link set " + name + " up")
	n.t.Cleanup(func() { t.tap.Close() })
	go t.down() // ends with the tap
	go t.up()   // ends with the interface below, and so with the namespace
}

func newTagger(below int, name string, id uint16) (*tagger, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		return nil, fmt.Errorf("a tap: %w", err)
	}
	t := &tagger{tap: os.NewFile(uintptr(fd), name), below: below, id: id}
	if t.lower, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	for _, option := range []int{unix.PACKET_AUXDATA, unix.PACKET_IGNORE_OUTGOING} {
		if err := unix.SetsockoptInt(t.lower, unix.SOL_PACKET, option, 1); err != nil {
			return nil, err
		}
	}
	const all = uint16(unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8) // network byte order
	return t, unix.Bind(t.lower, &unix.SockaddrLinklayer{Protocol: all, Ifindex: t.below})
}

// down tags what is sent.
func (t *tagger) down() {
	frame := make([]byte, 1<<16)
	for {
		n, err := t.tap.Read(frame[4:])
		if err != nil {
			return
		}
		copy(frame, frame[4:16]) // the addresses move to the front
		binary.BigEndian.PutUint16(frame[12:], unix.ETH_P_8021Q)
		binary.BigEndian.PutUint16(frame[14:], t.id)
		unix.Sendto(t.lower, frame[:n+4], 0, &unix.SockaddrLinklayer{Ifindex: t.below}) // what is lost is sent again
	}
}

// up takes the tags off, or rather: the kernel has.
func (t *tagger) up() {
	defer unix.Close(t.lower)
	frame, control := make([]byte, 1<<16), make([]byte, 256)
	for {
		n, m, _, _, err := unix.Recvmsg(t.lower, frame, control, 0)
		if err != nil {
			return
		}
		if tagOf(control[:m]) == t.id {
			if _, err := t.tap.Write(frame[:n]); err != nil {
				return
			}
		}
	}
}

// tagOf is the number of the VLAN that a packet's ancillary data names, or 0.
func tagOf(control []byte) uint16 {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= int(unsafe.Sizeof(unix.TpacketAuxdata{})) {
			if a := (*unix.TpacketAuxdata)(unsafe.Pointer(&m.Data[0])); a.Status&unix.TP_STATUS_VLAN_VALID != 0 {
				return a.Vlan_tci & 0xfff
			}
		}
	}
	return 0
}

// TestVantageTagged: what comes with a tag, and again without it by the interface
// of its VLAN, is seen once. The kernel need not have such interfaces.
func TestVantageTagged(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		name, args string
		bridge     bool
	}{{"auto", "auto", false}, {"both", "both", false}, {"bridge over VLAN", "both", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.client.vlan("c0", "c0.5", "10.99.5.2/24", 5)
			if test.bridge {
				m.web.ip("link add br0 type bridge")
				m.web.ip("link set br0 up")
				m.web.ip("addr add 10.99.5.1/24 dev br0")
				m.web.vlan("w0", "w0.5", "192.0.2.1/32", 5)
				m.web.ip("link set w0.5 master br0")
			} else {
				m.web.vlan("w0", "w0.5", "10.99.5.1/24", 5)
			}
			m.startServer()
			m.replay()
			m.watch("-p", "80", "--direction", test.args)
			gets, posts := m.newLoad(1, 1000), m.newLoad(10000, 20)
			gets.to, posts.to, posts.body = "10.99.5.1:80", "10.99.5.1:80", 100_000
			m.run(gets)
			m.run(posts)
			listen, _ := m.mirrored(gets, posts)
			if seen, captured := listen.Packets["segments"], listen.Requests["captured"]; seen < 2*captured {
				t.Errorf("%d segments of %d requests: nothing was seen twice", seen, captured)
			}
		})
	}
}
