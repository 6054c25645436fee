package sniffer

import (
	"bytes"

	"gor/capture"
	"gor/reassembly/http1"
)

// directions tell what clients send from what servers send, where any port may be
// a server's. The end that sent a SYN is the client, and the one that sent a SYN
// with an ACK the server; where neither was seen, the end that begins a segment
// with a status line is the server, and one that begins a segment with a request
// line is a client unless it turns out to be the server. Of connections that have
// shown none of these, nothing is known and nothing handed on: what speaks
// another protocol, and was joined in the middle, costs no more than a look at
// its first bytes.
//
// What is known is kept of the connections that were seen last.
type directions struct {
	young, old map[pair]ends
	limit      int  // of connections in each
	both       bool // servers' segments are wanted, too
}

// maxPairs is how many connections are known at most, twice: 40 MiB.
const maxPairs = 1 << 18

// A pair is the two endpoints of a connection; low is the lesser.
type pair struct{ low, high capture.Endpoint }

// ends are what is known of the ends of a connection. Of each bit the first is
// about the low end, the second about the high one.
type ends uint8

const (
	client     ends = 1 << iota // is known to be the client
	_                           // the high one
	asked                       // has begun a segment with a request line
	_                           //
	challenger                  // sent a SYN, though the other end is the client
	_                           //
	bySYN                       // the client is known by SYN, which no text disproves
)

// keep leaves those of the segments that clients have sent, in their order, and those
// of servers if they are wanted, marked as such.
func (d *directions) keep(segs []capture.Segment) []capture.Segment {
	n := 0
	for i := range segs {
		switch d.sideOf(&segs[i]) {
		case ofClient:
			segs[n] = segs[i]
			n++
		case ofServer:
			if d.both {
				segs[n] = segs[i]
				segs[n].FromServer = true
				n++
			}
		}
	}
	return segs[:n]
}

// A sender is who sent a segment, as far as it is known by now.
type sender uint8

const (
	ofNobody sender = iota // it is not known
	ofClient
	ofServer
)

// sideOf says who sent a segment.
func (d *directions) sideOf(s *capture.Segment) sender {
	p, side := pairOf(s)
	known := d.find(p)
	now, wanted := known.see(s, side)
	if now != known {
		d.put(p, now)
	}
	switch {
	case wanted:
		return ofClient
	case now&(client<<(1-side)) != 0:
		return ofServer
	}
	return ofNobody
}

// see returns what is known once a segment of the end on a side was seen, and
// whether that is wanted.
func (e ends) see(s *capture.Segment, side uint) (now ends, wanted bool) {
	this, other := client<<side, client<<(1-side)
	switch {
	case s.Flags.Has(capture.SYN | capture.ACK):
		if e&(this|bySYN) == this|bySYN {
			return e, false
		}
		return other | bySYN, false
	case s.Flags.Has(capture.SYN):
		if e&(other|bySYN) == other|bySYN {
			return e | challenger<<side, true // it is another connection if what follows says so
		}
		return this | bySYN, true
	case e&this != 0:
		return e, true
	case e&bySYN != 0:
		if e&(challenger<<side) != 0 && http1.StartsRequest(s.Payload) {
			return this | bySYN, true
		}
		return e, false
	case e&other != 0:
		return e, false
	case startsAnswer(s.Payload):
		// What it sent that looked like a request was none: whoever believes
		// it is told.
		return other, e&(asked<<side) != 0
	case http1.StartsRequest(s.Payload):
		e |= asked << side
	}
	return e, e&(asked<<side) != 0
}

// startsAnswer reports whether a segment begins with a status line (RFC 9112 section 4).
func startsAnswer(b []byte) bool {
	const form = "HTTP/1.1 200"
	return len(b) > len(form) && bytes.HasPrefix(b, []byte("HTTP/1.")) && b[8] == ' ' && b[9] >= '1' && b[9] <= '5'
}

// pairOf returns a segment's connection, and on which side its sender is: 0 is the
// low one.
func pairOf(s *capture.Segment) (p pair, side uint) {
	if c := bytes.Compare(s.Src.Addr[:], s.Dst.Addr[:]); c < 0 || c == 0 && s.Src.Port <= s.Dst.Port {
		return pair{s.Src, s.Dst}, 0
	}
	return pair{s.Dst, s.Src}, 1
}

func (d *directions) find(p pair) ends {
	if e, known := d.young[p]; known {
		return e
	}
	e, known := d.old[p]
	if known {
		d.put(p, e) // it is in use
	}
	return e
}

// put keeps what is known of a connection. When the young are many they become
// the old, which are forgotten.
func (d *directions) put(p pair, e ends) {
	if d.young == nil || len(d.young) >= d.limit {
		d.young, d.old = make(map[pair]ends), d.young
	}
	d.young[p] = e
}
