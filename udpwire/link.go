package udpwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A link is one replayer as the Sender uses it: the packer, which belongs to the goroutine that calls Send, and the
// peer, which that goroutine and the link's own share under a lock, taken once per batch.
type link struct {
	host   string
	now    func() int64
	wait   bool
	buffer int64
	mtu    int
	ctx    context.Context // ends with close: a name lookup may be under way
	cancel context.CancelFunc

	pack packer // the Send goroutine's
	held atomic.Int64
	up   atomic.Bool
	full atomic.Int64 // size of a full datagram
	sent struct{ messages, bytes atomic.Uint64 }

	mu     sync.Mutex
	room   sync.Cond // held has fallen, or closed
	peer   peer
	pool   chunkPool
	sock   *sendSocket
	wakeAt int64 // when the reader wakes by itself
	dialed int64 // when the socket was last opened
	closed bool
	done   chan struct{}
}

// How long the reader sleeps.
const (
	idleWake = int64(100 * time.Millisecond) // when nothing is due; a batch sent meanwhile shortens it
	busyWake = 2 * beatTail                  // while batch follows batch, and each shows whether the one before arrived
)

func newLink(cfg *SenderConfig, host string, keys *keyring, now func() int64, dropped func() uint64) (*link, error) {
	l := &link{host: host, now: now, wait: cfg.Wait, buffer: cfg.Buffer, done: make(chan struct{})}
	l.mtu, l.dialed = cfg.MTU, now()
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.room.L = &l.mu
	l.peer = peer{name: host, keys: keys, rand: randomBytes, log: cfg.Logger, dropped: dropped, up: true}
	l.peer.out.write = func(b []byte, segment int) (int, error) { return l.sock.write(b, segment) }
	l.peer.out.pool = &l.pool
	conn, err := dial(l.ctx, host)
	if err != nil {
		return nil, err
	}
	if l.sock, err = newSendSocket(conn, cfg.Logger); err != nil {
		return nil, err
	}
	l.peer.sizes = datagramSizes(cfg.MTU, l.sock.pathMTU(), l.sock.to.Addr())
	l.peer.size = l.peer.sizes[len(l.peer.sizes)-1]
	l.peer.out.begin(0, 0, nil, 0)
	l.peer.seek(now())
	l.pack.hand, l.pack.size = l.hand, func() int { return int(l.full.Load()) }
	if keys != nil {
		l.pack.tag = tagSize
	}
	l.publish()
	return l, nil
}

// dial resolves host and opens a socket to it. A name with several addresses means an IPv4 one first: replayers listen
// on 0.0.0.0 unless told otherwise.
func dial(ctx context.Context, host string) (*net.UDPConn, error) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, fmt.Errorf("udpwire: replayer %q: %w", host, err)
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, fmt.Errorf("udpwire: replayer %q: %w", host, err)
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil, fmt.Errorf("udpwire: replayer %q: %w", host, err)
	}
	addr := addrs[0]
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			addr = a
			break
		}
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, uint16(number))))
	if err != nil {
		return nil, fmt.Errorf("udpwire: replayer %q: %w", host, err)
	}
	return conn, nil
}

const resolveTimeout = 5 * time.Second

// Datagram sizes as UDP payload.
const (
	largeDatagram = 60000 // on loopback: one call, one copy
	safeDatagram  = 1200  // RFC 9000 section 14: every path of today carries it
	ipv6Headers   = 40 + 8
	tunnelRoom    = 80 // what a tunnel on the way may take: WireGuard over IPv6
)

// datagramSizes returns the sizes to try on a path, the best one twice: a HELLO can also get lost by chance.
func datagramSizes(mtu, path int, to netip.Addr) []int {
	if mtu > 0 {
		return []int{min(max(mtu-ipv6Headers, minDatagram), largeDatagram)}
	}
	if path == 0 {
		path = 1500
		if to.IsLoopback() {
			path = 9216 // the largest datagram that BSD systems send unless told otherwise
		}
	}
	if path >= 65535 {
		return []int{largeDatagram, largeDatagram, safeDatagram}
	}
	best := max(path-ipv6Headers, safeDatagram)
	return []int{best, best, max(best-tunnelRoom, safeDatagram), safeDatagram}
}

// admit reports whether a message of n bytes may be taken, waiting for room if that was asked for.
func (l *link) admit(n int) error {
	need := int64(n) + int64(n)/16 + chunkSize
	if l.held.Load()+need <= l.buffer {
		return nil
	}
	if l.wait {
		return l.waitForRoom()
	}
	if int64(n) > l.buffer {
		return ErrTooLarge
	}
	if l.held.Load() <= l.buffer/8 { // nearly empty: a message as large as the buffer may pass
		return nil
	}
	return ErrQueueFull
}

func (l *link) waitForRoom() error {
	l.pack.flush()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.pool.out > l.buffer/2 && !l.closed {
		l.room.Wait()
	}
	if l.closed {
		return net.ErrClosed
	}
	return nil
}

