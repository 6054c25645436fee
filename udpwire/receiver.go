package udpwire

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
)

// ReceiverConfig says where to listen and whom to hear. Zero values mean the defaults.
type ReceiverConfig struct {
	Addr   string         // host:port; "": 0.0.0.0:28020
	Secret []byte         // shared with the listeners; nil: everybody allowed is heard
	Allow  []netip.Prefix // source addresses heard; nil: all
	Load   func() float64 // how full the consumer is, 0..1; nil: never full. Called about once a second per listener

	MaxSessions  int   // listeners known at a time; 0: 1024
	MaxPartial   int64 // bytes of unfinished messages, all listeners together; 0: 256 MiB
	MaxPerSender int64 // the same for one listener; 0: 64 MiB and a little

	Logger *slog.Logger // nil: silent
}

// A Receiver receives messages from listeners.
type Receiver struct{ cfg ReceiverConfig }

// Listen opens the socket. Nothing is read before Run.
func Listen(cfg ReceiverConfig) (*Receiver, error) { return &Receiver{cfg: cfg}, nil }

// Addr is the address listened on.
func (r *Receiver) Addr() net.Addr { return &net.UDPAddr{} }

// Run receives until ctx ends and calls handle for each message, in order within a Conn, each exactly once.
// The Message and its Body are lent for the call.
func (r *Receiver) Run(ctx context.Context, handle func(*Message)) error { <-ctx.Done(); return nil }

// Stats returns the counters. Safe from any goroutine.
func (r *Receiver) Stats() ReceiverStats { return ReceiverStats{} }
