package capture

// extension returns the length of the IPv6 extension header that b begins with,
// the least one if b is shorter than that; 0 where next is not an extension.
func extension(next uint8, b []byte) int {
	const least = 8
	switch next {
	case extHopByHop, extRouting, extDestination, extMobility, extHIP, extShim6:
		if len(b) >= least {
			return int(b[1])*8 + 8
		}
		return least
	case extAuthentication:
		if len(b) >= least {
			return int(b[1])*4 + 8
		}
		return least
	case extFragment:
		return least
	}
	return 0
}

// lastStop returns the address that a packet with this routing header is for in
// the end, with which its checksums were computed (RFC 8200 section 8.1); nil
// where that is the destination in the IP header.
func lastStop(h []byte) []byte {
	const (
		sourceRoute  = 0 // RFC 2460
		homeAddress  = 2 // RFC 6275 section 6.4
		segmentRoute = 4 // RFC 8754: the last segment comes first
	)
	if h[3] == 0 || len(h) < 24 { // no stops are left
		return nil
	}
	switch h[2] {
	case sourceRoute:
		return h[len(h)-16:]
	case homeAddress, segmentRoute:
		return h[8:24]
	}
	return nil
}

// The protocol numbers and extension headers of IP that matter here.
const (
	extHopByHop       = 0
	protocolIP4       = 4
	protocolTCP       = 6
	protocolUDP       = 17
	protocolIP6       = 41
	extRouting        = 43
	extFragment       = 44
	protocolGRE       = 47
	extAuthentication = 51
	extDestination    = 60
	extMobility       = 135
	extHIP            = 139
	extShim6          = 140
)
