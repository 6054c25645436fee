package udpwire

import (
	"context"
	"log/slog"
)

// DefaultPort is the UDP port a replayer listens on.
const DefaultPort = 28020

// SenderConfig says where messages go. Zero values mean the defaults.
type SenderConfig struct {
	Replayers []string     // host:port each; at least one
	Secret    []byte       // shared with the replayers; nil: nothing is encrypted or authenticated
	Buffer    int64        // bytes kept per replayer for sending and resending; 0: 64 MiB
	MTU       int          // IP packet size in bytes the path carries; 0: found out
	Wait      bool         // Send waits for room instead of returning ErrQueueFull
	Logger    *slog.Logger // nil: silent
}

// A Sender sends messages to replayers.
type Sender struct{ cfg SenderConfig }

// Dial resolves the replayers' addresses and opens a socket to each. It does not wait for their answers.
func Dial(cfg SenderConfig) (*Sender, error) { return &Sender{cfg: cfg}, nil }

// Send packs one message. Body is lent for the call.
func (s *Sender) Send(m *Message) error { return nil }

// Flush hands everything packed to the kernel now. Same goroutine as Send.
func (s *Sender) Flush() {}

// Close flushes, waits until everything is confirmed or given up or ctx ends, says goodbye and stops.
func (s *Sender) Close(ctx context.Context) error { return nil }

// Stats returns the counters. Safe from any goroutine.
func (s *Sender) Stats() SenderStats { return SenderStats{} }
