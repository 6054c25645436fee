package udpwire

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// A lookup returns the addresses of a replayer that the user named as host:port, IPv4 ones first: replayers listen on
// 0.0.0.0 unless told otherwise. It may take long.
type lookup func(ctx context.Context, host string) ([]netip.AddrPort, error)

const (
	lookupEvery   = 5 * time.Second        // between two of a name
	lookupTimeout = 5 * time.Second        // for one
	ipv4Advantage = 250 * time.Millisecond // for which IPv6 addresses wait where there are IPv4 ones, which are preferred
)

// lookUp is the lookup of the system's resolver.
func lookUp(ctx context.Context, host string) ([]netip.AddrPort, error) {
	name, service, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", service)
	if err != nil {
		return nil, err
	}
	if addr, err := netip.ParseAddr(name); err == nil { // by ourselves: net's lookup loses the zone
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), uint16(port))}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, err
	}
	return addrPorts(addrs, uint16(port)), nil
}

// addrPorts are the addresses with a port: each once, sorted, IPv4 ones first, so that the order in which a server
// happens to name them changes nothing.
func addrPorts(addrs []netip.Addr, port uint16) []netip.AddrPort {
	all := make([]netip.AddrPort, len(addrs))
	for i, a := range addrs {
		all[i] = netip.AddrPortFrom(a.Unmap(), port)
	}
	slices.SortFunc(all, netip.AddrPort.Compare) // which has shorter addresses first
	return slices.Compact(all)
}

// isLiteral reports whether host:port names an address, which no lookup will change.
func isLiteral(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return false
	}
	_, err = netip.ParseAddr(name)
	_, perr := strconv.ParseUint(port, 10, 16)
	return err == nil && perr == nil
}

// A resolver looks one name up, again and again, and tells what it finds.
type resolver struct {
	host  string
	every time.Duration // Between two lookups.
	look  lookup
	found func(addrs []netip.AddrPort, err error) // The addresses that the name has now, or why that is not known.
}

// run looks the name up until ctx ends.
func (r *resolver) run(ctx context.Context) {
	for first := true; ; first = false {
		addrs, err := r.look(ctx, r.host)
		if ctx.Err() != nil {
			return
		}
		if n := countIPv4(addrs); first && n > 0 && n < len(addrs) {
			if r.found(addrs[:n], nil); !sleep(ctx, ipv4Advantage) {
				return
			}
		}
		if r.found(addrs, err); !sleep(ctx, r.every) {
			return
		}
	}
}

// countIPv4 is how many of the addresses are IPv4 ones, which come first.
func countIPv4(addrs []netip.AddrPort) (n int) {
	for n < len(addrs) && addrs[n].Addr().Is4() {
		n++
	}
	return n
}

// sleep waits and reports whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
