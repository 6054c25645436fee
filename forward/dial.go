package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

var errNoHTTP2 = errors.New("the target does not offer HTTP/2: leave out |h2")

// A dialer opens connections to one target. It asks for the target's addresses
// once in a while, not for each connection, and takes them in turn.
type dialer struct {
	host, port string
	timeout    time.Duration
	tls        *tls.Config // without a server name
	lookup     func(ctx context.Context, network, host string) ([]netip.Addr, error)
	connect    func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex
	addrs []netip.Addr // nil: to be looked up
	next  int
}

// A dialError is why there is no connection.
type dialError struct {
	kind Failure
	err  error
}

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// forget makes the next connection look the name up again.
func (d *dialer) forget() {
	d.mu.Lock()
	d.addrs = nil
	d.mu.Unlock()
}

// known returns the addresses that the target had when it was last asked for them;
// nil: none are known.
func (d *dialer) known() []netip.AddrPort {
	d.mu.Lock()
	defer d.mu.Unlock()
	port, err := strconv.ParseUint(d.port, 10, 16) // a number: parseURL sees to that
	if err != nil {
		return nil
	}
	var all []netip.AddrPort
	for _, a := range d.addrs {
		all = append(all, netip.AddrPortFrom(a.Unmap(), uint16(port)))
	}
	return all
}

// addresses are the target's, each time beginning with the next one.
func (d *dialer) addresses(ctx context.Context) ([]netip.Addr, error) {
	d.mu.Lock()
	addrs := d.addrs
	d.mu.Unlock()
	if addrs == nil {
		var err error
		if addrs, err = d.lookup(ctx, "ip", d.host); err != nil {
			return nil, err
		}
		if len(addrs) == 0 {
			return nil, &net.DNSError{Err: "no address", Name: d.host, IsNotFound: true}
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addrs = addrs
	d.next++
	turn := make([]netip.Addr, 0, len(addrs))
	for i := range addrs {
		turn = append(turn, addrs[(d.next+i)%len(addrs)].Unmap())
	}
	return turn, nil
}

// dial connects to the first address that accepts.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	addrs, err := d.addresses(ctx)
	if err != nil {
		return nil, &dialError{kindOfDial(err, FailDNS), err}
	}
	for i, a := range addrs {
		c, derr := d.dialOne(ctx, a, len(addrs)-i)
		if derr == nil {
			return c, nil
		}
		err = derr
	}
	d.forget() // perhaps it has moved
	return nil, &dialError{kindOfDial(err, FailRefused), err}
}

// dialOne tries one address for its share of the time that is left.
func (d *dialer) dialOne(ctx context.Context, a netip.Addr, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return d.connect(ctx, "tcp", net.JoinHostPort(a.String(), d.port))
}

// dialHTTP is http.Transport's DialContext. The address it is given is the
// target's own and is not needed.
func (d *dialer) dialHTTP(ctx context.Context, _, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	c, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// dialTLS is http.Transport's DialTLSContext, for HTTP/1.1.
func (d *dialer) dialTLS(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := d.handshake(ctx, "http/1.1")
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// dialHTTP2 is http.Transport's DialTLSContext, for HTTP/2. The Transport looks
// for a *tls.Conn, and for what was negotiated.
func (d *dialer) dialHTTP2(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := d.handshake(ctx, "h2")
	if err != nil {
		return nil, err
	}
	if c.ConnectionState().NegotiatedProtocol != "h2" {
		c.Close()
		return nil, &dialError{FailTLS, errNoHTTP2}
	}
	return c, nil
}

// handshake opens a TLS connection for one protocol (RFC 7301). The server name,
// which the certificate has to be for, is the target's, whatever Host is sent.
func (d *dialer) handshake(ctx context.Context, protocol string) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	c, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	if protocol == "h2" {
		c = lastWord{c}
	}
	conf := d.tls.Clone()
	conf.NextProtos = []string{protocol}
	conf.ServerName = d.host
	tc := tls.Client(c, conf)
	if err := tc.HandshakeContext(ctx); err != nil {
		c.Close()
		return nil, &dialError{kindOfDial(err, FailTLS), err}
	}
	return tc, nil
}

// kindOfDial is timeout where err is one, and else what the step was for.
func kindOfDial(err error, step Failure) Failure {
	var ne net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout() {
		return FailTimeout
	}
	return step
}
