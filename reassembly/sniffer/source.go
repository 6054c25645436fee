package sniffer

import (
	"context"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/http1"
)

// A Source is where packets come from: a capture.Ring, a capture.File, or
// anything else that lends segments as they do.
type Source interface {
	// Next has the decoder decode the packets at hand until the segments are
	// full, waiting for no more than one packet, and returns how many segments
	// it found: there may be none. Payloads are lent until the next Next. The
	// error is io.EOF or net.ErrClosed at the end, which is no failure, and
	// os.ErrDeadlineExceeded when a live source had no packet for a while.
	Next(*capture.Decoder, []capture.Segment) (int, error)

	// Ready reports whether Next returns without waiting.
	Ready() bool

	// Close makes Next return, soon if it waits. Any goroutine may call it,
	// and more than once.
	Close() error
}

// A listSource is a Source that has whole requests, too: lines of a list.
type listSource interface {
	Source

	// Listed returns the request that Next came upon instead of packets, nil if
	// there was none. It is lent until the next Next.
	Listed() *reassembly.Listed

	// Judged is told what became of it.
	Judged(reassembly.Fate)
}

// A Watcher has to keep up with the world while packets are read.
type Watcher interface {
	// Watch keeps up until ctx ends; seen tells what has come of the packets.
	Watch(ctx context.Context, seen func() capture.Seen)
}

// A watcher is a Source that has to keep up with the world, and one whose Next may
// wait for long. Both methods may be called by any goroutine.
type watcher interface {
	Watcher

	// Hurry has a Next that waits return soon, once it has delivered all that came
	// before the call.
	Hurry()
}

// A Consumer takes the whole requests that a Sniffer finds. Both methods run
// in the Sniffer's loop: a consumer of a live source never waits.
type Consumer interface {
	// Take is lent a request for the call and decides on it: Sent passes it on
	// to the next consumer, any other fate is final. Sent by the last one is
	// what the accounts call sent.
	Take(*reassembly.Request) reassembly.Fate

	// Flush hands on what Take has gathered. It is called whenever the loop is
	// about to wait for packets, and at its end.
	Flush()
}

// A Filter is a Consumer that lets those requests pass that it is true for: what was
// read of the head, and all bytes.
type Filter func(head *http1.Message, raw []byte) bool

// Take says Sent or Filtered.
func (f Filter) Take(r *reassembly.Request) reassembly.Fate {
	if !f(r.Head(), r.Raw) {
		return reassembly.Filtered
	}
	return reassembly.Sent
}

// Flush has nothing to do.
func (f Filter) Flush() {}
