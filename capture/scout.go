package capture

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A sighting is a segment that a scout saw, of those that begin like a request or
// like TLS.
type sighting struct {
	port      uint16 // it goes to
	leaving   bool
	otherHost bool // it is addressed to another machine
	tls       bool // it begins like TLS, not like a request
	iface     int  // the index of the interface
}

// sight reads a sighting from the bytes of a packet, from its IP header on.
func (s *sighting) sight(b []byte) bool {
	var header int
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		header = int(b[0]&15) * 4
	case len(b) >= ip6Header && b[0]>>4 == 6:
		header = ip6Header
	default:
		return false
	}
	if len(b) < header+20 {
		return false
	}
	tcp := b[header:]
	s.port = binary.BigEndian.Uint16(tcp[2:])
	payload := tcp[min(int(tcp[12]>>4)*4, len(tcp)):]
	s.tls = len(payload) > 0 && payload[0] == tlsHandshake
	return true
}

const tlsHandshake = 22 // the type of the record that a TLS connection begins with (RFC 8446 section 5.1)

// A look is what a scout saw in a while.
type look struct {
	seen    []sighting    // a sample: the first ones
	total   uint64        // how many there were
	elapsed time.Duration // in this time
}

// rate estimates how many segments per second were like those that f picks.
func (l *look) rate(f func(*sighting) bool) float64 {
	n := 0
	for i := range l.seen {
		if f(&l.seen[i]) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / float64(len(l.seen)) * float64(l.total) / max(l.elapsed.Seconds(), 1e-3)
}

// A scouting is what the wanted is, to tell what is seen instead.
type scouting struct {
	ports       []uint16
	ways        ways
	ifaces      []int // none: all
	promiscuous bool
	name        func(iface int) string
}

// otherWay says what goes the way that is not captured, with what takes it:
// about 1,200 requests/s to port 80 leave this machine: --direction out.
func (sc *scouting) otherWay(l *look) (said string, perSecond float64) {
	leaving := l.rate(func(s *sighting) bool { return sc.isOther(s) && s.leaving })
	arriving := l.rate(func(s *sighting) bool { return sc.isOther(s) && !s.leaving })
	var parts []string
	if leaving > 0 {
		parts = append(parts, about(leaving)+" to "+sayPorts(sc.portsOf(l, true))+" leave this machine: --direction out takes these, --direction both all")
	}
	if arriving > 0 {
		parts = append(parts, about(arriving)+" to "+sayPorts(sc.portsOf(l, false))+" arrive at this machine: --direction in takes these, --direction both all")
	}
	return strings.Join(parts, "; "), leaving + arriving
}

// isOther reports whether a request goes to a wanted port by the way that is not
// captured.
func (sc *scouting) isOther(s *sighting) bool {
	switch {
	case s.tls || s.otherHost || !slices.Contains(sc.ports, s.port):
		return false
	case s.leaving:
		return !sc.ways.leaving.has(s.port)
	}
	return !sc.ways.arriving.has(s.port)
}

// portsOf are the ports of the other way's requests.
func (sc *scouting) portsOf(l *look, leaving bool) (ports []uint16) {
	for i := range l.seen {
		if s := &l.seen[i]; sc.isOther(s) && s.leaving == leaving && !slices.Contains(ports, s.port) {
			ports = append(ports, s.port)
		}
	}
	return ports
}

// instead says what is seen where no request was captured, the most telling
// first, each with what takes it. segments is how many were captured.
func (sc *scouting) instead(l *look, segments uint64) string {
	wanted := func(s *sighting) bool { return slices.Contains(sc.ports, s.port) }
	if said, _ := sc.otherWay(l); said != "" {
		return said
	}
	if n := l.rate(func(s *sighting) bool { return wanted(s) && !s.tls && s.otherHost && !sc.promiscuous }); n > 0 {
		return about(n) + " to " + sayPorts(sc.ports) + " are addressed to other machines: --promisc takes them"
	}
	if s := sc.elsewhere(l); s != nil {
		return fmt.Sprintf("requests to port %d are on interface %s: -i %s", s.port, sc.name(s.iface), sc.name(s.iface))
	}
	if n := l.rate(func(s *sighting) bool { return wanted(s) && s.tls }); n > 0 {
		return "what comes to " + sayPorts(sc.ports) + " is TLS: listen where it is decrypted"
	}
	if others := l.busiest(func(s *sighting) bool { return !wanted(s) && !s.tls }); len(others) > 0 {
		return "there are requests to " + strings.Join(others, ", ")
	}
	if segments > 0 {
		return fmt.Sprintf("%d segments to %s were captured, and no request is in them", segments, sayPorts(sc.ports))
	}
	if n := l.rate(func(s *sighting) bool { return s.tls }); n > 0 {
		return "the only web traffic is TLS: listen where it is decrypted"
	}
	return "in the second of looking there is no web traffic at any port: does it pass this machine?"
}

// elsewhere is a request to a wanted port at an interface that is not captured.
func (sc *scouting) elsewhere(l *look) *sighting {
	for i := range l.seen {
		s := &l.seen[i]
		if len(sc.ifaces) > 0 && !slices.Contains(sc.ifaces, s.iface) && !s.tls && slices.Contains(sc.ports, s.port) {
			return s
		}
	}
	return nil
}

// busiest names the ports to which most of what f picks goes, with its rate and
// the flag that takes it.
func (l *look) busiest(f func(*sighting) bool) (said []string) {
	const most = 3
	counts := map[uint16]int{}
	for i := range l.seen {
		if s := &l.seen[i]; f(s) {
			counts[s.port]++
		}
	}
	var ports []uint16
	for p := range counts {
		ports = append(ports, p)
	}
	slices.SortFunc(ports, func(a, b uint16) int { return cmp.Or(counts[b]-counts[a], int(a)-int(b)) })
	for _, p := range ports[:min(len(ports), most)] {
		n := l.rate(func(s *sighting) bool { return f(s) && s.port == p })
		said = append(said, fmt.Sprintf("port %d (%s: -p %d)", p, about(n), p))
	}
	return said
}

// about says a number of requests per second in two digits.
func about(rate float64) string {
	if rate < 1 {
		return "less than a request/s"
	}
	unit := 1
	for n := int(rate); n >= 100; n /= 10 {
		unit *= 10
	}
	n := (int(rate+0.5) + unit/2) / unit * unit
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return "about " + digits + " requests/s"
}
