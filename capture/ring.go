package capture

import (
	"context"
	"log/slog"
	"time"
)

// The defaults of RingConfig.
const (
	defaultTick = 100 * time.Millisecond

	// Blocks of this size hold two packets of 64 KiB, the most there are without
	// BIG TCP, whose packets of up to 195,716 bytes need the larger ones.
	defaultBlockSize = 128 << 10
	largeBlockSize   = 256 << 10

	// All blocks together: an upload of that size in one burst. Each time that the
	// kernel retires a block uses one up, full or not: 512 of them last for four
	// seconds in which nobody reads.
	defaultRing = 64 << 20

	// The blocks of answers hold many of them: a reader that is woken by each block
	// is woken seldom. Together they are a second and more of a quiet server's, or what
	// fits: what is lost of answers can only not be compared.
	headsBlockSize  = 256 << 10
	headsRing       = 8 << 20
	answersWithBody = 4 // times as much room where bodies are wanted
)

// ring is how large the blocks of a ring for answers are, and how many. None is smaller
// than the requests' blocks, where those hold the largest packets that there are.
func (f *AnswerFilter) ring(blockSize int) (size, count int) {
	size, room := headsBlockSize, headsRing
	if f.Body > 0 {
		size, room = max(size, blockSize), room*answersWithBody
	}
	return size, max(room/size, 2)
}

// RingConfig says what to capture. Zero values mean the defaults.
type RingConfig struct {
	// Interfaces are names. None, or "any" among them, means all interfaces,
	// those that come later as well.
	Interfaces []string

	// Ports are the TCP ports of servers; the kernel keeps all others out of the
	// ring if they are no more than 64.
	Ports []uint16

	// Direction says which way the packets go that are wanted.
	Direction Direction

	// Promiscuous has the interfaces take what is addressed to other machines,
	// as a switch's mirror port sends it. Without, such frames are ignored.
	Promiscuous bool

	// Tunnels says to let through what comes in tunnels, too.
	Tunnels bool

	// Answers says which of the servers' answers are captured as well, into a ring of
	// their own: they never take the room of requests. nil: none are.
	Answers *AnswerFilter

	// Tick is how long Next waits for a packet; while none comes it is doubled
	// from turn to turn, up to a second. 0 means 100 ms.
	Tick time.Duration

	// BlockSize is the number of bytes that the kernel fills at a time, a power of
	// two and no less than a page; packets that are longer are cut. 0 means 128
	// KiB, or 256 KiB where an interface makes packets of more than 64 KiB.
	BlockSize int

	// Blocks is their number; all of it is memory that cannot be paged out. 0
	// means as many as make 64 MiB.
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
		if largestPacket() > 1<<16 {
			cfg.BlockSize = largeBlockSize
		}
	}
	if cfg.Blocks <= 0 {
		cfg.Blocks = max(defaultRing/cfg.BlockSize, 2)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return cfg
}

// A Ring is a source of packets that the kernel copies for it from network
// interfaces, into memory that both share. It exists on Linux only. Next and
// Ready belong to one goroutine; all else may be called by any.
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
// packet for a tick, net.ErrClosed after Close. Segments of clients and of servers
// never come at once, and those of servers when there are none of clients.
func (r *Ring) Next(d *Decoder, segs []Segment) (n int, err error) { return r.ring.next(d, segs) }

// Ready reports whether Next returns a packet without waiting.
func (r *Ring) Ready() bool { return r.ring.ready() }

// Seen is what has come of a Ring's packets.
type Seen struct {
	Segments uint64 // to wanted ports
	Requests uint64 // that began in them
}

// Watch keeps up with the world until ctx ends: servers that begin or cease to
// listen, and interfaces that come and go; and it says what the kernel dropped. seen
// tells what has come of the packets so far.
func (r *Ring) Watch(ctx context.Context, seen func() Seen) { r.ring.watch(ctx, seen) }

// Where says for the log what is captured now, and by which way it goes.
func (r *Ring) Where() string { return r.ring.where() }

// Directions are the ports that are captured now, by the way that is.
func (r *Ring) Directions() (arriving, leaving []uint16) { return r.ring.directions() }

// Hurry ends the patience of a Next that waits: it returns within a tick of
// RingConfig, by which all that came before the call has been delivered.
func (r *Ring) Hurry() { r.ring.hurry() }

// Stats returns the counters; what the kernel dropped counts from the opening.
func (r *Ring) Stats() Stats { return r.ring.stats() }

// Close ends capture: a Next that waits returns net.ErrClosed, and so does
// every later one that would have to wait. The memory stays mapped for as long
// as the Ring is referenced, so that lent data can be read to the end.
func (r *Ring) Close() error { return r.ring.close() }
