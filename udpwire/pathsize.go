package udpwire

import (
	"net/netip"
	"slices"
)

// A pathSize is how large the datagrams on a path may be, as UDP payload.
type pathSize struct {
	candidates []int // To be tried by padded HEARTBEATs, largest first.
	full       int   // Of a full DATA datagram: what the path has proven to carry, or the least candidate until then.
}

// Sizes in bytes.
const (
	largeDatagram = 60000  // on loopback: one call, one copy
	safeDatagram  = 1200   // RFC 9000 section 14: every path of today carries it
	ipv6Headers   = 40 + 8 // IPv6 and UDP
	tunnelRoom    = 80     // what a tunnel on the way may take: WireGuard over IPv6
	ethernetMTU   = 1500   // supposed when the system does not say
	bsdMTU        = 9216   // the largest datagram that BSD systems send on loopback unless told otherwise
	anyMTU        = 65535  // from here on an interface carries whatever UDP does
)

// newPathSize returns what to try on a path to an address. mtu is the IP packet size that the user gave, path what the
// kernel knows of it; 0: nothing.
func newPathSize(mtu, path int, to netip.Addr) pathSize {
	sizes := datagramSizes(mtu, path, to)
	return pathSize{candidates: sizes, full: sizes[len(sizes)-1]}
}

// datagramSizes returns the candidates of a path.
func datagramSizes(mtu, path int, to netip.Addr) []int {
	if mtu > 0 {
		return []int{min(max(mtu-ipv6Headers, minDatagram), largeDatagram)}
	}
	if path == 0 {
		path = ethernetMTU
		if to.IsLoopback() {
			path = bsdMTU
		}
	}
	if path >= anyMTU {
		return []int{largeDatagram, safeDatagram}
	}
	best := max(path-ipv6Headers, safeDatagram)
	return slices.Compact([]int{best, max(best-tunnelRoom, safeDatagram), safeDatagram})
}

// proven takes in the size of a datagram that has arrived; nothing larger than was tried is believed.
func (s *pathSize) proven(size int) { s.full = max(s.full, min(size, s.candidates[0])) }

// begin returns to the least candidate: of the path of a new session nothing is proven.
func (s *pathSize) begin() { s.full = s.candidates[len(s.candidates)-1] }
