package udpwire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// DefaultPort is the UDP port a replayer listens on.
const DefaultPort = 28020

// DefaultBuffer is how many bytes a Sender keeps for each replayer.
const DefaultBuffer = 64 << 20

// SenderConfig says where messages go. Zero values mean the defaults.
type SenderConfig struct {
	Replayers  []string     // host:port each; at least one
	Secret     []byte       // shared with the replayers; nil: nothing is encrypted or authenticated
	SecretFile string       // where Secret is from: a warning is logged when everybody may read it; "": from no file
	Buffer     int64        // bytes kept per replayer for sending and resending; 0: DefaultBuffer
	MTU        int          // IP packet size in bytes the path carries; 0: found out
	Wait       bool         // the source can wait: Send waits for room, here and behind the replayers
	Logger     *slog.Logger // nil: silent
}

// minBuffer has room for a few batches.
const minBuffer = 1 << 20

// check reports what is wrong with the configuration and fills in the defaults.
func (cfg *SenderConfig) check() error {
	if len(cfg.Replayers) == 0 {
		return errors.New("no replayer given")
	}
	if cfg.Buffer < 0 || cfg.Buffer > 0 && cfg.Buffer < minBuffer {
		return fmt.Errorf("a buffer of %d bytes is too small: at least %d", cfg.Buffer, minBuffer)
	}
	if cfg.MTU != 0 && (cfg.MTU < 576 || cfg.MTU > 65535) {
		return fmt.Errorf("an MTU of %d is out of range: 576 to 65535", cfg.MTU)
	}
	if cfg.Buffer == 0 {
		cfg.Buffer = DefaultBuffer
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

// A Sender sends messages to replayers. Send, Flush and Close belong to one goroutine; Hurry and Stats may be called from
// any.
type Sender struct {
	fleet     *fleet
	spread    spreader      // Send's goroutine's.
	wait      atomic.Bool   // Send waits for room. It is switched off for good.
	sent      counter       // Messages that Send took. Send's goroutine's, but for what is published.
	queueFull atomic.Uint64 // Messages refused for want of room.
	tooLarge  atomic.Uint64 // Messages that will never have room.
	closed    bool          // Send's goroutine has called Close.
}

// A counter counts messages and the bytes of their bodies for one goroutine, and publishes that now and then: an atomic
// operation for each message would wait until the copy of its body is written, which took a tenth of what Send costs.
type counter struct {
	tally
	public struct{ messages, bytes atomic.Uint64 } // Any goroutine may read these.
}

// publish makes what was counted known.
func (c *counter) publish() {
	c.public.messages.Store(c.messages)
	c.public.bytes.Store(c.bytes)
}

// published is what was counted when it was published last.
func (c *counter) published() tally { return tally{c.public.messages.Load(), c.public.bytes.Load()} }

// Dial begins to look up the replayers' names and to ask who is there. It waits for neither: messages are kept
// meanwhile. Only a configuration that can never work is an error.
func Dial(cfg SenderConfig) (*Sender, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	keys, err := newKeyring(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	warnReadable(cfg.Logger, cfg.SecretFile)
	s := newSender(cfg, keys, newClock())
	s.fleet.resolve(lookUp)
	return s, nil
}

// newSender returns a Sender that knows of no address. cfg is checked.
func newSender(cfg SenderConfig, keys *keyring, clock clock) *Sender {
	s := &Sender{}
	s.wait.Store(cfg.Wait)
	nobody := newLink(&cfg, "nobody", keys.clone(), clock, s.queueFull.Load)
	close(nobody.done) // it has no goroutine
	s.fleet = newFleet(cfg, nobody)
	s.fleet.make = func(host string, to netip.AddrPort) (*link, error) {
		l := newLink(&cfg, nameOf(host, to), keys.clone(), clock, s.queueFull.Load)
		l.moved, l.changed, l.takes = s.moved, s.fleet.changed, s.sent.publish
		l.peer.others = func() bool { return s.fleet.others(l) }
		return l, l.connect(&cfg, to)
	}
	nobody.moved, nobody.takes = s.moved, s.sent.publish
	s.spread = newSpreader(s.fleet.view.Load(), cfg.Buffer/2, clock.now)
	return s
}

// nameOf is what a replayer is called in the log: what the user wrote, and the address where that does not say it.
func nameOf(host string, at netip.AddrPort) string {
	if isLiteral(host) {
		return host
	}
	return fmt.Sprintf("%s (%v)", host, at.Addr())
}

// randomBytes fills b with random bytes.
func randomBytes(b []byte) { rand.Read(b) } // never fails (crypto/rand)

// Send packs one message; Body is lent for the call. Nothing leaves before the datagram is full, 5 ms have passed by
// the messages' times, or Flush. It returns ErrQueueFull when the buffer has no room (with Wait it waits instead, and
// returns ErrNobody when there is nobody to wait for), ErrTooLarge when it never will, ErrUnwanted for a response that its
// replayer does not want, net.ErrClosed after Close.
func (s *Sender) Send(m *Message) error {
	if s.closed {
		return net.ErrClosed
	}
	if len(m.Body) > MaxMessage {
		s.tooLarge.Add(1)
		return ErrTooLarge
	}
	for {
		s.attend(false)
		l, h := s.spread.place(m.orderedBy())
		if l != nil && m.Kind == KindResponse && l.refuses.Load() {
			return unwanted(l)
		}
		if h != nil && s.spread.holds.full() && s.wait.Load() {
			s.spread.holds.begun[0].await()
			continue
		}
		if h == nil {
			err := l.admit(len(m.Body))
			if err == errMoved || err == ErrNobody && s.moved() {
				continue
			}
			if err != nil {
				return s.refuse(err)
			}
		}
		s.sent.add(1, uint64(len(m.Body)))
		if h != nil {
			s.spread.holds.keep(h, m)
		} else {
			l.send(m)
		}
		return nil
	}
}

// refuse counts a message that was not taken, and returns why.
func (s *Sender) refuse(why error) error {
	switch why {
	case ErrQueueFull:
		s.queueFull.Add(1)
	case ErrTooLarge:
		s.tooLarge.Add(1)
	}
	return why
}

// unwanted refuses a response that a replayer does not want, and tells the user, once.
func unwanted(l *link) error {
	if !l.told {
		l.told = true
		l.peer.log.Warn("the replayer does not compare with production, or is too old for that: responses are not sent there", "replayer", l.peer.name)
	}
	return ErrUnwanted
}

// moved reports whether other replayers are there than messages are spread over.
func (s *Sender) moved() bool { return s.fleet.view.Load() != s.spread.view }

// attend spreads messages anew when other replayers are there, and sends those that have waited long enough.
func (s *Sender) attend(atOnce bool) {
	for s.moved() {
		s.spread.adopt(s.fleet.view.Load())
	}
	if s.spread.holds.any() {
		s.spread.release(atOnce, s.wait.Load())
	}
}

// Flush hands everything packed to the kernel now. It is to be called whenever no message is at hand, and now and then
// while none comes: messages that wait for a replayer to come, or for their turn, are looked after by Send and Flush.
func (s *Sender) Flush() {
	s.attend(true)
	s.sent.publish()
	for _, l := range s.spread.view.members {
		if !l.pack.empty() {
			l.pack.flush()
		}
	}
}

// Hurry makes Send wait for room no more, also the one that is waiting now: where SenderConfig.Wait asked for that, it
// returns ErrQueueFull from here on.
func (s *Sender) Hurry() {
	s.wait.Store(false)
	s.fleet.hurry()
}

// Announce makes the replayers know what the listener is: status is asked now and every 5 seconds, on another goroutine,
// until Close. It may call Stats.
func (s *Sender) Announce(status func() Status) { s.fleet.announce(status) }

// Close flushes, waits until everything is confirmed or given up or ctx ends, says goodbye and stops. A replayer that is
// not there for 5 seconds is not waited for. The error says who did not confirm everything; what was not confirmed is
// counted as lost.
func (s *Sender) Close(ctx context.Context) error {
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.settle(ctx)
	links := s.fleet.close()
	errs := make(chan error, len(links))
	for _, l := range links {
		go func() { errs <- l.close(ctx) }()
	}
	for range links {
		err = errors.Join(err, <-errs)
	}
	s.fleet.end()
	return err
}

// settle waits until each message is with a replayer, as long as that can be hoped for.
func (s *Sender) settle(ctx context.Context) error {
	for end := s.spread.now() + absentTooLong; ; {
		s.Flush()
		kept := s.fleet.limbo.pending() || !s.fleet.limbo.pack.empty()
		if !kept && !s.spread.holds.any() {
			return nil
		}
		if s.spread.now() < end && sleep(ctx, settleEvery) {
			continue
		}
		if kept {
			return errors.New("no address of a replayer was found")
		}
		return errors.New("messages that waited for their turn could not be sent")
	}
}

// settleEvery is how often Close looks whether messages that wait for a replayer have found it.
const settleEvery = 2 * time.Millisecond

// Stats returns the counters. What was sent counts when it leaves the packer, at the next Flush at the latest.
func (s *Sender) Stats() SenderStats {
	st := s.fleet.stats(&s.sent)
	st.QueueFull, st.TooLarge = s.queueFull.Load(), s.tooLarge.Load()
	st.Buffered += uint64(s.spread.holds.bytes.Load())
	return st
}
