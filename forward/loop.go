package forward

import "net/netip"

// maxServers bounds how many captured servers' addresses a target remembers.
const maxServers = 64

// A loopWatch finds out whether a target is itself a server whose requests are
// captured: it would get each of them twice, and the listener drops the second. The
// target's lock guards it.
type loopWatch struct {
	found   bool
	last    netip.AddrPort          // that of the request before, most often the same
	servers map[netip.AddrPort]bool // of the captured requests, the first maxServers
	news    bool                    // some have not been compared yet
}

// captured says where a captured request was going; the zero value is not known.
func (l *loopWatch) captured(server netip.AddrPort) {
	if l.found || server == l.last || len(l.servers) >= maxServers || !server.IsValid() {
		return
	}
	l.last = server
	server = netip.AddrPortFrom(server.Addr().Unmap(), server.Port())
	if l.servers[server] {
		return
	}
	if l.servers == nil {
		l.servers = make(map[netip.AddrPort]bool)
	}
	l.servers[server], l.news = true, true
}

// look returns the captured server that a target with these addresses is, once.
func (l *loopWatch) look(addrs []netip.AddrPort) (server netip.AddrPort, found bool) {
	if l.found || !l.news || len(addrs) == 0 {
		return netip.AddrPort{}, false
	}
	l.news = false
	for _, a := range addrs {
		if l.servers[a] {
			l.found = true
			return a, true
		}
	}
	return netip.AddrPort{}, false
}

// warn warns if the target is a captured server; with its lock.
func (l *loopWatch) warn(t *target) {
	if !l.news {
		return
	}
	if server, found := l.look(t.route.dialer.known()); found {
		t.log.Warn("the target has the address of a server whose requests come in: it may get every request twice", "server", server.String())
	}
}
