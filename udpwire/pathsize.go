package udpwire

import (
	"net/netip"
	"time"
)

// A pathSize is how large the datagrams on a path may be, as UDP payload, and the search for it: HEARTBEATs padded to
// sizes beyond what is proven, in bursts. The REPORT that responds says which size has arrived. A search begins with a
// session and when a size turns out not to pass any more, and goes on every now and then while the best is not
// reached: a path changes in both directions without a word. Times are in ns. Not safe for concurrent use.
type pathSize struct {
	best    int   // The largest worth trying: what the interface carries.
	full    int   // Of a full DATA datagram. Larger ones, made before it shrank, travel in pieces.
	bursts  int   // How many are left of the search under way.
	nextAt  int64 // When the next burst is due.
	doubtAt int64 // When doubt may come again.
	fixed   bool  // The user said what is best.
}

// Sizes in bytes.
const (
	largeDatagram = 60000  // on loopback: one call, one copy
	safeDatagram  = 1200   // RFC 9000 section 14: nearly every path of today carries it
	ipHeaders     = 40 + 8 // IPv6 and UDP
	ethernetMTU   = 1500   // supposed when the system does not say
	bsdMTU        = 9216   // the largest datagram that BSD systems send on loopback unless told otherwise
	anyMTU        = 65535  // from here on an interface carries whatever UDP does
)

// steps are the sizes tried below the best: IP packets of 1492 bytes (PPPoE), 1420 (WireGuard), 1400 (tunnels of
// clouds), 1280 (the least of IPv6), and on the way to 576, which every host takes (RFC 791).
var steps = [...]int{1444, 1372, 1352, 1232, 1024, 768, 528}

// Pace of a search.
const (
	burstsAtOnce = 3                             // a probe can also get lost by chance
	burstEvery   = int64(200 * time.Millisecond) // a response may be late by as much
	searchEvery  = int64(10 * time.Second)       // while the best is not reached
	doubtEvery   = int64(time.Second)            // where probes pass and DATA does not, size is not the reason
)

// newPathSize returns what to begin with on a path to an address. mtu is the IP packet size that the user gave, path
// what the kernel knows of it; 0: nothing.
func newPathSize(mtu, path int, to netip.Addr) pathSize {
	if mtu > 0 {
		size := min(max(mtu-ipHeaders, minDatagram), largeDatagram)
		return pathSize{best: size, full: min(size, safeDatagram), fixed: true, nextAt: never}
	}
	if path == 0 {
		path = ethernetMTU
		if to.IsLoopback() {
			path = bsdMTU
		}
	}
	best := payload(path)
	return pathSize{best: best, full: min(best, safeDatagram), nextAt: never}
}

// payload is how large the datagrams in an IP packet of a size may be.
func payload(mtu int) int {
	if mtu >= anyMTU {
		return largeDatagram
	}
	return min(max(mtu-ipHeaders, minDatagram), largeDatagram)
}

// search begins a search at once, anew if one is under way. What is proven stays so.
func (s *pathSize) search() { s.bursts, s.nextAt = burstsAtOnce, 0 }

// rest ends the search: there is nobody to respond.
func (s *pathSize) rest() { s.nextAt = never }

// probes returns the sizes to be tried now, appended to dst, largest first, and sets when the next burst is due. path is
// what the kernel knows of the path now: an interface may have grown.
func (s *pathSize) probes(dst []int, now int64, path int) []int {
	if now < s.nextAt {
		return dst
	}
	if path > 0 && !s.fixed {
		s.best = max(s.best, payload(path))
	}
	s.bursts = max(s.bursts-1, 0)
	if s.nextAt = now + burstEvery; s.bursts == 0 {
		s.nextAt = now + searchEvery
	}
	for i := -1; i < len(steps); i++ {
		size := s.best
		if i >= 0 {
			size = steps[i]
		}
		if size > s.full && (i < 0 || size < s.best) {
			dst = append(dst, size)
		}
	}
	return dst
}

// proven takes in the size of a datagram that has arrived; nothing larger than was tried is believed.
func (s *pathSize) proven(size int) { s.full = max(s.full, min(size, s.best)) }

// tooLarge takes in that the system refused to send a datagram for its size, at once or because a router has said so.
// path is what the kernel knows of the path now; 0: nothing. It reports whether that made the datagrams smaller.
func (s *pathSize) tooLarge(path int) (shrunk bool) {
	if path == 0 {
		return s.least()
	}
	if size := payload(path); size < s.full {
		s.full = size
		s.search()
		return true
	}
	return false
}

// doubt takes in that large datagrams do not arrive though small ones do.
func (s *pathSize) doubt(now int64) {
	if now >= s.doubtAt {
		s.doubtAt = now + doubtEvery
		s.least()
	}
}

// least seeks what passes from the least on. It reports whether that made the datagrams smaller.
func (s *pathSize) least() (shrunk bool) {
	shrunk = s.full > minDatagram
	s.full = minDatagram
	s.search()
	return shrunk
}
