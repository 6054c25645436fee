package udpwire

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// A path is how datagrams get to one replayer: the socket connected to its address. Its link guards it. The zero path
// leads nowhere.
type path struct {
	to  netip.AddrPort
	mtu int          // IP packet size that the user gave; 0: to be found out.
	log *slog.Logger // The sockets' own.

	sock     *sendSocket // As last dialed; nil: the path leads nowhere.
	dialedAt int64       // When that was tried, in ns.
}

// redialAfter is how long a replayer may be silent before another socket to it is opened: this machine's address, to
// which a socket is bound, may have changed.
const redialAfter = int64(5 * time.Second)

// openPath opens a socket to an address.
func openPath(cfg *SenderConfig, to netip.AddrPort, now int64) (path, error) {
	p := path{to: to, mtu: cfg.MTU, log: cfg.Logger, dialedAt: now}
	var err error
	p.sock, err = p.dial()
	return p, err
}

// close closes the socket. Nobody may read or write any more.
func (p *path) close() {
	if p.sock != nil {
		p.sock.close()
	}
}

// dial opens another socket, which does not wait for anything.
func (p *path) dial() (*sendSocket, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(p.to))
	if err != nil {
		return nil, fmt.Errorf("replayer at %v: %w", p.to, err)
	}
	return newSendSocket(conn, p.log)
}

// size is what the present socket's path may carry.
func (p *path) size() pathSize {
	if p.sock == nil {
		return newPathSize(p.mtu, 0, p.to.Addr())
	}
	return newPathSize(p.mtu, p.sock.pathMTU(), p.sock.to.Addr())
}

// replace goes on with another socket.
func (p *path) replace(sock *sendSocket) {
	p.sock.close()
	p.sock = sock
}

// wake makes a read of the socket under way, or the next one, end at once.
func (p *path) wake() { p.setDeadline(time.Unix(0, 1)) }

// setDeadline sets when a read of the socket is to end.
func (p *path) setDeadline(at time.Time) {
	if p.sock != nil {
		p.sock.setDeadline(at)
	}
}
