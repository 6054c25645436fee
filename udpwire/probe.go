package udpwire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// A Reaction is how an address reacts to being asked for a session.
type Reaction uint8

// The reactions.
const (
	Welcomed Reaction = iota // a replayer responded, with the same secret or likewise without one
	Unsealed                 // a replayer responded that has no secret, though one was given
	Deaf                     // somebody listens there who does not respond: a replayer with another secret, or one that is not to hear us
	Refused                  // its machine says that nobody listens there
	Silent                   // nothing came back at all
	Unsent                   // this machine could not send
)

// A Probed is what was found out of one address of a replayer.
type Probed struct {
	Addr      netip.AddrPort
	Reaction  Reaction
	Err       error         // why nothing was sent (Unsent)
	RoundTrip time.Duration // the shortest
	Instance  uint64        // one number for each process that is a replayer
	Window    int           // bytes that it can take at once
	Self      *Status       // what it says that it is; nil: it says nothing

	// Largest is the largest datagram that got there, and Best the largest that this machine's interface carries, both as
	// UDP payload in bytes.
	Largest, Best int
}

// How long a probe waits, all in all less than two seconds.
const (
	probeAsks     = 900 * time.Millisecond // for a response
	probeUnsealed = 300 * time.Millisecond // for one without a secret
	probeControl  = 300 * time.Millisecond // for its machine to say that nobody listens at controlPort
	probeSize     = 150 * time.Millisecond // for the sizes of a burst, beyond the round trip
)

// controlPort is a port where nobody listens: whether a machine says so of it tells what its silence means of another. It is
// asked only of a machine whose replayer is silent, since to some watchman a datagram to it is the beginning of a scan.
const controlPort = 1

// maxProbed bounds how many addresses of a name are probed.
const maxProbed = 16

