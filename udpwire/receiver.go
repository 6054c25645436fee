package udpwire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// ReceiverConfig says where to listen and whom to hear. Zero values mean the defaults.
type ReceiverConfig struct {
	Addr       string         // host:port; "": 0.0.0.0:28020
	Secret     []byte         // shared with the listeners; nil: everybody allowed is heard
	SecretFile string         // where Secret is from: a warning is logged when everybody may read it; "": from no file
	Allow      []netip.Prefix // source addresses heard; nil: all
	Load       func() float64 // how full the consumer is, 0..1; nil: never. Called at most once a second

	Responses bool // hand on messages of KindResponse, too; false: listeners are told to send none, and what comes is counted and skipped

	Behind Consumer // holds back listeners whose source can wait; nil: nobody does

	Self func() Status // what whoever asks for a session is told of this replayer; nil: nothing. It may not wait

	MaxSessions   int   // listeners known at a time; 0: DefaultSessions
	MaxHeld       int64 // bytes of unfinished and waiting messages, all listeners together; 0: 256 MiB
	MaxHeldByPeer int64 // the same for one listener; 0: 72 MiB, a largest message and a little

	Logger *slog.Logger // nil: silent
}

// A Consumer is what is behind a Receiver, as far as sources that can wait have to know. It is asked for each REPORT.
type Consumer interface {
	Room() (messages int, bytes int64) // how much more it takes of what can wait
	Reachable() bool                   // what it takes can go on from there
	Holds() bool                       // some of what can wait has not gone on yet
}

// Defaults of a ReceiverConfig.
const (
	DefaultSessions   = 1024
	defaultHeld       = 256 << 20
	defaultHeldByPeer = 72 << 20
	receiveBuffer     = 8 << 20 // asked of the kernel
)

// check fills in the defaults.
func (cfg *ReceiverConfig) check() {
	if cfg.MaxSessions == 0 {
		cfg.MaxSessions = DefaultSessions
	}
	if cfg.MaxHeld == 0 {
		cfg.MaxHeld = defaultHeld
	}
	if cfg.MaxHeldByPeer == 0 {
		cfg.MaxHeldByPeer = defaultHeldByPeer
	}
	if cfg.Load == nil {
		cfg.Load = func() float64 { return 0 }
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
}

// A Receiver receives messages from listeners. Run does all the work on its caller's goroutine.
type Receiver struct {
	clock clock
	sock  *receiveSocket // Run's.

	mu   sync.Mutex // Guards core, for Stats. Run holds it while a batch is worked on.
	core reception
}

// Listen opens the socket. Nothing is read before Run.
func Listen(cfg ReceiverConfig) (*Receiver, error) {
	cfg.check()
	keys, err := newKeyring(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	warnReadable(cfg.Logger, cfg.SecretFile)
	conn, err := listen(listenAddr(cfg.Addr))
	if err != nil {
		return nil, err
	}
	sock, err := newReceiveSocket(conn, receiveBuffer, cfg.Logger)
	if err != nil {
		conn.Close()
		return nil, err
	}
	if keys == nil && !conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap().IsLoopback() && cfg.Allow == nil {
		cfg.Logger.Warn("no secret: anybody who reaches this port can have requests replayed; --secret-file on both sides, or --allow, prevents that", "addr", conn.LocalAddr())
	}
	r := &Receiver{clock: newClock(), sock: sock}
	r.core = newReception(cfg, keys, sock.window(), sock.write)
	return r, nil
}

// listen opens an IPv4 socket for an IPv4 address and one for both families for [::].
func listen(addr string) (*net.UDPConn, error) {
	to, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	network := "udp"
	if to.IP.To4() != nil {
		network = "udp4"
	}
	return net.ListenUDP(network, to)
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

// Addr is the address listened on.
func (r *Receiver) Addr() net.Addr { return r.sock.conn.LocalAddr() }

// Run receives until ctx ends and calls handle for each message, exactly once, in the order of Send within a User. The
// Message and its Body are lent for the call; handle must not call Stats. When ctx ends, the listeners are told to send
// nothing new here, and what they have sent is still handed on, for at most a second. Run may be called once; it closes the socket.
func (r *Receiver) Run(ctx context.Context, handle func(*Message)) error {
	defer r.sock.conn.Close()
	stop := context.AfterFunc(ctx, func() { r.sock.conn.SetReadDeadline(time.Unix(0, 1)) })
	defer stop()
	r.core.handle = handle
	for ctx.Err() == nil {
		if err := r.turn(r.wake()); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return r.leave()
}

// leaveWait is how long at a time the socket is waited for while the replayer leaves.
const leaveWait = 2 * time.Millisecond

// leave takes what is on the way still: the listeners are told to begin nothing new here, and are waited for until they
// have everything confirmed, or for a second at most.
func (r *Receiver) leave() error {
	r.mu.Lock()
	r.core.leave(r.clock.now())
	r.mu.Unlock()
	for end := time.Now().Add(leaveAtMost); time.Now().Before(end); {
		err := r.turn(time.Now().Add(leaveWait))
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if left := r.left(); left && err != nil { // and nothing is in the socket's buffer
			break
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.core.close(r.clock.now())
	return nil
}

// left reports whether no listener has anything to be confirmed.
func (r *Receiver) left() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.core.left()
}

// wake is until when to wait for datagrams.
func (r *Receiver) wake() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock.deadline(r.core.due)
}

// turn waits for datagrams and works on those that came, and on what time brings.
func (r *Receiver) turn(deadline time.Time) error {
	err := r.sock.read(deadline)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // an ICMP response to one of ours: of no consequence
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.core.setTime(r.clock.now())
	if err == nil {
		r.sock.each(r.core.datagram)
	}
	r.core.overruns = r.sock.dropped()
	r.core.tick()
	return err
}

// A Listener is what is known of a listener that has said what it is.
type Listener struct {
	Addr netip.AddrPort
	*Status
}

// maxListed bounds how many listeners Listeners names, and so how much metrics there are: anybody may say that it is
// one where there is no secret.
const maxListed = 128

// Listeners returns the listeners that have said what they are, sorted by address, the first so many of them. Of an address
// with several sessions, of which all but one have been given up, it is the one heard last. It may be called from any
// goroutine, but not by handle.
func (r *Receiver) Listeners() []Listener {
	r.mu.Lock()
	defer r.mu.Unlock()
	heard := make(map[netip.AddrPort]*session)
	for _, s := range r.core.sessions.byID {
		if s.status == nil {
			continue
		}
		if other := heard[s.where.proven.addr]; other == nil || other.heard < s.heard || other.heard == s.heard && other.id < s.id {
			heard[s.where.proven.addr] = s
		}
	}
	var all []Listener
	for addr, s := range heard {
		all = append(all, Listener{addr, s.status})
	}
	slices.SortFunc(all, func(a, b Listener) int { return a.Addr.Compare(b.Addr) })
	return all[:min(len(all), maxListed)]
}
