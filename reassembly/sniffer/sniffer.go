package sniffer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/answers"
	"gor/reassembly/users"
)

// batchSize is how many segments are decoded before they are pushed: enough to
// have their connections' memory prefetched in good time, and few enough to
// stay in the processor's cache.
const batchSize = 128

// never is a time that no packet has.
const never = math.MaxInt64

// Config says what a Sniffer reads and who gets what it finds.
type Config struct {
	// Source has the packets. Run closes it.
	Source Source

	// Live says that packets come when they are sent, not when they are asked
	// for. Time then goes on while none comes, and a stop means the packets
	// from that moment on: those from before it are still taken.
	Live bool

	// Decoder says which segments are wanted, and who records them.
	Decoder capture.DecoderConfig

	// AnyPort says that any port may be a server's, whatever the Decoder's are.
	// Which end of a connection the client is on is then found out.
	AnyPort bool

	// Assembler bounds memory, times and sizes.
	Assembler reassembly.Config

	// Users says whose the requests are; nil: each is its connection's.
	Users *users.Finder

	// Consumers are asked about each request in this order, until one of them
	// says anything but reassembly.Sent. Without any, all requests are sent.
	Consumers []Consumer

	// Answers says what to do with what servers send; nil: it is not looked at.
	Answers *Answers

	// Count is how many requests are sent before Run ends by itself; 0: there
	// is no end to them. What was read with the last one and comes behind it
	// has the fate Stopped.
	Count uint64

	// Explain has the log say why requests are not handed on, from the beginning;
	// SetExplain changes that.
	Explain bool

	// Watchers work in goroutines of their own while Run reads.
	Watchers []Watcher

	// Logger gets what is to be explained. Default none.
	Logger *slog.Logger
}

// A Sniffer finds the requests in a source's packets. Everything but the
// published accounts belongs to the goroutine in Run.
type Sniffer struct {
	src       Source
	lists     listSource // src, if it has such requests; nil
	live      bool
	users     *users.Finder
	consumers []Consumer
	watchers  []Watcher
	ends      *directions // nil: only clients' segments come, or they are marked
	asker     *asker      // nil: nothing comes from servers
	dec       *capture.Decoder
	asm       *reassembly.Assembler
	explainer explainer

	// count is how many requests are to be sent, where it is not 0, and sent is
	// how many were.
	count, sent uint64

	// batch holds the segments that were decoded and are to be pushed.
	batch []capture.Segment

	// stopAt is the time, in nanoseconds since the Unix epoch, from which on a
	// live source's packets are no longer taken. The stop sets it.
	stopAt atomic.Int64

	published published
}

// New makes a Sniffer; nothing is read before Run.
func New(cfg Config) *Sniffer {
	cfg.Decoder.AnyPort = cfg.AnyPort
	s := &Sniffer{
		src: cfg.Source, live: cfg.Live, users: cfg.Users, consumers: cfg.Consumers, watchers: cfg.Watchers, count: cfg.Count,
		dec:   capture.NewDecoder(cfg.Decoder),
		batch: make([]capture.Segment, batchSize),
	}
	s.lists, _ = cfg.Source.(listSource)
	if w, ok := cfg.Source.(watcher); ok {
		s.watchers = append(s.watchers, w)
	}
	if cfg.AnyPort {
		s.ends = &directions{limit: maxPairs, both: cfg.Answers != nil}
	}
	s.explainer.log, s.explainer.now = cmp.Or(cfg.Logger, slog.New(slog.DiscardHandler)), time.Now
	s.explainer.on.Store(cfg.Explain)
	cfg.Assembler.Explain = s.explainer.explain
	if cfg.Answers != nil || cfg.Decoder.Answers {
		s.asker = newAsker(cfg.Answers, cfg.Live)
	}
	s.asm = reassembly.New(cfg.Assembler, s.take)
	s.stopAt.Store(never)
	return s
}

// Run reads packets until the source ends, which is no error, ctx does, or as
// many requests were sent as were wanted; then it gives what is half-read its fate, flushes the consumers and closes the
// source. It is called once.
func (s *Sniffer) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, s.stop)()
	watching, end := context.WithCancel(context.Background())
	var ended sync.WaitGroup
	for _, w := range s.watchers {
		ended.Go(func() { w.Watch(watching, s.seen) })
	}
	defer ended.Wait()
	defer end()
	err := s.loop()
	s.asm.Close()
	s.explainer.sayLeft()
	if s.asker != nil {
		s.asker.close()
	}
	s.flush()
	s.publish()
	return errors.Join(err, s.src.Close())
}

// seen tells a watcher what has come of its packets.
func (s *Sniffer) seen() capture.Seen {
	stats := s.Stats()
	return capture.Seen{Segments: stats.Packets.Segments, Requests: stats.Requests.Captured}
}

// SetExplain has the log say why requests are not handed on, or not any more. Any
// goroutine may call it, also before Run; it is in force within a tick.
func (s *Sniffer) SetExplain(on bool) { s.explainer.on.Store(on) }

// stop ends the loop: at the first packet from now on or, on a quiet network,
// at the next tick, so that what the ring holds is not lost. A file's packets
// have times of their own: it just ends.
func (s *Sniffer) stop() {
	if s.live {
		s.stopAt.Store(time.Now().UnixNano())
		if w, ok := s.src.(watcher); ok {
			w.Hurry()
		}
		return
	}
	s.src.Close() // Run closes it again, and reports the error
}

