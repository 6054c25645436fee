package reassembly

import (
	"cmp"
	"log/slog"
	"math"
	"time"

	"gor/capture"
)

// Config says what an Assembler may hold and for how long. Zero values mean
// the defaults.
type Config struct {
	MaxMemory   int64         // bytes of connections, half-read requests and early data; default 256 MiB
	MaxRequest  int64         // bytes of the largest request; default 64 MiB
	GapTimeout  time.Duration // packet time that missing bytes have to come; default 3 s
	IdleTimeout time.Duration // packet time after which a silent connection is forgotten; default 5 min
	Mark        string        // the header of requests that gor sent itself; default Gor-Replayed
	Logger      *slog.Logger  // what is not HTTP/1, once per protocol and port; default none
}

const (
	defaultMaxMemory   = 256 << 20
	defaultMaxRequest  = 64 << 20
	defaultGapTimeout  = 3 * time.Second // four retransmissions: 200, 400, 800, 1600 ms
	defaultIdleTimeout = 5 * time.Minute
	defaultMark        = "Gor-Replayed"

	closedTimeout = 15 * time.Second // a closed connection is remembered: late copies of its packets are no requests
	tick          = 100 * time.Millisecond
)

// An Assembler turns segments into requests. One goroutine at a time may use it.
type Assembler struct {
	cfg        Config
	emit       func(*Request) Fate
	maxConns   int
	maxStreams int

	now, due int64  // packet time; when timers are looked at next
	epoch    int64  // the first packet time
	moment   uint32 // now, in ticks since epoch, as of the last time that timers were looked at
	table    *table
	syns     synCache
	recs     slab
	closed   closedQueue
	hand     uint32 // record looked at last for one to evict
	broom    uint32 // record looked at last for being silent too long
	toSweep  uint32 // how many are to be looked at now
	swept    int64  // when that was decided last
	streams  streams
	pool     pool

	shedding bool

	ahead [16]lookup // of the segments to be pushed next

	req    Request // its Client and Server are those of the packet or stream at hand
	stats  Stats
	warned [protocols][]uint16 // ports whose protocol was logged
}

// New returns an Assembler that hands each whole request to emit, on the
// goroutine that called Push, Advance or Close. The Request is lent for the
// call. emit says what became of it: Sent, Filtered, QueueFull or TooLarge.
func New(cfg Config, emit func(*Request) Fate) *Assembler {
	cfg.MaxMemory = cmp.Or(cfg.MaxMemory, defaultMaxMemory)
	cfg.MaxRequest = cmp.Or(cfg.MaxRequest, defaultMaxRequest)
	cfg.GapTimeout = cmp.Or(cfg.GapTimeout, defaultGapTimeout)
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, defaultIdleTimeout)
	cfg.Mark = cmp.Or(cfg.Mark, defaultMark)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	maxConns := max(1, int(cfg.MaxMemory*5/8/(connBytes+skipBytes+closingBytes+maxSlotBytes)))
	return &Assembler{
		maxConns:   maxConns,
		maxStreams: max(1, int(cfg.MaxMemory*3/8/streamBytes)),
		cfg:        cfg, emit: emit, table: newTable(), syns: newSynCache(cfg.MaxMemory), recs: slab{limit: maxConns}, closed: closedQueue{limit: maxConns},
		pool: pool{limit: cfg.MaxMemory / 4},
	}
}

// Push takes one segment; its payload is lent for the call.
func (a *Assembler) Push(s *capture.Segment) {
	a.Advance(s.Time)
	at := lookup{hash: a.table.hash(&s.Src, &s.Dst)}
	at.conn, at.inserts = a.table.candidate(at.hash)
	a.push(s, at)
}

// A lookup is where a segment's connection is looked for.
type lookup struct {
	hash    uint64
	conn    uint32 // where it was a moment ago; 0: nowhere
	inserts uint32 // as of then
}

// PushAll takes segments in order, as Push does. With many connections most
// of a segment's time goes by waiting for the memory that its connection lies
// in: it is called for while other segments are pushed.
func (a *Assembler) PushAll(segs []capture.Segment) {
	for i := -slotsAhead; i < len(segs); i++ {
		if k := i + slotsAhead; k < len(segs) {
			h := a.table.hash(&segs[k].Src, &segs[k].Dst)
			a.table.prefetch(h)
			a.ahead[k%len(a.ahead)].hash = h
		}
		if k := i + recordsAhead; k >= 0 && k < len(segs) {
			at := &a.ahead[k%len(a.ahead)]
			if at.conn, at.inserts = a.table.candidate(at.hash); at.conn != 0 {
				a.recs.prefetch(at.conn)
			} else {
				a.syns.prefetch(at.hash)
			}
		}
		if i >= 0 {
			a.Advance(segs[i].Time)
			a.push(&segs[i], a.ahead[i%len(a.ahead)])
		}
	}
}

// How many segments ahead their slots of the table are called for, and then
// the records that these name.
const (
	slotsAhead   = 12
	recordsAhead = 6
)

// isBare tells a segment that says nothing about what the client sent.
func isBare(s *capture.Segment) bool {
	return len(s.Payload) == 0 && s.Cut == 0 && s.Flags&(capture.SYN|capture.FIN|capture.RST) == 0
}

