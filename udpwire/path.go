package udpwire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"
)

// A path is how datagrams get to one replayer: its name and the socket connected to the address that the name had. Its
// link guards it, but for dialing, which takes long and needs no lock.
type path struct {
	host   string             // host:port, as the user wrote it.
	mtu    int                // IP packet size that the user gave; 0: to be found out.
	log    *slog.Logger       // The sockets' own.
	ctx    context.Context    // It ends with the link: a name lookup may be under way.
	cancel context.CancelFunc // Ends ctx.

	sock     *sendSocket // To the address as it was when last dialed.
	dialedAt int64       // When that was tried, in ns.
}

// redialAfter is how long a replayer may be silent before its name is looked up and a socket opened again: its
// address, or this machine's, may have changed.
const redialAfter = int64(5 * time.Second)

// openPath resolves host and opens a socket to it. It fails without a socket.
func openPath(cfg *SenderConfig, host string, now int64) (path, error) {
	p := path{host: host, mtu: cfg.MTU, log: cfg.Logger, dialedAt: now}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	var err error
	if p.sock, err = p.dial(); err != nil {
		p.cancel()
	}
	return p, err
}

// close closes the socket. Nobody may read or write any more.
func (p *path) close() {
	p.cancel()
	p.sock.close()
}

// dial opens another socket to the address that the name has now.
func (p *path) dial() (*sendSocket, error) {
	conn, err := dial(p.ctx, p.host)
	if err != nil {
		return nil, err
	}
	return newSendSocket(conn, p.log)
}

// size is what the present socket's path may carry.
func (p *path) size() pathSize { return newPathSize(p.mtu, p.sock.pathMTU(), p.sock.to.Addr()) }

// replace goes on with another socket.
func (p *path) replace(sock *sendSocket) {
	p.sock.close()
	p.sock = sock
}

// wake makes a read of the socket under way, or the next one, end at once.
func (p *path) wake() { p.sock.setDeadline(time.Unix(0, 1)) }

// resolveTimeout is how long a name lookup may take.
const resolveTimeout = 5 * time.Second

// dial resolves host and opens a socket to it.
func dial(ctx context.Context, host string) (*net.UDPConn, error) {
	to, err := resolve(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("replayer %q: %w", host, err)
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, fmt.Errorf("replayer %q: %w", host, err)
	}
	return conn, nil
}

// resolve looks host up. Of several addresses the first IPv4 one is meant: replayers listen on 0.0.0.0 unless told
// otherwise.
func resolve(ctx context.Context, host string) (to netip.AddrPort, err error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return to, err
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return to, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return to, err
	}
	addr := addrs[0]
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			addr = a
			break
		}
	}
	return netip.AddrPortFrom(addr, uint16(number)), nil
}