// send packs m, which was admitted.
func (l *link) send(m *Message) {
	l.sent.messages.Add(1)
	l.sent.bytes.Add(uint64(len(m.Body)))
	l.pack.add(m)
	if m.Time-l.pack.since > maxDelay {
		l.pack.flush()
	}
}

// maxDelay is how long, by their own times, messages are gathered at most.
const maxDelay = int64(5 * time.Millisecond)

// hand takes a filled chunk over, sends what may be sent, and returns an empty chunk. A nearly empty one is copied
// into a small one, so that memory held follows bytes held.
func (l *link) hand(c *chunk) *chunk {
	l.mu.Lock()
	defer l.mu.Unlock()
	var next *chunk
	if c != nil {
		if len(c.buf) <= smallChunk {
			small := l.pool.get(smallChunk)
			small.merge(c)
			c.reset()
			c, next = small, c
		}
		l.peer.out.push(c)
		if !l.closed {
			l.drain()
		}
		for l.wait && l.pool.out > l.buffer && !l.closed {
			l.room.Wait()
		}
	}
	if next == nil {
		next = l.pool.get(chunkSize)
	}
	l.publish()
	return next
}

// drain sends what may be sent and makes the reader wake in time to look after it.
func (l *link) drain() {
	now := l.now()
	l.peer.drain(now)
	if due := max(l.peer.due(), now+int64(time.Millisecond)); due < l.wakeAt && (l.wakeAt > now+busyWake || !l.busy(now)) {
		l.wakeAt = due
		l.sock.setDeadline(time.Unix(0, due))
	}
}

// busy reports whether batches follow one another and leave at once.
func (l *link) busy(now int64) bool {
	p := &l.peer
	return p.state == peerLive && p.out.rtt > 0 && now-p.out.lastSent < beatTail && p.out.pending.first == nil && !p.closing
}

// publish copies what the Send goroutine reads without the lock.
func (l *link) publish() {
	l.held.Store(l.pool.out)
	l.up.Store(l.peer.up)
	l.full.Store(int64(l.peer.size))
	if l.wait && l.pool.out <= l.buffer/2 {
		l.room.Broadcast()
	}
}

// run reads answers and does what time brings until close.
func (l *link) run() {
	defer close(l.done)
	buf := make([]byte, 4096)
	for {
		l.mu.Lock()
		now := l.now()
		l.peer.tick(now)
		l.publish()
		if l.closed {
			l.peer.abandon(now)
		}
		if l.peer.byeDone {
			l.closed = true
			l.room.Broadcast()
			l.mu.Unlock()
			return
		}
		if l.peer.lostFor(now) > redialAfter && now-l.dialed > redialAfter {
			l.dialed = now
			l.mu.Unlock()
			l.redial()
			continue
		}
		l.wakeAt = min(max(l.peer.due(), now+int64(time.Millisecond)), now+idleWake)
		if l.busy(now) {
			l.wakeAt = now + busyWake
		}
		sock := l.sock
		sock.setDeadline(time.Unix(0, l.wakeAt))
		l.mu.Unlock()

		n, err := sock.read(buf)

		l.mu.Lock()
		switch {
		case err == nil:
			l.peer.datagram(l.now(), buf[:n])
		case errors.Is(err, syscall.ECONNREFUSED):
			l.peer.out.refused = true
		case l.pool.out <= 2*chunkSize:
			l.pool.trim()
		}
		l.mu.Unlock()
	}
}

// redialAfter is how long a replayer may be silent before its name is looked up and a socket opened again: its
// address, or this machine's, may have changed.
const redialAfter = int64(5 * time.Second)

func (l *link) redial() {
	conn, err := dial(l.ctx, l.host)
	if err != nil {
		return // the old socket stays; what is wrong with the name was said when the replayer fell silent
	}
	sock, err := newSendSocket(conn, l.peer.log)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sock.close()
	l.sock = sock
	l.peer.sizes = datagramSizes(l.mtu, sock.pathMTU(), sock.to.Addr())
}

// close lets the link finish within ctx and stops it. What was not confirmed by then is lost.
func (l *link) close(ctx context.Context) error {
	l.pack.flush()
	l.mu.Lock()
	l.peer.closing = true
	l.wakeAt = 0
	l.sock.setDeadline(time.Unix(0, 1))
	l.mu.Unlock()
	var err error
	select {
	case <-l.done:
	case <-ctx.Done():
		err = fmt.Errorf("udpwire: replayer %s did not confirm everything: %w", l.host, ctx.Err())
	}
	l.mu.Lock()
	l.closed = true
	l.room.Broadcast()
	l.wakeAt = 0
	l.sock.setDeadline(time.Unix(0, 1))
	l.mu.Unlock()
	l.cancel()
	<-l.done
	l.sock.close()
	return err
}

// listenAddr completes an address to listen on.
func listenAddr(addr string) string {
	if addr == "" {
		return fmt.Sprintf("0.0.0.0:%d", DefaultPort)
	}
	if strings.HasPrefix(addr, ":") {
		return "0.0.0.0" + addr
	}
	return addr
}
