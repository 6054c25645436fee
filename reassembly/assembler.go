package reassembly

import (
	"cmp"
	"log/slog"
	"math"
	"time"

	"gor/capture"
	"gor/reassembly/memory"
)

// Config says what an Assembler may hold and for how long. Zero values mean
// the defaults.
type Config struct {
	// MaxMemory bounds what connections, half-read requests and early data take
	// together, in bytes. The default is 256 MiB.
	MaxMemory int64
	// MaxRequest is the size of the largest request in bytes; larger ones are
	// skipped by their length. The default is 64 MiB.
	MaxRequest int64
	// GapTimeout is how long, in packet time, missing bytes are waited for where
	// nothing says that the server has them. The default is 60 s: a client
	// sends a segment again after 1, 3, 7, 15 and 31 s (RFC 6298).
	GapTimeout time.Duration
	// IdleTimeout is the packet time after which a silent connection is
	// forgotten. The default is 5 min.
	IdleTimeout time.Duration
	// LoopHeader is the header that marks requests which gor sent itself. The
	// default is Gor-Replayed.
	LoopHeader string
	// Rebase says that the clock of a live source may be set back. Time then goes on
	// from where it was; a file's packets may just be in disorder.
	Rebase bool
	// Logger is told once per protocol and port what is not HTTP/1. The default
	// is silent.
	Logger *slog.Logger
	// Explain is told why requests are not handed on, while SetExplain says so; nil:
	// nobody is. It is lent what it is told, and is called in the midst of things: it
	// may not call the Assembler.
	Explain func(*Explanation)
}

const (
	defaultMaxMemory   = 256 << 20
	defaultMaxRequest  = 64 << 20
	defaultGapTimeout  = 60 * time.Second
	defaultIdleTimeout = 5 * time.Minute
	defaultLoopHeader  = "Gor-Replayed"

	tick = 100 * time.Millisecond // the resolution of timers
)

