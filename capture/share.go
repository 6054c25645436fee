package capture

import (
	"encoding/binary"
	"math"
)

// A Share is a part of all connections: those whose client, by its address and port,
// has a hash below it. Which these are is the same wherever it is asked, in the
// kernel's filter and here, for as long as the program's version is the same. A larger
// Share has all connections of a smaller one.
type Share uint64

// AllConnections is the Share that has every connection.
const AllConnections Share = 1 << 32

// ShareOf is the Share of this fraction of all connections, between 0 and 1.
func ShareOf(fraction float64) Share {
	return Share(math.Round(min(max(fraction, 0), 1) * float64(AllConnections)))
}

// Has reports whether the connections of a client are part of the share.
func (s Share) Has(client *Endpoint) bool { return Share(clientHash(client)) < s }

// The multipliers of clientHash. All are odd, so that nothing is lost; the last two
// and their shifts are those of a mixer whose every output bit depends on every
// input bit (Wellons, "lowbias32").
const (
	foldFactor  = 0x9e3779b1
	mixFactor1  = 0x7feb352d
	mixFactor2  = 0x846ca68b
	mixShift1   = 16
	mixShift2   = 15
	mappedWord  = 0xffff // the third word of ::ffff:a.b.c.d
	markedWord  = mappedMark << 24
	wordsOfIPv6 = 4
)

// clientHash mixes an address and a port to 32 bits, of which the highest are the best
// mixed: a port's lowest bits alone would not do, since the ports that Linux gives
// to its clients are nearly all even. It is made of what a classic BPF program has
// (hashProgram): the operations of 32 bits.
func clientHash(e *Endpoint) uint32 {
	var words [wordsOfIPv6]uint32
	for i := range words {
		words[i] = binary.BigEndian.Uint32(e.Addr[4*i:])
	}
	if words[0] == markedWord && words[1] == 0 && words[2] == mappedWord {
		words[0] = 0 // as it was in the packet
	}
	h := words[0]
	for _, w := range words[1:] {
		h = h*foldFactor ^ w
	}
	h = h*foldFactor ^ uint32(e.Port)
	h = (h ^ h>>mixShift1) * mixFactor1
	return (h ^ h>>mixShift2) * mixFactor2
}
