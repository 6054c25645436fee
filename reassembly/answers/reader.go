package answers

import (
	"cmp"
	"time"

	"gor/capture"
	"gor/reassembly/memory"
)

// Config says how much is kept of answers, and for how long. Zero values mean the
// defaults.
type Config struct {
	// Memory bounds what connections and half-read answers take together, in bytes.
	// The default is 32 MiB.
	Memory int64
	// Body is how much of an answer's content is wanted, in bytes; 0: heads alone.
	Body int
	// Hash is the length of the longest content of which a hash is wanted; 0: none.
	Hash int64
	// Timeout is how long an answer is waited for, in packet time, and how long for
	// more of one that has begun. The default is a minute.
	Timeout time.Duration
}

const (
	defaultMemory  = 32 << 20
	defaultTimeout = time.Minute

	// tick is how often is looked at what waits.
	tick = int64(500 * time.Millisecond)
	// patience is how long missing bytes are waited for, and impatience for how long where
	// the client has had them.
	patience   = int64(3 * time.Second)
	impatience = tick
	// idle is when a silent connection is forgotten.
	idle = int64(5 * time.Minute)
)

// A Reader finds the answers to questions in what servers send. One goroutine at a
// time may use it.
type Reader struct{ pairing }

// A clock is the time that packets tell.
type clock struct {
	now     int64 // of the newest packet
	began   int64 // of the first one
	due     int64 // when is looked at what waits
	evicted int64 // when a connection had to be forgotten that was in use
}

// New returns a Reader that hands what becomes of each question to emit, once, on the
// goroutine that called Ask, Push, Advance or Close.
func New(cfg Config, emit func(*Answer)) *Reader {
	cfg.Memory = cmp.Or(cfg.Memory, defaultMemory)
	cfg.Timeout = cmp.Or(cfg.Timeout, defaultTimeout)
	r := &Reader{pairing{ledger: ledger{cfg: cfg, emit: emit}, habits: newHabits(cfg.Memory / 64), sparse: true}}
	r.conns.all = map[pair]*conn{}
	r.pool = memory.NewPool(cfg.Memory / 4)
	return r
}

// Ask is told of a request. It may come before its answer, or behind it; the
// requests of a connection come in their order.
func (r *Reader) Ask(q *Question) {
	r.Advance(q.Time)
	if !q.Unwanted {
		r.stats.Asked++
		r.stats.Waiting++
	}
	c := r.conn(pair{q.Client, q.Server})
	r.admit(c, q)
	r.proceed(c)
	r.settle(c)
}

// Push takes a segment from a server; its payload is lent for the call.
func (r *Reader) Push(s *capture.Segment) {
	r.Advance(s.Time)
	r.stats.Segments++
	in := span{seq: s.Seq, ack: s.Ack, cut: s.Cut, time: s.Time, data: s.Payload}
	if s.Flags.Has(capture.RST) {
		in.data, in.cut = nil, 0 // what it carries is a diagnosis (RFC 9293 section 3.5.2)
	}
	if s.Flags.Has(capture.SYN) {
		in.seq++ // the SYN counts as a byte (RFC 9293 section 3.4)
	}
	if in.len() > 0 && !in.isSifted() {
		r.sparse = false
	}
	key := pair{s.Dst, s.Src}
	c := r.conns.all[key]
	if c == nil && !in.begins() {
		return
	}
	if c == nil {
		c = r.conn(key)
	}
	r.conns.touch(c, r.clock.now)
	c.hear(&in)
	if s.Flags&(capture.FIN|capture.RST) != 0 {
		c.end = ending{true, s.Flags.Has(capture.RST), in.end()}
	}
	if in.len() > 0 {
		r.arrive(c, in)
	}
	r.proceed(c)
	r.settle(c)
}

// Advance tells the time, in nanoseconds since the Unix epoch, when no packet does;
// Ask and Push do so by themselves.
func (r *Reader) Advance(now int64) {
	if now <= r.clock.now {
		return
	}
	if r.clock.began == 0 {
		r.clock.began = now
	}
	if r.clock.now = now; now >= r.clock.due {
		r.clock.due = now + tick
		r.expire()
	}
}

// Close ends the input: what was not answered is missing.
func (r *Reader) Close() {
	for r.conns.oldest != nil {
		r.forget(r.conns.oldest)
	}
}

// Stats returns the accounts so far.
func (r *Reader) Stats() Stats {
	s := r.stats
	s.Connections = uint64(len(r.conns.all))
	s.Memory = uint64(r.held())
	return s
}

// held is the memory that is held now, in bytes.
func (r *Reader) held() int64 { return r.conns.bytes() + r.pool.Held() + r.habits.bytes() }

// conn returns a connection's record, a new one where there is none.
func (r *Reader) conn(key pair) *conn {
	c := r.conns.all[key]
	if c == nil {
		c = r.conns.add(key)
	}
	r.conns.touch(c, r.clock.now)
	return c
}

// settle does what is to be done behind all that may make a connection larger.
func (r *Reader) settle(c *conn) {
	r.conns.wait(c)
	for r.held() > r.cfg.Memory {
		if r.pool.Idle() > 0 || len(r.conns.spare) > 0 {
			r.pool.Drop()
			r.conns.drop()
			continue
		}
		c := r.conns.oldest
		if c == nil {
			return
		}
		r.stats.Evicted++
		r.clock.evicted = r.clock.now
		r.forget(c)
	}
}

// expire does what time has made due.
func (r *Reader) expire() {
	for i := len(r.conns.waiting) - 1; i >= 0; i-- {
		c := r.conns.waiting[i]
		r.expireWaiting(c)
		r.conns.wait(c)
	}
	for c := r.conns.oldest; c != nil && c.active < r.clock.now-idle; c = r.conns.oldest {
		r.forget(c)
	}
}

// expireWaiting gives up what a connection has waited for too long.
func (r *Reader) expireWaiting(c *conn) {
	for c.missing() > 0 && c.kept[0].time < r.clock.now-c.patience() {
		r.giveUp(c)
		r.proceed(c)
	}
	late := r.clock.now - int64(r.cfg.Timeout)
	for i := range c.asked {
		if q := &c.asked[i]; q.Time < late && !q.Unwanted {
			r.miss(q)
			q.Unwanted = true // its answer may still come, and is not another's
		}
	}
	if c.heard < late {
		r.deliver(c, -1, 0)
		if len(c.asked) == 0 && len(c.kept) > 0 {
			r.doubt(c) // an answer to nothing
		}
	}
}

// forget ends all that is known of a connection.
func (r *Reader) forget(c *conn) {
	for c.missing() > 0 {
		r.giveUp(c)
		r.proceed(c)
	}
	r.close(c)
	r.conns.remove(c)
}
