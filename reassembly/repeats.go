package reassembly

import (
	"hash/maphash"
	"log/slog"

	"gor/capture"
	"gor/reassembly/http1"
)

// repeats knows the requests that a proxy of whom both sides are seen hands on, as
// one between containers: TCP cannot tell that its two connections carry the same
// request. It is taken where it was seen first, before the proxy, as there the client
// is the user's.
//
// A request is a repeat of one that was seen a moment ago if it is of the same user,
// as far as the head says, asks for the same, comes from the address that that one
// went to, and goes elsewhere. Each has one repeat at most. What a service asks
// another, while it answers somebody, is its own request: it has not the browser's
// name and cookies, and is taken as ever. So is what several clients on one machine
// ask one server there.
//
// Nothing is remembered of requests before a client has the address of a server.
type repeats struct {
	log     *slog.Logger
	seed    maphash.Seed
	on      bool // a client had a server's address
	told    bool
	servers [1 << 10]uint64 // hashes of the addresses of servers, each at its place
	turn    uint64          // counts requests
	seen    [1 << 8][8]seenRequest
}

// A seenRequest is what was asked a moment ago, and not repeated yet.
type seenRequest struct {
	what   uint64 // a hash of it
	addr   uint64 // a hash of the server's address
	client uint64 // of the client's: a proxy asks what somebody else has asked it
	server uint64 // a hash of that and the port
	moment uint32 // in ticks of the Assembler
	turn   uint64 // when it was used last, in requests: a tick has hundreds
	left   uint32 // how many of them there were, less those that were repeated
}

// mostLeft bounds how many requests that were not repeated may be later.
const mostLeft = 256

// repeatTicks is how long a proxy may take to hand a request on: two seconds.
const repeatTicks = 20

func newRepeats(log *slog.Logger) repeats { return repeats{log: log, seed: maphash.MakeSeed()} }

func (r *repeats) address(e *capture.Endpoint) uint64 { return maphash.Bytes(r.seed, e.Addr[:]) }

func (r *repeats) endpoint(e *capture.Endpoint) uint64 {
	return r.address(e) ^ uint64(e.Port)*0x9e3779b97f4a7c15
}

// opens notes a connection's ends, when its first data comes.
func (r *repeats) opens(client, server *capture.Endpoint) {
	from, to := r.address(client), r.address(server)
	r.servers[to%uint64(len(r.servers))] = to
	r.on = r.on || from != to && r.servers[from%uint64(len(r.servers))] == from
}

// has reports whether a request, whose head is m, is a repeat, and remembers it.
func (r *repeats) has(f *flow, m *http1.Message, raw []byte) bool {
	if !r.on {
		return false
	}
	from, to, server := r.address(f.client), r.address(f.server), r.endpoint(f.server)
	what, now := r.asked(m, raw), f.a.clock.moment
	before, here := r.place(what, from), r.place(what, to)
	repeat := before.what == what && before.addr == from && before.server != server && before.client != from && before.left > 0 && now-before.moment <= repeatTicks
	if repeat {
		before.left--
		r.tell(f)
	}
	if here.what != what || here.server != server || now-here.moment > repeatTicks {
		*here = seenRequest{what: what, addr: to, server: server}
	}
	here.client = from
	r.turn++
	here.moment, here.turn = now, r.turn
	here.left = min(here.left+1, mostLeft) // also of a repeat: there may be another proxy behind this one
	return repeat
}

// place is where a request is remembered that went to a server's address; if it is
// not, the place that was used longest ago.
func (r *repeats) place(what, addr uint64) *seenRequest {
	set := &r.seen[(what^addr)%uint64(len(r.seen))]
	oldest := &set[0]
	for i := range set {
		if s := &set[i]; s.what == what && s.addr == addr {
			return s
		} else if s.turn < oldest.turn {
			oldest = s
		}
	}
	return oldest
}

// asked is a hash of what a request asks for, and of what says whose it is that
// proxies do not change.
func (r *repeats) asked(m *http1.Message, raw []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	h.Write(m.Method(raw))
	h.WriteByte(' ')
	h.Write(m.Target(raw))
	for _, k := range [...]http1.FieldKind{http1.FieldUserAgent, http1.FieldCookie, http1.FieldAuthorization} {
		h.WriteByte('\n')
		if line, _ := http1.First(m, raw, k); line != nil {
			h.Write(http1.ParseField(line).Value)
		}
	}
	return h.Sum64()
}

// tell says once which of the two is taken.
func (r *repeats) tell(f *flow) {
	if !r.told {
		r.told = true
		r.log.Info("requests are seen before and behind a proxy: each is taken once, as it comes to the proxy",
			"proxy", f.client.String(), "behind", f.server.String())
	}
}