// withDefaults fills in what is zero.
func (c Config) withDefaults() Config {
	c.MaxMemory = cmp.Or(c.MaxMemory, defaultMaxMemory)
	c.MaxRequest = cmp.Or(c.MaxRequest, defaultMaxRequest)
	c.GapTimeout = cmp.Or(c.GapTimeout, defaultGapTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, defaultIdleTimeout)
	c.LoopHeader = cmp.Or(c.LoopHeader, defaultLoopHeader)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// An Assembler turns segments into requests. One goroutine at a time may use it.
// It holds the parts together: it finds a segment's connection, has its flow put
// the bytes in order, and keeps the time and the budget.
type Assembler struct {
	cfg     Config
	clock   clock
	conns   connections
	streams streams
	budget  budget
	reader  requests
	recent  recent

	at    flow       // the connection of the segment at hand
	other flow       // one that is looked at meanwhile: for its age, or to make room
	ahead [16]lookup // of the segments to be pushed next

	stats Stats
}

// A clock is the time that packets tell.
type clock struct {
	now    int64  // nanoseconds since the Unix epoch, as of the newest packet
	ahead  int64  // how far now is ahead of what packets say, because their clock was set back
	due    int64  // when timers are looked at next
	epoch  int64  // the time of the first packet
	moment uint32 // now in ticks since epoch, as of when timers were last looked at
}

// momentOf converts a time to ticks: 4 bytes are enough for 13 years.
func (c *clock) momentOf(now int64) uint32 {
	return uint32(min(max(now-c.epoch, 0)/int64(tick), math.MaxUint32))
}

// New returns an Assembler that hands each whole request to emit, on the
// goroutine that called Push, Advance or Close. The Request is lent for the
// call. emit says what became of it: Sent, Filtered, QueueFull, TooLarge, Skipped or
// Stopped.
func New(cfg Config, emit func(*Request) Fate) *Assembler {
	cfg = cfg.withDefaults()
	a := &Assembler{cfg: cfg, conns: newConnections(cfg.MaxMemory)}
	a.streams.limit = max(1, int(cfg.MaxMemory*3/8/streamBytes))
	a.budget = budget{max: cfg.MaxMemory, pool: memory.NewPool(cfg.MaxMemory / 4), conns: &a.conns, streams: &a.streams}
	a.reader = requests{cfg: &a.cfg, budget: &a.budget, ledger: ledger{
		emit: emit, stats: &a.stats, log: cfg.Logger, explain: explainer{tell: cfg.Explain}, repeats: newRepeats(cfg.Logger),
	}}
	a.reader.guesses = guesses{ledger: &a.reader.ledger, budget: &a.budget}
	a.at.a, a.other.a = a, a
	return a
}

// Push takes one segment; its payload is lent for the call.
func (a *Assembler) Push(s *capture.Segment) {
	a.Advance(s.Time)
	a.push(s, a.conns.lookUp(&s.Src, &s.Dst))
}

// How many segments ahead of the one being pushed their table slots are
// prefetched, and then the records that these slots name.
const (
	prefetchSlots   = 12
	prefetchRecords = 6
)

// PushAll takes segments in order, as Push does. With many connections most
// of a segment's time goes by waiting for the memory that its connection lies
// in: it is prefetched while other segments are pushed.
func (a *Assembler) PushAll(segs []capture.Segment) {
	for i := -prefetchSlots; i < len(segs); i++ {
		if k := i + prefetchSlots; k < len(segs) {
			a.ahead[k%len(a.ahead)].hash = a.conns.prefetchSlot(&segs[k].Src, &segs[k].Dst)
			a.recent.prefetch(&segs[k])
		}
		if k := i + prefetchRecords; k >= 0 && k < len(segs) {
			a.conns.prefetchRecord(&a.ahead[k%len(a.ahead)])
		}
		if i >= 0 {
			a.Advance(segs[i].Time)
			a.push(&segs[i], a.ahead[i%len(a.ahead)])
		}
	}
}

// isBare reports whether a segment says nothing about what the client sent.
func isBare(s *capture.Segment) bool {
	return len(s.Payload) == 0 && s.Cut == 0 && s.Flags&(capture.SYN|capture.FIN|capture.RST) == 0
}

// push takes a segment whose connection was looked up.
func (a *Assembler) push(s *capture.Segment, at lookup) {
	if isBare(s) {
		return
	}
	if s.Flags&(capture.ACK|capture.SYN|capture.RST) == 0 {
		a.stats.Foreign++ // no server reads what acknowledges nothing (tcp_rcv_established in Linux)
		return
	}
	f := &a.at
	f.client, f.server, f.ack, f.leaving = &s.Src, &s.Dst, seq(s.Ack), s.Leaving
	i, first := a.conns.resolve(at), seq(s.Seq)
	if s.Flags.Has(capture.SYN) {
		believed := false
		i, believed = a.announce(at.hash, i, first)
		first++ // the SYN counts as a byte (RFC 9293 §3.4)
		if !believed || len(s.Payload) == 0 && s.Flags&(capture.FIN|capture.RST) == 0 {
			return
		}
	}
	known := i != 0
	if !known {
		if len(s.Payload) == 0 {
			return
		}
		if i = a.open(at.hash, first); i == 0 {
			a.stats.Foreign++
			return
		}
		a.ignoreCopy(s, at.hash, i)
		a.reader.repeats.opens(&s.Src, &s.Dst)
	}
	if len(s.Payload) > 0 {
		a.recent.put(s, at.hash, a.clock.moment)
	}
	f.i, f.c, f.rest = i, a.conns.recs.at(i), a.clock.moment
	if known {
		f.rest -= f.c.last
	}
	a.makeRoom(f, len(s.Payload))
	if f.c.next == first && f.isPlain(s) {
		f.c.last = a.clock.moment
		f.c.advance(len(s.Payload))
		a.reader.read(f, s.Payload, true)
		if f.c.stream != 0 {
			f.settle()
		} else if known {
			return // nothing is held that was not before
		}
	} else {
		f.order(s, first)
	}
	if a.budget.exceeded() {
		a.shed(0, nil)
	}
}

// open makes the record of a connection whose data is seen for the first time,
// at the sequence number first. It is 0 for data that cannot be of the
// connection which a SYN has just announced.
func (a *Assembler) open(h uint64, first seq) uint32 {
	syn := a.conns.syns.find(h)
	if syn != nil && !syn.announces(first) {
		if a.clock.moment-syn.moment < synTicks {
			return 0
		}
		syn = nil
	}
	if a.conns.isFull() {
		a.evict()
	}
	i, c := a.conns.add(h)
	c.last = a.clock.moment
	c.http = newReading(a.clock.now, syn == nil)
	if syn != nil {
		c.begin(syn.isn.plus(1))
		*syn = synEntry{}
	} else {
		c.next, c.first = first, first
		c.state, c.flags = joining, joined
	}
	a.stats.Connections++
	return i
}

// ignoreCopy has connection i ignored, which a segment has just opened, if that is
// a copy by other addresses of one that is known.
func (a *Assembler) ignoreCopy(s *capture.Segment, h uint64, i uint32) {
	if !a.recent.isCopy(s, h, a.clock.moment) {
		return
	}
	a.conns.recs.at(i).state = ignored
	if a.stats.Copies++; a.stats.Copies == 1 {
		a.cfg.Logger.Info("connections are seen before and behind the translation of addresses: each is taken once",
			"client", s.Src.String(), "behind", s.Dst.String())
	}
}

// announce handles a SYN for connection i, or for an unknown one (0), and
// returns the connection as it is known then, and whether the server believes
// what else is in the segment. A SYN for a connection that is open may be a
// forgery or a late copy, which the server drops (RFC 5961 §4): only data where
// it says that data begins ends the old connection, and none does where that is
// near what the old one sends.
func (a *Assembler) announce(h uint64, i uint32, isn seq) (uint32, bool) {
	believed := true
	if i != 0 {
		f := &a.at
		f.i, f.c = i, a.conns.recs.at(i)
		c, first := f.c, isn.plus(1)
		switch ahead := c.start().minus(first); {
		case c.state == joining:
			if f.beginAt(first) {
				return i, true
			}
			a.forget(f, Aborted)
			i = 0
		case c.start() == first: // the same SYN again, or one that was late
			if c.has(joined) {
				c.flags &^= joined
				a.reader.vouch(f)
			}
			return i, false
		case c.state == closed:
			a.forget(f, Aborted)
			i = 0
		case c.has(joined) && ahead > 0 && inWindow(ahead):
			return i, false // late: the first data was lost or is behind
		case isNear(first.minus(c.next)):
			return i, false
		default:
			c.flags |= announced
			believed = false
		}
	}
	a.conns.syns.put(h, isn, a.clock.moment)
	return i, believed
}

// Advance tells the time, in nanoseconds since the Unix epoch, when no packet
// does; Push does so by itself. Timers have a resolution of a tenth of a second,
// or of some seconds where very many connections wait for missing bytes.
func (a *Assembler) Advance(now int64) {
	now += a.clock.ahead
	if now > a.clock.now {
		a.clock.now = now
		if now >= a.clock.due {
			a.tick()
		}
	} else if a.cfg.Rebase && a.clock.now-now > int64(setBack) {
		a.clock.ahead += a.clock.now - now
	}
}

// setBack is more than packets of a live source are in disorder, or behind its
// clock because nobody read them for a while.
const setBack = 10 * time.Second

// tick does what is to be done each tenth of a second.
func (a *Assembler) tick() {
	if a.clock.due == 0 {
		a.clock.epoch = a.clock.now
	}
	a.clock.due = a.clock.now + int64(tick)
	a.clock.moment = a.clock.momentOf(a.clock.now)
	a.expire()
}

// flowOf makes a flow of a stream's connection, beside the one at hand. It is
// valid until the next call.
func (a *Assembler) flowOf(st *stream) *flow {
	a.other = flow{a: a, i: st.conn, c: a.conns.recs.at(st.conn), client: &st.client, server: &st.server, ack: st.ack, leaving: st.leaving}
	return &a.other
}

// Close ends the input: whole requests behind holes are handed on, and those
// that are not whole get their fate.
func (a *Assembler) Close() {
	for st := a.streams.oldest; st != nil; st = a.streams.oldest {
		f := a.flowOf(st)
		for f.c.stream == st.at && st.isWaiting() {
			f.giveUpHole(st)
		}
		if a.reader.guesses.isAll(f) {
			a.reader.guesses.prove(f)
		}
		a.reader.confirm(f)
		a.forget(f, Aborted)
	}
}

// Settled returns a time, in nanoseconds since the Unix epoch: no request that is
// handed on from now on was complete before it, unless what follows a guess takes
// longer than most to prove it.
func (a *Assembler) Settled() int64 {
	if len(a.streams.waiting) == 0 {
		return a.clock.now
	}
	return a.clock.now - int64(guessTimeout)
}

// forget ends f's connection and all it has; what is open on it gets the fate.
func (a *Assembler) forget(f *flow, fate Fate) {
	a.reader.end(f, fate)
	f.releaseStream()
	a.conns.remove(f.c.id, f.i)
}

// Stats returns the accounts so far.
func (a *Assembler) Stats() Stats {
	s := a.stats
	s.Flows = uint64(a.conns.recs.live)
	s.Memory = uint64(a.budget.held())
	s.PeakMemory = max(uint64(a.budget.peak), s.Memory)
	return s
}
