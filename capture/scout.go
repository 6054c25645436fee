package capture

import "time"

// A Gaze says what a Scout looks at.
type Gaze struct {
	// Arriving and Leaving are the TCP ports of which all segments are looked at
	// that go to them, by the way they go.
	Arriving, Leaving []uint16

	// OtherHosts says to look at what is addressed to other machines, too.
	OtherHosts bool

	// Elsewhere says to look at all other ports, too: at what begins there like a
	// request, like TLS or like HTTP/2.
	Elsewhere bool
}

// A Sighting is a segment that a Scout saw.
type Sighting struct {
	Src, Dst  Endpoint
	Seq       uint32
	Flags     Flags
	Payload   []byte // its first bytes
	Iface     int    // the index of the interface
	Leaving   bool   // this machine sent it, or passed it on
	OtherHost bool   // it is addressed to another machine
	Tunnelled bool   // it was in a tunnel
}

// A Sample is what a Scout saw of one kind: the first segments, and how many there
// were. There are some if there were any.
type Sample struct {
	Seen  []Sighting
	Total uint64
}

// A Look is what a Scout saw in a while.
type Look struct {
	Wanted    []Sample // to the ports of the Gaze: a quiet port has one beside that of a busy one
	Elsewhere Sample   // to all others
	Elapsed   time.Duration
}

// Bounds of a Sample.
const (
	scoutBytes  = 1500 // of a packet: its headers, and the head of a request
	scoutSample = 512  // packets are read of each sample, the others are counted
	scoutBuffer = 1 << 20
	scoutShares = 8 // samples of wanted ports at most: more ports than those share them
)

// A spotter makes sightings of packets.
type spotter struct{ decoder *Decoder }

func newSpotter() spotter {
	return spotter{NewDecoder(DecoderConfig{AnyPort: true, Tunnels: true, MaxFragmentBytes: 1 << 16})}
}

// spot decodes a cooked packet; whole says that b is all of it.
func (s spotter) spot(b []byte, etherType uint16, whole bool) (seen Sighting, ok bool) {
	p := Packet{Data: b, WireLen: len(b), Link: LinkCooked, EtherType: etherType, Checksum: ChecksumVerified}
	if !whole {
		p.WireLen += acceptLen // how much it is its IP header says
	}
	var seg Segment
	if !s.decoder.Decode(&p, &seg) {
		return seen, false
	}
	return Sighting{Src: seg.Src, Dst: seg.Dst, Seq: seg.Seq, Flags: seg.Flags, Payload: seg.Payload, Tunnelled: seg.Tunnel != 0}, true
}
