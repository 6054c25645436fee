package udpwire

import (
	"errors"
	"syscall"
	"time"
)

// An outbox is the listener's half of a session: it numbers datagrams, sends as many as the replayer can take, keeps
// them until it has confirmed them, and sends again what it misses. It is driven with the time and does no I/O but
// write. Not safe for concurrent use.
type outbox struct {
	// Fixed for the session.
	session uint64
	flags   uint8
	seal    *sealer                                  // nil: no secret
	write   func(b []byte, segment int) (int, error) // sends b as datagrams of segment bytes, the last may be shorter
	pool    *chunkPool

	pending list[chunk, *chunk] // to be sent for the first time

	// Numbers: oldest <= seen+1 <= next.
	next   uint64 // to be given
	oldest uint64 // lowest that is neither confirmed nor gone
	seen   uint64 // highest the replayer has seen
	ring   []sent // by number, power of two
	spans  []span // scratch

	// Messages of this session.
	before   uint64 // last id before the session
	last     uint64 // last id begun in it
	bytes    uint64
	answered report // the latest

	// Pace.
	window   int64  // bytes the replayer can take at once
	inPath   int64  // bytes that are on the way in one round trip beside those in its buffer
	posNext  uint64 // cost of all datagrams below next
	posSeen  uint64 // cost of all up to seen
	rtt      int64  // smoothed round trip, ns; 0: unknown
	minRTT   int64
	lastSent int64
	beatPos  uint64 // posSeen when the last HEARTBEAT left
	beatAt   int64
	unheard  int // HEARTBEATs since the last REPORT

	refused bool // the other machine said that nobody listens
	stats   outboxStats
	control uint64     // last control number
	body    [2048]byte // scratch for control datagrams
}

// sent is what is known of one number.
type sent struct {
	c          *chunk
	start, end uint32
	at         int64  // last sent
	pos        uint64 // cost of all up to this one
	tries      uint8
	gone       bool
}

type outboxStats struct {
	datagrams, datagramBytes, recovered, lost uint64
}

// Limits and pace of recovery.
const (
	maxOutstanding = 1 << 16                // numbers not settled
	maxUnderWay    = 1 << 20                // messages neither handed on nor lost
	perDatagram    = 1024                   // what a datagram costs its receiver's kernel beside its bytes
	minWindow      = 128 << 10              // whatever the replayer says: two large datagrams
	maxTries       = 12                     // after so many and
	maxAge         = int64(5 * time.Second) // so long, a datagram is given up: it does not pass this path
	resendSlack    = int64(time.Millisecond)
	firstRTT       = int64(50 * time.Millisecond)

	beatIdle = int64(time.Second)
	beatBusy = int64(100 * time.Millisecond) // while something is not confirmed
	beatTail = int64(10 * time.Millisecond)  // after the last DATA, to notice a lost tail
)

// errWouldBlock is returned by write when the kernel's send buffer is full.
var errWouldBlock = errors.New("udpwire: send buffer full")

// begin starts a session. Ids up to before belong to earlier ones.
func (o *outbox) begin(session uint64, flags uint8, seal *sealer, before uint64) {
	*o = outbox{
		write: o.write, pool: o.pool, pending: o.pending, stats: o.stats, ring: o.ring, spans: o.spans,
		session: session, flags: flags, seal: seal, before: before, last: before,
		next: 1, oldest: 1, window: minWindow,
	}
	if seal != nil {
		o.flags |= flagSealed
	}
	if o.ring == nil {
		o.ring = make([]sent, 1024)
	}
}

// push queues a chunk for drain.
func (o *outbox) push(c *chunk) {
	if t := o.pending.last; t != nil && t.merge(c) {
		o.pool.put(c)
		return
	}
	o.pending.push(c)
}

// messages is how many messages began in this session.
func (o *outbox) messages() uint64 { return o.last - o.before }

// unsettled reports whether anything sent is neither confirmed nor given up.
func (o *outbox) unsettled() bool { return o.oldest < o.next }

// room reports whether another chunk may be sent now.
func (o *outbox) room() bool {
	return o.next-o.oldest+maxGrams <= maxOutstanding &&
		o.messages()-min(o.answered.messages+o.answered.lostMessages, o.messages()) < maxUnderWay &&
		int64(o.posNext-o.posSeen) < max(o.window, minWindow)+o.inPath && !o.exhausted()
}

