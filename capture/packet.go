package capture

import (
	"errors"
	"fmt"
	"strconv"
)

// Errors of opening a source. Each comes wrapped in one line for the user.
var (
	// ErrPermission: the process may not open packet sockets.
	ErrPermission = errors.New("no permission to capture: run with sudo, or allow the binary once with setcap cap_net_raw+ep")
	// ErrInterface: an interface does not exist.
	ErrInterface = errors.New("no such interface")
	// ErrUnsupported: this operating system cannot do it.
	ErrUnsupported = errors.New("live capture works on Linux only: read a capture file instead")
)

// A LinkType says how a packet's data begins; the numbers are those of the
// LINKTYPE_ registry, which capture files use.
type LinkType uint32

// The link types that can be decoded.
const (
	LinkNull     LinkType = 0   // BSD loopback: address family in the writer's byte order
	LinkEthernet LinkType = 1   // also 802.1Q, 802.1ad, LLC/SNAP
	LinkPPP      LinkType = 9   // RFC 1661
	LinkRawBSD   LinkType = 12  // IP, as OpenBSD numbers it
	LinkRawOpen  LinkType = 14  // IP, as others do
	LinkRaw      LinkType = 101 // IPv4 or IPv6, by the version nibble
	LinkCHDLC    LinkType = 104 // Cisco HDLC
	LinkLoop     LinkType = 108 // OpenBSD loopback: address family, big endian
	LinkSLL      LinkType = 113 // Linux "any" device, version 1
	LinkIPv4     LinkType = 228
	LinkIPv6     LinkType = 229
	LinkNFLOG    LinkType = 239 // Linux netfilter log
	LinkSLL2     LinkType = 276 // Linux "any" device, version 2

	// LinkCooked is a packet of a Ring: the link header is gone, and
	// Packet.EtherType says what follows. No file has it.
	LinkCooked LinkType = 1 << 16
)

// known reports whether packets of the type can be decoded.
func (t LinkType) known() bool {
	switch t {
	case LinkNull, LinkEthernet, LinkPPP, LinkRawBSD, LinkRawOpen, LinkRaw, LinkCHDLC, LinkLoop, LinkSLL, LinkIPv4, LinkIPv6,
		LinkNFLOG, LinkSLL2, LinkCooked:
		return true
	}
	return false
}

// String names those types that people know, and numbers the rest.
func (t LinkType) String() string {
	if name := linkNames[t]; name != "" {
		return fmt.Sprintf("%d (%s)", uint32(t), name)
	}
	return strconv.Itoa(int(t))
}

// linkNames are of types that are often recorded, and not understood.
var linkNames = map[LinkType]string{
	105: "802.11", 127: "802.11 with radiotap headers", 149: "PKTAP", 192: "802.11 with PPI headers", 195: "802.15.4",
	220: "USB", 258: "PKTAP",
}

// A Packet is what was seen on an interface.
type Packet struct {
	// Time is when it was seen, in nanoseconds since the Unix epoch.
	Time int64

	// Data is the packet as far as it was captured. It is lent for the call of
	// Decode, and what lies in it until the next Next of its source.
	Data []byte

	// WireLen is the number of bytes on the wire, more than len(Data) when the
	// capture cut it.
	WireLen int

	// Link says how Data begins; with LinkCooked, EtherType says what it is.
	Link      LinkType
	EtherType uint16

	// VLAN is the IEEE 802.1Q tag that the kernel took out of Data, 0 for none.
	VLAN uint16

	// Iface is the index of the interface, as the kernel or the file numbers them.
	Iface int

	// Leaving says that this machine sent it, or passed it on.
	Leaving bool

	// wanted are the ports that are wanted in the packet's direction, where its
	// source tells directions apart; nil: the Decoder's. They are a server's of what
	// it is sent or, with fromServer, of what it sends.
	wanted     *portSet
	fromServer bool

	// Checksum is what the source knows of the TCP checksum.
	Checksum Checksum

	// sums, with ChecksumRecorded, is what the file's sums have been so far; it
	// belongs to the File. Without one a file's sums are believed.
	sums *sumTally
}

// A place is where a packet was seen: the same bytes elsewhere belong to
// another packet.
type place struct {
	iface  int32
	vlans  uint32 // the last tags on the way in, 12 bits each, the innermost lowest
	tunnel uint32 // the number of the innermost tunnel, 0 for none
}