func (a *Assembler) push(s *capture.Segment, at lookup) {
	if isBare(s) {
		return
	}
	h, i := at.hash, at.conn
	if i == 0 && !a.table.isNew(h, at.inserts) || i != 0 && a.recs.at(i).id != h {
		i = a.table.find(&a.recs, h)
	}
	a.req.Client = s.Src // not both at once: Go would copy one of them twice,
	a.req.Server = s.Dst // and the processor wait for the first copy
	first := seq(s.Seq)
	if s.Flags.Has(capture.SYN) {
		i = a.announce(h, i, first)
		first++ // the SYN counts as a byte (RFC 9293 §3.4)
	}
	known := i != 0
	if !known {
		if len(s.Payload) == 0 {
			return
		}
		i = a.open(h, s, first)
	}
	c := a.recs.at(i)
	c.last = a.moment
	if c.next == first && a.isPlain(c, s) {
		c.advance(len(s.Payload))
		a.read(i, c, s.Payload, true)
		if c.stream != 0 {
			a.settle(i, c)
		} else if known {
			return // nothing is held that was not before
		}
	} else {
		a.order(i, c, s, first)
	}
	if a.memory() > a.cfg.MaxMemory {
		a.shed(0, nil)
	}
}

// isPlain tells whether nothing but reading is to be done with a segment that
// is next, as with most: it is data alone, and no other data waits.
func (a *Assembler) isPlain(c *conn, s *capture.Segment) bool {
	if c.phase > skipping || !c.has(anchored) || s.Cut != 0 || s.Flags&(capture.FIN|capture.RST|capture.URG) != 0 {
		return false
	}
	st := a.stream(c)
	return st == nil || !a.isWaiting(st)
}

// Advance tells the time, in nanoseconds since the Unix epoch, when no packet
// does; Push does so by itself. Timers have a resolution of a tenth of a second.
func (a *Assembler) Advance(now int64) {
	if now > a.now {
		a.now = now
		if now >= a.due {
			a.tick()
		}
	}
}

// tick does what is to be done each tenth of a second.
func (a *Assembler) tick() {
	if a.due == 0 {
		a.epoch = a.now
	}
	a.due = a.now + int64(tick)
	a.moment = a.momentOf(a.now)
	a.expire()
}

// momentOf is what conn.last is measured in: 4 bytes are enough for 13 years.
func (a *Assembler) momentOf(now int64) uint32 {
	return uint32(min(max(now-a.epoch, 0)/int64(tick), math.MaxUint32))
}

// Close ends the input: whole requests behind holes are handed on, and those
// that are not whole get their fate.
func (a *Assembler) Close() {
	for st := a.streams.oldest; st != nil; st = a.streams.oldest {
		i := st.conn
		for c := a.recs.at(i); c.stream == st.at && a.isWaiting(st); {
			a.fillHole(i, c, st)
		}
		a.forget(i, Aborted)
	}
}

// Stats returns the accounts so far.
func (a *Assembler) Stats() Stats {
	s := a.stats
	s.Flows = uint64(a.recs.live)
	s.Memory = uint64(a.memory())
	s.PeakMemory = max(s.PeakMemory, s.Memory)
	return s
}

// announce handles a SYN for connection i, or for an unknown one, and returns
// the connection that data in it belongs to.
func (a *Assembler) announce(h uint64, i uint32, isn seq) uint32 {
	if i != 0 {
		c := a.recs.at(i)
		first := isn.plus(1)
		switch ahead := c.start().minus(first); {
		case !c.has(anchored):
			if st := a.stream(c); st != nil && st.early.len() > 0 && !inWindow(st.early.front().seq.minus(first)) {
				break
			}
			a.anchor(i, c, first)
			c.flags = c.flags&^joined | fresh
			c.phase = between
			a.drain(i, c)
			a.settle(i, c)
			return i
		case c.start() == first:
			c.flags &^= joined
			return i // the same SYN again
		case c.has(joined) && ahead > 0 && inWindow(ahead):
			return i // late: its first data was lost or is behind
		}
		a.forget(i, Aborted)
	}
	a.syns.put(h, isn)
	return 0
}

// open makes the record of a connection whose first data is s.
func (a *Assembler) open(h uint64, s *capture.Segment, first seq) uint32 {
	if a.recs.live >= a.maxConns {
		a.evict()
	}
	i, c := a.recs.take()
	c.id, c.birth = h, birth(s.Time)
	c.next, c.first = first, first
	c.phase, c.flags = hunting, joined|fresh
	if isn, ok := a.syns.take(h); ok && near(first, isn.plus(1)) { // a keep-alive probe comes from before the first byte
		c.next, c.first = isn.plus(1), isn.plus(1)
		c.phase, c.flags = between, anchored|fresh
	}
	a.table.insert(h, i)
	a.stats.Connections++
	return i
}

// forget ends connection i and all it has; a half-read request gets the fate.
func (a *Assembler) forget(i uint32, fate Fate) {
	c := a.recs.at(i)
	a.drop(c, fate)
	a.releaseStream(c)
	a.table.remove(c.id, i)
	a.recs.release(i)
}

// retire closes connection i, but remembers it for a while.
func (a *Assembler) retire(i uint32, c *conn) {
	a.drop(c, Aborted)
	a.releaseStream(c)
	if c.phase != closed {
		c.phase, c.last = closed, a.moment
		a.closed.push(closing{i, a.moment})
	}
}