// exhausted reports whether the session's numbers are used up.
func (o *outbox) exhausted() bool { return o.next >= maxNumber-maxGrams }

// drain sends pending chunks as far as the replayer has room. It returns write's error that stopped it; the rest stays.
func (o *outbox) drain(now int64) error {
	for {
		c := o.pending.first
		if c == nil {
			return nil
		}
		if !c.numbered {
			if !o.room() {
				return nil
			}
			o.number(c, now)
		}
		for c.wrote < c.n {
			n, size := c.run(c.wrote)
			sent, err := o.send(c.buf[c.start(c.wrote):c.ends[c.wrote+n-1]], size)
			if c.wrote += sent; err != nil {
				return err
			}
		}
		o.lastSent = now
		o.pending.pop()
		if o.flags&flagOneWay != 0 {
			o.settle(o.next)
			o.seen, o.posSeen = o.next-1, o.posNext
		}
	}
}

// number gives a chunk's datagrams their numbers, headers and seals. From here on their bytes never change: a
// number is one datagram for ever, sent again as it is.
func (o *outbox) number(c *chunk, now int64) {
	for o.next-o.oldest+uint64(c.n) > uint64(len(o.ring)) {
		o.grow()
	}
	c.numbered, c.number, c.at = true, o.next, now
	for i := range c.n {
		start, end := c.start(i), c.ends[i]
		d := c.buf[start:end]
		header{kindData, o.flags, o.session, o.next}.put(d)
		putBase(d, c.bases[i]-o.before)
		if o.seal != nil {
			o.seal.seal(d)
		}
		o.posNext += uint64(len(d) + perDatagram)
		*o.at(o.next) = sent{c: c, start: start, end: end, at: now, pos: o.posNext}
		o.next++
	}
	o.last = c.last
	o.bytes += c.bytes
}

// wrote is the highest number that was handed to the kernel.
func (o *outbox) wrote() uint64 {
	if c := o.pending.first; c != nil && c.numbered {
		return c.number + uint64(c.wrote) - 1
	}
	return o.next - 1
}

func (o *outbox) at(number uint64) *sent { return &o.ring[number&uint64(len(o.ring)-1)] }

func (o *outbox) grow() {
	old := *o
	o.ring = make([]sent, 2*len(old.ring))
	for n := o.oldest; n < o.next; n++ {
		*o.at(n) = *old.at(n)
	}
}

// settle forgets all numbers below n and gives the memory of whole chunks back.
func (o *outbox) settle(n uint64) {
	for ; o.oldest < n; o.oldest++ {
		s := o.at(o.oldest)
		if o.oldest == s.c.number+uint64(s.c.n)-1 {
			o.pool.put(s.c)
		}
		s.c = nil
	}
}

// report takes in what the replayer says. It returns false when that cannot be true.
func (o *outbox) report(now int64, r *report) bool {
	wrote := o.wrote()
	if r.next > wrote+1 || r.highest > wrote || r.messages > o.messages() || r.lostMessages > o.messages()-r.messages ||
		r.bytes > o.bytes || r.lostBytes > o.bytes-r.bytes {
		return false
	}
	if r.next < o.oldest || r.messages < o.answered.messages {
		return true // overtaken by a later one
	}
	if r.highest > o.seen {
		o.seen = r.highest
		o.posSeen = o.at(r.highest).pos
	}
	o.settle(r.next)
	o.measure(now, r)
	o.unheard = 0
	missing := o.answered.missing[:0]
	o.answered = *r
	o.answered.missing = missing // r's spans are the caller's
	o.resend(now, r.missing)
	return true
}

// measure learns the round trip and how much fits into the path: what was confirmed during one round trip, scaled to
// the shortest one seen, since a longer one was spent in queues.
func (o *outbox) measure(now int64, r *report) {
	o.window = int64(r.window)
	if r.overruns > o.answered.overruns {
		o.inPath = 0
	}
	if r.echo == 0 || r.echo > now {
		return
	}
	sample := max(now-r.echo, 1)
	if o.rtt == 0 {
		o.rtt, o.minRTT = sample, sample
	}
	if sample < o.rtt { // one stall of a busy machine must not slow down what follows
		o.rtt -= (o.rtt - sample) / 2
	} else {
		o.rtt += (sample - o.rtt) / 8
	}
	o.minRTT = min(o.minRTT, sample)
	if r.echo == o.beatAt && r.overruns == o.answered.overruns {
		confirmed := int64(o.posSeen - o.beatPos)
		o.inPath = max(o.inPath-o.inPath/16, int64(float64(confirmed)*float64(o.minRTT)/float64(sample)))
	}
}

