package udpwire

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A fleet is the replayers of a Sender: the addresses that the names have now, with a link to each, and which of them
// are there. It publishes that as a view, which the goroutine that calls Send adopts when it next looks. What changes
// it are the resolvers, each with a goroutine of its own, and the links, which say when their replayers go and come.
type fleet struct {
	cfg   SenderConfig
	make  func(host string, to netip.AddrPort) (*link, error) // Opens a link; its run is not called yet.
	run   func(*link)                                         // Runs it on a goroutine.
	limbo *link                                               // To nobody: it keeps messages while no address is known.
	view  atomic.Pointer[view]
	runs  sync.WaitGroup // The links' goroutines.
	looks lookups

	mu        sync.Mutex // Guards what follows; the links' locks may be taken under it.
	names     []*name
	addresses []*address
	aliases   map[netip.AddrPort]uint64 // Addresses that reach a replayer that another one reaches, by its instance.
	past      SenderStats               // Of links that ended.
	status    []byte                    // The latest that the listener tells of itself; nil: none.
	hurried   bool                      // No link is to wait for room.
	closed    bool                      // Nothing is opened or forgotten any more.
	over      bool                      // No link is open any more.
}

// lookups are the goroutines that look names up.
type lookups struct {
	ctx    context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup
	every  time.Duration // Between two of a name.
}

// A name is what the user wrote for a replayer or several, and what it stands for.
type name struct {
	host   string
	addrs  []netip.AddrPort // As of the last lookup that told any.
	known  bool             // A lookup has told something.
	said   string           // The reason why one failed, when that was said last; "": none is to be taken back.
	warned bool             // The user was told that there is no secret.
}

// An address is one at which a replayer may be.
type address struct {
	at      netip.AddrPort
	name    *name // That had it when the link was opened.
	link    *link
	left    bool // No name has it any more.
	leaving bool // Its link is to get nothing more, and to end.
}

// maxAddresses bounds how many replayers the names may stand for.
const maxAddresses = 128

// newFleet returns a fleet that knows nobody but limbo.
func newFleet(cfg SenderConfig, limbo *link) *fleet {
	f := &fleet{cfg: cfg, limbo: limbo, aliases: make(map[netip.AddrPort]uint64)}
	f.run, f.looks.every = f.goRun, lookupEvery
	f.looks.ctx, f.looks.cancel = context.WithCancel(context.Background())
	f.view.Store(&view{members: []*link{limbo}, instances: []uint64{0}})
	return f
}

// atFirst is how long resolve waits for what the first lookups bring. It need not, but sockets are better opened before
// the program gives its privileges away: then they get larger buffers.
const atFirst = 200 * time.Millisecond

// resolve begins to look up the names of the configuration, for ever.
func (f *fleet) resolve(look lookup) {
	for _, host := range f.cfg.Replayers {
		f.names = append(f.names, &name{host: host})
	}
	first := make(chan struct{}, len(f.names)) // so that no resolver waits
	for _, n := range f.names {
		if isLiteral(n.host) { // which takes no time
			addrs, err := look(f.looks.ctx, n.host)
			f.found(n, addrs, err)
		}
		r := resolver{host: n.host, every: f.looks.every, look: look, found: func(addrs []netip.AddrPort, err error) {
			f.found(n, addrs, err)
			select {
			case first <- struct{}{}:
			default:
			}
		}}
		f.looks.wait.Go(func() { r.run(f.looks.ctx) })
	}
	late, cancel := context.WithTimeout(f.looks.ctx, atFirst)
	defer cancel()
	for range f.names {
		select {
		case <-first:
		case <-late.Done():
			return
		}
	}
}

// found takes in what a lookup of a name has brought.
func (f *fleet) found(n *name, addrs []netip.AddrPort, err error) {
	f.mu.Lock()
	n.learn(f.cfg.Logger, addrs, err)
	f.open()
	if f.cfg.Wait && len(f.addresses) == 0 {
		f.forsake()
	}
	f.mu.Unlock()
	f.changed()
}

// learn takes in what a lookup has brought and tells the user what is new of it. When one fails the addresses stay: a
// name server that is away takes no replayer with it.
func (n *name) learn(log *slog.Logger, addrs []netip.AddrPort, err error) {
	if err != nil || len(addrs) == 0 {
		why := "it has no addresses"
		if err != nil {
			why = err.Error()
		}
		if n.said != why {
			log.Warn("cannot look up the replayer's name, trying again", "replayer", n.host, "err", why)
			n.said = why
		}
		return
	}
	if n.said != "" || n.known && !slices.Equal(n.addrs, addrs) {
		log.Info("the replayer's name has addresses", "replayer", n.host, "addresses", addrs)
	}
	n.addrs, n.known, n.said = addrs, true, ""
}

