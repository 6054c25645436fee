package capture

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

const (
	scribeSegment = 32 << 10 // bytes of a request in a packet at most
	scribePairs   = 1 << 16  // connections that are open, twice
)

// A Scribe records requests of which only the bytes are left, since they came over
// the wire: it makes up the packets that they would have come in. A connection
// begins with a handshake, and each request is acknowledged; addresses and times
// are those of the original, sequence numbers and checksums are right. Responses
// were never captured, and are missing.
//
// Of very many connections those that were silent longest are closed; what comes on
// one later begins another. A Scribe is not safe for concurrent use.
type Scribe struct {
	to         *Recorder
	limit      int
	young, old map[scribePair]scribed
	begun      uint32 // connections
	packet     []byte
}

// A scribePair is the client and the server of a connection.
type scribePair struct{ client, server netip.AddrPort }

// turned is the pair as the server sees it.
func (p scribePair) turned() scribePair { return scribePair{p.server, p.client} }

// A scribed connection is what was written of one.
type scribed struct {
	conn           uint64
	client, server uint32 // the sequence numbers of what they send next
}

// NewScribe makes a Scribe that records to a Recorder.
func NewScribe(to *Recorder) *Scribe {
	return &Scribe{to: to, limit: scribePairs, young: map[scribePair]scribed{}}
}

// Write records a request that came on a connection of this number, of which the
// last byte was seen at a time, in nanoseconds since the Unix epoch. Where nobody
// knows who sent it, addresses for documentation stand for that (RFC 5737).
func (s *Scribe) Write(conn uint64, at int64, client, server netip.AddrPort, request []byte) {
	p := pairFor(conn, client, server)
	c, known := s.find(at, p)
	if known && c.conn != conn { // the addresses are used again
		s.end(at, p, c)
		known = false
	}
	if !known {
		c = s.begin(at, p, conn)
	}
	for len(request) > 0 {
		n := min(len(request), scribeSegment)
		flags := ACK
		if n == len(request) {
			flags |= PSH
		}
		s.segment(at, p, flags, c.client, c.server, request[:n])
		c.client += uint32(n)
		request = request[n:]
	}
	s.segment(at, p.turned(), ACK, c.server, c.client, nil)
	s.put(at, p, c)
}

// pairFor replaces what is not known of a connection.
func pairFor(conn uint64, client, server netip.AddrPort) scribePair {
	if client.IsValid() && server.IsValid() && client.Addr().Is4() == server.Addr().Is4() {
		return scribePair{client, server}
	}
	clientAddr := netip.AddrFrom4([4]byte{198, 51, 100, byte(conn >> 16)})
	return scribePair{
		netip.AddrPortFrom(clientAddr, uint16(conn)|1<<15), netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), 80),
	}
}

// begin records a handshake (RFC 9293 section 3.5).
func (s *Scribe) begin(at int64, p scribePair, conn uint64) scribed {
	s.begun++
	c := scribed{conn: conn, client: s.begun * 0x9e3779b1, server: s.begun * 0x85ebca6b} // far from those before
	s.segment(at, p, SYN, c.client, 0, nil)
	c.client++
	s.segment(at, p.turned(), SYN|ACK, c.server, c.client, nil)
	c.server++
	s.segment(at, p, ACK, c.client, c.server, nil)
	return c
}

// end records that the client closes a connection.
func (s *Scribe) end(at int64, p scribePair, c scribed) {
	s.segment(at, p, FIN|ACK, c.client, c.server, nil)
}

// find returns an open connection.
func (s *Scribe) find(at int64, p scribePair) (scribed, bool) {
	c, known := s.young[p]
	if !known {
		if c, known = s.old[p]; known {
			delete(s.old, p)
			s.put(at, p, c)
		}
	}
	return c, known
}

// put keeps a connection. When the young ones are many they become the old, and
// those that were old already are closed.
func (s *Scribe) put(at int64, p scribePair, c scribed) {
	if _, known := s.young[p]; !known && len(s.young) >= s.limit {
		for p, c := range s.old {
			s.end(at, p, c)
		}
		s.young, s.old = map[scribePair]scribed{}, s.young
	}
	s.young[p] = c
}

// segment records one TCP segment from the pair's client.
func (s *Scribe) segment(at int64, p scribePair, flags Flags, seq, ack uint32, payload []byte) {
	const header = 20 // of TCP, and of IPv4
	b, addrs := s.packet[:0], 0
	if p.client.Addr().Is4() {
		b = append(b, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocolTCP, 0, 0)
		src, dst := p.client.Addr().As4(), p.server.Addr().As4()
		b = append(append(b, src[:]...), dst[:]...)
		binary.BigEndian.PutUint16(b[2:], uint16(2*header+len(payload)))
		binary.LittleEndian.PutUint16(b[10:], ^foldSum(addSum(0, b)))
		addrs = 8
	} else {
		b = append(b, 0x60, 0, 0, 0, 0, 0, protocolTCP, 64)
		src, dst := p.client.Addr().As16(), p.server.Addr().As16()
		b = append(append(b, src[:]...), dst[:]...)
		binary.BigEndian.PutUint16(b[4:], uint16(header+len(payload)))
		addrs = 32
	}
	ip := len(b)
	b = binary.BigEndian.AppendUint16(b, p.client.Port())
	b = binary.BigEndian.AppendUint16(b, p.server.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, header/4<<4, byte(flags), 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, payload...)
	length := uint64(bits.ReverseBytes32(uint32(len(b) - ip)))
	sum := addSum(addSum(protocolTCP<<8+length, b[ip-addrs:ip]), b[ip:])
	binary.LittleEndian.PutUint16(b[ip+16:], ^foldSum(sum))
	s.packet = b
	s.to.record(at, b, 0)
}