// loop is the hot path: a few packets a turn, nothing allocated, nothing
// awaited but the next packet.
func (s *Sniffer) loop() error {
	for !s.done() {
		if !s.src.Ready() {
			s.flush()
		}
		s.publish()
		s.asm.SetExplain(s.explainer.on.Load())
		n, err := s.src.Next(s.dec, s.batch)
		stopped := s.push(s.batch[:n])
		switch {
		case stopped:
			if !s.lingers(time.Now()) {
				return nil
			}
		case err == nil:
			if n == 0 && s.live { // time goes by, though nobody sends requests
				s.asm.Advance(s.dec.Last())
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			now := time.Now()
			if now.UnixNano() >= s.stopAt.Load() && !s.lingers(now) {
				return nil
			}
			s.advance(now.UnixNano())
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			return nil
		default:
			return err
		}
	}
	return nil
}

// push pushes what was decoded, each segment to whoever reads its side, in their order.
// It reports whether the stop has come.
func (s *Sniffer) push(segs []capture.Segment) (stopped bool) {
	if s.ends != nil {
		segs = s.ends.keep(segs)
	}
	for len(segs) > 0 {
		n := len(segs)
		if s.asker != nil {
			n = sameSide(segs)
		}
		if segs[0].FromServer {
			s.asker.push(segs[:n])
			s.tell(segs[n-1].Time)
		} else {
			s.pushClients(segs[:n])
		}
		segs = segs[n:]
	}
	if s.lists != nil {
		if l := s.lists.Listed(); l != nil {
			s.lists.Judged(s.asm.PushListed(l))
		}
	}
	last := s.dec.Last()
	if s.asker != nil {
		last = max(last, s.asker.told)
	}
	return last >= s.stopAt.Load()
}

// tell goes by the time of what a live source's servers sent: it is handed out behind
// all requests that came before it, and may be all that comes for long.
func (s *Sniffer) tell(at int64) {
	if s.live {
		s.asker.told = at
		s.asm.Advance(at)
	}
}

// pushClients pushes segments that clients sent.
func (s *Sniffer) pushClients(segs []capture.Segment) { s.asm.PushAll(s.beforeStop(segs)) }

// advance tells those who have timers what time it is.
func (s *Sniffer) advance(now int64) {
	s.asm.Advance(now)
	if s.asker != nil {
		s.asker.advance(now)
	}
}

// done reports whether all has been read that was wanted: the requests and, of a live
// source, the answers to them that are under way.
func (s *Sniffer) done() bool {
	if !s.enough() {
		return false
	}
	if s.asker == nil || !s.live {
		return true
	}
	s.stopAt.CompareAndSwap(never, time.Now().UnixNano())
	return !s.lingers(time.Now())
}

// enough reports whether as many requests were sent as were wanted.
func (s *Sniffer) enough() bool { return s.count != 0 && s.sent == s.count }

// beforeStop leaves out the segments from the stop on, if that has come.
func (s *Sniffer) beforeStop(segs []capture.Segment) []capture.Segment {
	stop := s.stopAt.Load()
	if s.dec.Last() < stop {
		return segs
	}
	n := 0
	for n < len(segs) && segs[n].Time < stop {
		n++
	}
	return segs[:n]
}

// take is where a request leaves the assembler; r is lent for the call.
func (s *Sniffer) take(r *reassembly.Request) reassembly.Fate {
	if s.enough() {
		return reassembly.Stopped
	}
	if s.users != nil {
		u := s.whose(r)
		r.SetUser(u.Key, u.Crowd)
	}
	if s.asker == nil {
		return s.consume(r)
	}
	s.asker.mark(r)
	fate := s.consume(r)
	s.asker.ask(r, fate)
	return fate
}

// consume asks the consumers about a request.
func (s *Sniffer) consume(r *reassembly.Request) reassembly.Fate {
	for _, c := range s.consumers {
		if fate := c.Take(r); fate != reassembly.Sent {
			return fate
		}
	}
	s.sent++
	return reassembly.Sent
}

// whose finds out whose request it is, where no list of requests says so.
func (s *Sniffer) whose(r *reassembly.Request) users.User {
	if user, named := r.NamedUser(); named {
		return s.users.Named(user, r.Last)
	}
	return s.users.Find(r.Head(), r.Raw, &r.Origin().Addr, r.Conn(), r.Last)
}

// flush has the consumers hand on what they gathered.
func (s *Sniffer) flush() {
	for _, c := range s.consumers {
		c.Flush()
	}
}

// Stats are a Sniffer's accounts at one moment.
type Stats struct {
	// Requests says what became of the requests.
	Requests reassembly.Stats

	// Packets says what the packets were.
	Packets capture.DecoderStats

	// Users says what the users are known by.
	Users users.Stats

	// Answers says what became of what servers answered.
	Answers answers.Stats
}

// published is the copy of the accounts that other goroutines read.
type published struct {
	mu    sync.Mutex
	stats Stats
}

// publish makes the loop's counters known. Once a batch that costs nothing that
// can be measured.
func (s *Sniffer) publish() {
	stats := Stats{Requests: s.asm.Stats(), Packets: s.dec.Stats()}
	if s.users != nil {
		stats.Users = s.users.Stats()
	}
	if s.asker != nil {
		stats.Answers = s.asker.stats()
	}
	s.published.mu.Lock()
	defer s.published.mu.Unlock()
	s.published.stats = stats
}

// Stats returns the accounts as of the loop's last turn: a batch of packets ago,
// or before it began to wait. Any goroutine may call it, also before Run and
// after it.
func (s *Sniffer) Stats() Stats {
	s.published.mu.Lock()
	defer s.published.mu.Unlock()
	return s.published.stats
}