// Probe asks a replayer for a session as a listener does, at each address that its name has, and begins none: what it
// sends is HELLO and nothing else, to the replayer and, if that is silent, to controlPort of its machine; the replayer keeps
// nothing of it. The error is that of looking up the name.
func Probe(ctx context.Context, replayer string, secret []byte) ([]Probed, error) {
	keys, err := newKeyring(secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	addrs, err := lookUp(ctx, replayer)
	if err != nil {
		return nil, err
	}
	addrs = addrs[:min(len(addrs), maxProbed)]
	all := make([]Probed, len(addrs))
	var ended sync.WaitGroup
	for i, addr := range addrs {
		ended.Go(func() {
			p := &probe{ctx: ctx, keys: keys.clone(), clock: newClock(), found: Probed{Addr: addr, Reaction: Unsent}}
			p.run(addr)
			all[i] = p.found
		})
	}
	ended.Wait()
	return all, nil
}

// A probe asks one address.
type probe struct {
	ctx   context.Context
	keys  *keyring
	clock clock
	found Probed
	buf   [responseRoom]byte
}

// run asks, and where nobody responds finds out what that means.
func (p *probe) run(to netip.AddrPort) {
	sock, err := p.dial(to)
	if err != nil {
		p.found.Err = err
		return
	}
	defer sock.close()
	asking := initiator{keys: p.keys, rand: randomBytes}
	p.found.Reaction, p.found.Err = p.ask(sock, &asking, probeAsks)
	switch p.found.Reaction {
	case Welcomed:
		p.sizes(sock, asking.hello.cookie)
	case Silent:
		p.interpret(sock, to)
	}
}

// interpret finds out what silence means.
func (p *probe) interpret(sock *sendSocket, to netip.AddrPort) {
	if p.keys != nil {
		plain := initiator{rand: randomBytes}
		if reaction, _ := p.ask(sock, &plain, probeUnsealed); reaction == Welcomed {
			p.found.Reaction = Unsealed
			return
		}
	}
	control, err := p.dial(netip.AddrPortFrom(to.Addr(), controlPort))
	if err != nil {
		return
	}
	defer control.close()
	asking := initiator{keys: p.keys, rand: randomBytes}
	if reaction, _ := p.ask(control, &asking, probeControl); reaction == Refused {
		p.found.Reaction = Deaf // its machine would have said so
	}
}

// dial opens a socket to an address.
func (p *probe) dial(to netip.AddrPort) (*sendSocket, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	return newSendSocket(conn, slog.New(slog.DiscardHandler))
}

// ask sends HELLOs until a WELCOME responds, somebody says that nobody does, or time is up.
func (p *probe) ask(sock *sendSocket, asking *initiator, patience time.Duration) (Reaction, error) {
	end := p.clock.now() + int64(patience)
	asking.restart(p.clock.now())
	var unsent error
	sent := int64(0)
	for heard := false; ; {
		now := p.clock.now()
		if now >= end || p.ctx.Err() != nil {
			if unsent != nil && !heard {
				return Unsent, unsent
			}
			return Silent, nil
		}
		if now >= asking.nextAt {
			unsent = p.send(sock, asking.datagram(0))
			asking.said(now)
			sent = now
			if meaning(unsent) == sendRefused {
				return Refused, nil
			}
		}
		sock.setDeadline(p.clock.deadline(min(asking.nextAt, end)))
		n, err := sock.read(p.buf[:])
		switch {
		case err == nil:
			heard = true
			if p.welcomed(p.buf[:n], asking, sent) {
				return Welcomed, nil
			}
		case meaning(err) == sendRefused:
			return Refused, nil
		}
	}
}

// send sends a datagram.
func (p *probe) send(sock *sendSocket, d []byte) error {
	_, err := sock.write(d, len(d))
	return err
}

// welcomed takes in a response, and reports whether it is the WELCOME.
func (p *probe) welcomed(d []byte, asking *initiator, sent int64) bool {
	h, _, ok := parseHeader(d)
	if !ok {
		return false
	}
	switch h.kind {
	case kindRetry:
		asking.retry(p.clock.now(), h, d)
	case kindWelcome:
		var w welcome
		if _, ok := asking.accept(h, d, &w); !ok {
			return false
		}
		p.found.RoundTrip = time.Duration(p.clock.now() - sent)
		p.found.Instance, p.found.Window = w.instance, int(w.window)
		if h.flags&flagSealed != 0 {
			d = d[:len(d)-tagSize]
		}
		p.found.Self = parseSelf(d[headerSize:]) // which was opened in place
		return true
	}
	return false
}

// sizes finds out how large the datagrams are that get there: HELLOs of all sizes worth trying, each with a random of its
// own, by which the response tells which one it is to.
func (p *probe) sizes(sock *sendSocket, cookie [16]byte) {
	best := newPathSize(0, sock.pathMTU(), p.found.Addr.Addr()).best
	p.found.Best, p.found.Largest = best, maxControl
	sizes := []int{best}
	for _, s := range steps {
		if s < best && s > maxControl {
			sizes = append(sizes, s)
		}
	}
	asking := make([]initiator, len(sizes))
	for i := range asking {
		asking[i] = initiator{keys: p.keys, rand: randomBytes}
		asking[i].hello.cookie = cookie
	}
	for range burstsAtOnce {
		for i, size := range sizes {
			if size > p.found.Largest {
				p.send(sock, asking[i].padded(size)) // what does not get out does not get there
			}
		}
		if p.hear(sock, sizes, asking); p.found.Largest == best || p.ctx.Err() != nil {
			return
		}
	}
}

// hear waits for responses to a burst of sizes.
func (p *probe) hear(sock *sendSocket, sizes []int, asking []initiator) {
	for end := p.clock.now() + int64(probeSize+2*p.found.RoundTrip); p.found.Largest < sizes[0] && p.clock.now() < end; {
		sock.setDeadline(p.clock.deadline(end))
		n, err := sock.read(p.buf[:])
		if err != nil {
			continue // its time is up, or a router says that something was too large, which is no news
		}
		h, _, ok := parseHeader(p.buf[:n])
		if !ok || h.kind != kindWelcome {
			continue
		}
		for i := range asking {
			var w welcome
			d := slices.Clone(p.buf[:n]) // it is opened in place
			if _, ok := asking[i].accept(h, d, &w); ok {
				p.found.Largest = max(p.found.Largest, sizes[i])
			}
		}
	}
}