// open opens links to addresses that are new, and notes which ones no name has any more.
func (f *fleet) open() {
	for _, a := range f.addresses {
		a.left = !f.named(a.at)
	}
	for _, n := range f.names {
		for _, at := range n.addrs {
			if f.closed || f.known(at) || f.isAlias(at) {
				continue
			}
			if len(f.addresses) == maxAddresses {
				n.complain(f.cfg.Logger, "more addresses than a listener can have replayers")
				return
			}
			l, err := f.make(n.host, at)
			if err != nil {
				n.complain(f.cfg.Logger, err.Error())
				continue
			}
			f.addresses = append(f.addresses, &address{at: at, name: n, link: l})
			f.begin(n, l, at)
		}
	}
}

// begin begins to ask at an address who is there.
func (f *fleet) begin(n *name, l *link, at netip.AddrPort) {
	if f.hurried {
		l.hurry()
	}
	l.peer.status.body = f.status
	if len(f.cfg.Secret) == 0 && !at.Addr().IsLoopback() && !n.warned {
		n.warned = true
		f.cfg.Logger.Warn("no secret: requests travel readable for everybody on the way, and anybody can send some; --secret-file on both sides prevents that", "replayer", n.host)
	}
	f.run(l)
}

// goRun runs a link, and looks who is there when that has ended.
func (f *fleet) goRun(l *link) {
	f.runs.Go(func() {
		l.run()
		f.changed()
	})
}

// complain tells the user once what is wrong with an address of the name.
func (n *name) complain(log *slog.Logger, why string) {
	if n.said != why {
		log.Warn("cannot send to an address of the replayer", "replayer", n.host, "err", why)
		n.said = why
	}
}

// named reports whether a name has an address.
func (f *fleet) named(at netip.AddrPort) bool {
	return slices.ContainsFunc(f.names, func(n *name) bool { return slices.Contains(n.addrs, at) })
}

// known reports whether there is a link to an address.
func (f *fleet) known(at netip.AddrPort) bool {
	return slices.ContainsFunc(f.addresses, func(a *address) bool { return a.at == at })
}

// isAlias reports whether an address reaches a replayer that is there by another one. When that is not there any more,
// this is tried again.
func (f *fleet) isAlias(at netip.AddrPort) bool {
	instance, is := f.aliases[at]
	if is && !slices.ContainsFunc(f.addresses, func(a *address) bool { return a.link.up.Load() && a.link.instance.Load() == instance }) {
		delete(f.aliases, at)
		return false
	}
	return is
}

// announce tells all replayers what the listener is, now and every few seconds. status may take its time.
func (f *fleet) announce(status func() Status) {
	f.looks.wait.Go(func() {
		for {
			s := status()
			f.say(s.append(nil))
			if !sleep(f.looks.ctx, time.Duration(statusEvery)) {
				return
			}
		}
	})
}

// say gives the links a STATUS to send.
func (f *fleet) say(body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = body
	for _, l := range f.links() {
		l.mu.Lock()
		l.peer.status.body = body
		l.mu.Unlock()
	}
}

// forsake notes, for a source that can wait, that no replayer has had an address for nobodyAfter, if that is so.
func (f *fleet) forsake() {
	l := f.limbo
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if text := l.peer.forlorn.check(now, now-l.path.dialedAt >= nobodyAfter, false); text != "" {
		f.cfg.Logger.Warn(text)
	}
	l.publish()
}

// hurry makes no link wait for room any more.
func (f *fleet) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hurried = true
	for _, l := range f.links() {
		l.hurry()
	}
}

// close ends the lookups and returns the links, which are to be closed by the caller.
func (f *fleet) close() []*link {
	f.looks.cancel()
	f.looks.wait.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return f.links()
}

// end notes that all links are closed.
func (f *fleet) end() {
	f.runs.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.over = true
}

// stats returns the accounts of all links. given is what Send was given.
func (f *fleet) stats(given *counter) SenderStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.past
	for _, l := range f.links() {
		l.addTo(&st)
		l.addNow(&st)
	}
	f.census(&st)
	st.balance(given, f.over)
	return st
}

// census counts the replayers: those that have answered, and each name of which none has.
func (f *fleet) census(st *SenderStats) {
	if f.over {
		return
	}
	met := make(map[*name]bool)
	for _, a := range f.addresses {
		switch {
		case a.link.instance.Load() == 0:
			continue
		case a.link.up.Load():
			st.ReplayersUp++
		case !a.leaving:
			st.ReplayersDown++
		}
		met[a.name] = true
	}
	for _, n := range f.names {
		if !met[n] {
			st.ReplayersDown++
		}
	}
	st.Replayers = st.ReplayersUp + st.ReplayersDown
}
