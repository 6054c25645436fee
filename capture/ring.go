package capture

import (
	"log/slog"
	"time"
)

// The defaults of RingConfig.
const (
	defaultTick = 100 * time.Millisecond

	// A block of this size holds BIG TCP packets of 195,716 bytes whole.
	defaultBlockSize = 256 << 10

	// So many blocks are 64 MiB: an upload of that size in one burst, and a stall
	// of a second, since each time that the kernel retires a block uses one up.
	defaultBlocks = 256
)

// RingConfig says what to capture. Zero values mean the defaults.
type RingConfig struct {
	// Interfaces are names. None, or "any" among them, means all interfaces,
	// those that come later as well.
	Interfaces []string

	// Ports are TCP destination ports; the kernel keeps all others out of the
	// ring if they are no more than 64.
	Ports []uint16

	// Tunnels says to let through what may be a tunnel, too.
	Tunnels bool

	// Tick is how long Next waits for a packet. 0 means 100 ms.
	Tick time.Duration

	// BlockSize is the number of bytes that the kernel fills at a time, a
	// multiple of the page size; packets that are longer are cut. 0 means 256 KiB.
	BlockSize int

	// Blocks is their number; all of it is memory that cannot be paged out. 0 means 256.
	Blocks int

	// Logger is told of changes, never of packets. nil: silent.
	Logger *slog.Logger
}

// withDefaults is cfg with the defaults in place of zero values.
func (cfg RingConfig) withDefaults() RingConfig {
	if cfg.Tick <= 0 {
		cfg.Tick = defaultTick
	}
	if cfg.BlockSize <= 0 {
		cfg.BlockSize = defaultBlockSize
	}
	if cfg.Blocks <= 0 {
		cfg.Blocks = defaultBlocks
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// A Ring is a source of packets that the kernel copies for it from network
// interfaces, into memory that both share. It exists on Linux only. Next and
// Ready belong to one goroutine; Close and Stats may be called by any.
type Ring struct{ ring *ring }

// OpenRing begins to capture. Nothing but what the filter lets through is ever
// in the ring: the socket has no protocol, and so gets no packets, until the
// filter is in place. Errors: ErrPermission, ErrInterface, ErrUnsupported, or
// the kernel's.
func OpenRing(cfg RingConfig) (*Ring, error) {
	r, err := openRing(cfg.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Ring{r}, nil
}

// Next has d decode what is left of a block until segs is full, and returns how
// many segments it found: there may be none. Their payloads lie in the ring,
// lent until the next Next. It returns os.ErrDeadlineExceeded when there was no
// packet for a tick, net.ErrClosed after Close.
func (r *Ring) Next(d *Decoder, segs []Segment) (n int, err error) { return r.ring.next(d, segs) }

// Ready reports whether Next returns a packet without waiting.
func (r *Ring) Ready() bool { return r.ring.ready() }

// Stats returns the counters; what the kernel dropped counts from the opening.
func (r *Ring) Stats() Stats { return r.ring.stats() }

// Close ends capture: a Next that waits returns net.ErrClosed within a tick,
// and so does every later one that would have to wait. The memory stays mapped
// for as long as the Ring is referenced, so that lent data can be read to the end.
func (r *Ring) Close() error { return r.ring.close() }
