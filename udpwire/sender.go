package udpwire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
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
	links     []*link       // One for each replayer, in the order configured.
	queueFull atomic.Uint64 // Messages refused for want of room.
	tooLarge  atomic.Uint64 // Messages that will never have room.
	closed    bool          // Send's goroutine has called Close.
}

// Dial resolves the replayers' addresses and opens a socket to each. It does not wait for their responses: messages
// are kept meanwhile.
func Dial(cfg SenderConfig) (*Sender, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	keys, err := newKeyring(cfg.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	warnReadable(cfg.Logger, cfg.SecretFile)
	s, clock := &Sender{}, newClock()
	for _, host := range cfg.Replayers {
		l, err := newLink(&cfg, host, keys.clone(), clock, s.queueFull.Load)
		if err != nil {
			for _, l := range s.links {
				l.path.close()
			}
			return nil, err
		}
		s.links = append(s.links, l)
		if keys == nil && !l.path.sock.to.Addr().Unmap().IsLoopback() {
			cfg.Logger.Warn("no secret: requests travel readable for everybody on the way, and anybody can send some", "replayer", host)
		}
	}
	for _, l := range s.links {
		go l.run()
	}
	return s, nil
}

// randomBytes fills b with random bytes.
func randomBytes(b []byte) { rand.Read(b) } // never fails (crypto/rand)

// Send packs one message; Body is lent for the call. Nothing leaves before the datagram is full, 5 ms have passed by
// the messages' times, or Flush. It returns ErrQueueFull when the buffer has no room (with Wait it waits instead, and
// returns ErrNobody when there is nobody to wait for), ErrTooLarge when it never will, net.ErrClosed after Close.
func (s *Sender) Send(m *Message) error {
	if s.closed {
		return net.ErrClosed
	}
	if len(m.Body) > MaxMessage {
		s.tooLarge.Add(1)
		return ErrTooLarge
	}
	l := s.pick(m.orderedBy())
	err := l.admit(len(m.Body))
	for other := s.pick(m.orderedBy()); err == ErrNobody && other != l; other = s.pick(m.orderedBy()) {
		l = other
		err = l.admit(len(m.Body))
	}
	if err != nil {
		switch err {
		case ErrQueueFull:
			s.queueFull.Add(1)
		case ErrTooLarge:
			s.tooLarge.Add(1)
		}
		return err
	}
	l.send(m)
	return nil
}

// pick returns the link of a user: its own while that is up, else the next one that is.
func (s *Sender) pick(user uint64) *link {
	n := len(s.links)
	if n == 1 {
		return s.links[0]
	}
	home := int(user * 0x9E3779B97F4A7C15 >> 33 % uint64(n))
	for i := range n {
		if l := s.links[(home+i)%n]; l.up.Load() {
			return l
		}
	}
	return s.links[home]
}

// Flush hands everything packed to the kernel now. It is to be called whenever no message is at hand.
func (s *Sender) Flush() {
	for _, l := range s.links {
		if !l.pack.empty() {
			l.pack.flush()
		}
	}
}

// Hurry makes Send wait for room no more, also the one that is waiting now: where SenderConfig.Wait asked for that, it
// returns ErrQueueFull from here on.
func (s *Sender) Hurry() {
	for _, l := range s.links {
		l.hurry()
	}
}

// Close flushes, waits until everything is confirmed or given up or ctx ends, says goodbye and stops. A replayer that is
// not there for 5 seconds is not waited for. The error says who did not confirm everything; what was not confirmed is
// counted as lost.
func (s *Sender) Close(ctx context.Context) error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.Flush()
	errs := make(chan error, len(s.links))
	for _, l := range s.links {
		go func() { errs <- l.close(ctx) }()
	}
	var err error
	for range s.links {
		err = errors.Join(err, <-errs)
	}
	return err
}

// Stats returns the counters.
func (s *Sender) Stats() SenderStats {
	st := SenderStats{QueueFull: s.queueFull.Load(), TooLarge: s.tooLarge.Load(), Replayers: uint64(len(s.links))}
	for _, l := range s.links {
		l.addTo(&st)
	}
	return st
}
