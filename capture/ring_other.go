//go:build !linux

package capture

import (
	"log/slog"
	"time"
)

// RingConfig says what to capture; see the Linux documentation.
type RingConfig struct {
	Interfaces []string
	Ports      []uint16
	Tunnels    bool
	Tick       time.Duration
	BlockSize  int
	Blocks     int
	Logger     *slog.Logger
}

// A Ring captures packets on Linux; elsewhere none can be opened.
type Ring struct{}

// OpenRing returns ErrUnsupported.
func OpenRing(RingConfig) (*Ring, error) { return nil, ErrUnsupported }

// Next is never called: there is no Ring.
func (*Ring) Next(*Decoder, []Segment) (int, error) { return 0, ErrUnsupported }

// Ready is never called: there is no Ring.
func (*Ring) Ready() bool { return false }

// Stats is never called: there is no Ring.
func (*Ring) Stats() Stats { return Stats{} }

// Close is never called: there is no Ring.
func (*Ring) Close() error { return nil }
