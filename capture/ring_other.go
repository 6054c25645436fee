//go:build !linux

package capture

import "context"

// A ring cannot be opened here.
type ring struct{}

func openRing(RingConfig) (*ring, error) { return nil, ErrUnsupported }

func largestPacket() int { return 0 }

// The rest is never called: there is no ring.

func (*ring) next(*Decoder, []Segment) (int, error)    { return 0, ErrUnsupported }
func (*ring) ready() bool                              { return false }
func (*ring) watch(context.Context, func() Seen)       {}
func (*ring) where() string                            { return "" }
func (*ring) directions() (arriving, leaving []uint16) { return nil, nil }
func (*ring) hurry()                                   {}
func (*ring) stats() Stats                             { return Stats{} }
func (*ring) close() error                             { return nil }