// resendAfter is how long a datagram sent again so many times is left to arrive before that is done once more. The
// first time there is nothing to wait for: it is asked for because later ones have arrived.
func (o *outbox) resendAfter(tries uint8) int64 {
	if tries == 0 {
		return 0
	}
	rtt := o.rtt
	if rtt == 0 {
		rtt = firstRTT
	}
	wait := rtt + rtt/8 + resendSlack
	if tries > 4 {
		wait = min(wait<<(tries-4), int64(200*time.Millisecond))
	}
	return wait
}

// resend sends the missing numbers again, neighbours in one call, and tells which ones it will not.
func (o *outbox) resend(now int64, missing []span) {
	gone, wrote := o.spans[:0], o.wrote()
	var r run
	for _, m := range missing {
		for n := max(m.first, o.oldest); n < m.end() && n <= wrote; n++ {
			s := o.at(n)
			if !s.gone && s.tries >= maxTries && now-s.c.at > maxAge {
				s.gone = true
				o.stats.lost++
			}
			if s.gone {
				gone = addNumber(gone, n)
				continue
			}
			if now-s.at < o.resendAfter(s.tries) {
				continue
			}
			if !r.add(s) {
				o.writeRun(&r)
				r.add(s)
			}
			s.at = now
			s.tries = min(s.tries+1, 255)
			o.stats.recovered++
		}
	}
	o.writeRun(&r)
	if o.spans = gone; len(gone) > 0 {
		o.sendControl(kindGone, appendSpans(o.room2048(), gone[:min(len(gone), maxSpans)]))
	}
}

// A run is neighbouring datagrams of a chunk that one call can send.
type run struct {
	c          *chunk
	start, end uint32
	size       uint32
	closed     bool // the last one is shorter: none may follow
	n          int
}

func (r *run) add(s *sent) bool {
	size := s.end - s.start
	if r.c == nil {
		*r = run{c: s.c, start: s.start, end: s.end, size: size, n: 1}
		return true
	}
	if r.closed || s.c != r.c || s.start != r.end || size > r.size {
		return false
	}
	r.end, r.closed = s.end, size < r.size
	r.n++
	return true
}

// writeRun sends what was gathered. An error needs no answer: the replayer will ask again.
func (o *outbox) writeRun(r *run) {
	if r.c == nil {
		return
	}
	o.send(r.c.buf[r.start:r.end], int(r.size))
	*r = run{}
}

// beat returns when the next HEARTBEAT is due.
func (o *outbox) beat() int64 {
	again := o.beatAt + min(beatTail<<min(o.unheard, 4), beatBusy) // it, or its answer, may be lost as well
	switch {
	case !o.unsettled():
		return o.beatAt + beatIdle
	case o.rtt == 0: // until the round trip is known, resending waits for long
		return again
	case o.beatAt < o.lastSent:
		return min(o.beatAt+beatBusy, o.lastSent+beatTail)
	}
	return again
}

// heartbeat sends a HEARTBEAT, or the same as BYE.
func (o *outbox) heartbeat(now int64, k kind, dropped uint64) {
	h := heartbeat{time: now, oldest: o.oldest, highest: o.wrote(), messages: o.messages(), bytes: o.bytes, dropped: dropped}
	o.beatAt, o.beatPos = now, o.posSeen
	o.unheard++
	o.sendControl(k, h.append(o.room2048()))
}

// room2048 is the scratch for a control datagram's body, behind the header's place.
func (o *outbox) room2048() []byte { return o.body[:headerSize] }

// sendControl completes and sends a control datagram built in o.body.
func (o *outbox) sendControl(k kind, d []byte) {
	o.control++
	header{k, o.flags, o.session, o.control}.put(d)
	if o.seal != nil {
		d = append(d, make([]byte, tagSize)...)
		o.seal.seal(d)
	}
	o.send(d, len(d))
}

// send writes datagrams of size bytes, counts those that left and remembers a refusal.
func (o *outbox) send(b []byte, size int) (n int, err error) {
	n, err = o.write(b, size)
	o.stats.datagrams += uint64(n)
	o.stats.datagramBytes += uint64(min(n*size, len(b)))
	if errors.Is(err, syscall.ECONNREFUSED) {
		o.refused = true
	}
	return n, err
}
