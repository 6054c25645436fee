package sniffer

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"gor/capture"
	"gor/reassembly"
)

// packet is an IPv4 packet with a TCP segment from 10.0.0.1:40000 to 10.0.0.2.
func packet(at time.Time, port uint16, seq uint32, flags capture.Flags, payload string) capture.Packet {
	b := make([]byte, 40, 40+len(payload))
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], uint16(40+len(payload)))
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(b[20:], 40000)
	binary.BigEndian.PutUint16(b[22:], port)
	binary.BigEndian.PutUint32(b[24:], seq)
	b[32], b[33], b[34] = 5<<4, byte(flags), 0xff
	b = append(b, payload...)
	binary.BigEndian.PutUint16(b[36:], checksum(b))
	return capture.Packet{Time: at.UnixNano(), Data: b, WireLen: len(b), Link: capture.LinkRaw}
}

// checksum is that of the TCP segment in a packet as above, whose own is zero.
func checksum(b []byte) uint16 {
	sum := uint32(6 + len(b) - 20)
	for i := 12; i < len(b); i++ {
		sum += uint32(b[i]) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// A stream makes the packets of one connection's client; the first is its SYN,
// which may carry data (RFC 7413).
type stream struct{ seq uint32 }

// syn begins the connection.
func (s *stream) syn(at time.Time) capture.Packet {
	p := packet(at, 80, s.seq, capture.SYN, "")
	s.seq++
	return p
}

func (s *stream) data(at time.Time, payload string) capture.Packet {
	flags := capture.ACK | capture.PSH
	if s.seq == 0 {
		flags = capture.SYN
	}
	p := packet(at, 80, s.seq, flags, payload)
	if s.seq == 0 {
		s.seq++ // the SYN counts as a byte
	}
	s.seq += uint32(len(payload))
	return p
}

func get(n int) string { return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", n) }

// A fakeSource has the packets that a test gives it. Like a ring it has ticks
// where it is live; like a pipe it waits for ever where it is not.
type fakeSource struct {
	packets chan capture.Packet // closed: the end
	live    bool
	err     error // at the end
	closing sync.Once
	closed  chan struct{}
	apart   *capture.Decoder // knows what servers send, of which the time then says nothing, as with a ring of its own; nil: none does
}

func newFakeSource(live bool, err error) *fakeSource {
	return &fakeSource{packets: make(chan capture.Packet, 100), live: live, err: err, closed: make(chan struct{})}
}

func (s *fakeSource) Next(d *capture.Decoder, segs []capture.Segment) (n int, err error) {
	var tick <-chan time.Time
	if s.live {
		tick = time.After(100 * time.Millisecond)
	}
	select {
	case p, ok := <-s.packets:
		if !ok {
			return 0, s.err
		}
		if s.apart != nil && s.apart.Decode(&p, &segs[0]) && segs[0].FromServer || d.Decode(&p, &segs[0]) {
			n = 1
		}
		return n, nil
	case <-tick:
		return 0, os.ErrDeadlineExceeded
	case <-s.closed:
		return 0, net.ErrClosed
	}
}

func (s *fakeSource) Ready() bool { return len(s.packets) > 0 }

func (s *fakeSource) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

// A taker is a Consumer that keeps the targets of what it takes.
type taker struct {
	fate    reassembly.Fate
	targets []string
	users   []uint64
	flushes int
	hold    chan struct{} // where not nil, Take waits for its closing
}

func (c *taker) Take(r *reassembly.Request) reassembly.Fate {
	c.targets, c.users = append(c.targets, string(r.Target())), append(c.users, r.User())
	if c.hold != nil {
		<-c.hold
	}
	return c.fate
}

func (c *taker) Flush() { c.flushes++ }

// A maker makes requests, each on a connection of its own.
type maker struct {
	asm  *reassembly.Assembler
	port uint16
	f    func(*reassembly.Request)
}

func newMaker() *maker {
	m := &maker{}
	m.asm = reassembly.New(reassembly.Config{MaxMemory: 4 << 20}, func(r *reassembly.Request) reassembly.Fate {
		m.f(r)
		return reassembly.Sent
	})
	return m
}

// request lends f the request that raw is, and reports whether it is one.
func (m *maker) request(raw string, f func(*reassembly.Request)) (found bool) {
	m.port++
	m.f = func(r *reassembly.Request) { found = true; f(r) }
	client := capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}, Port: m.port}
	server := capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 2}, Port: 80}
	syn := capture.Segment{Time: 1, Src: client, Dst: server, Flags: capture.SYN}
	data := capture.Segment{Time: 1, Src: client, Dst: server, Seq: 1, Flags: capture.ACK, Payload: []byte(raw)}
	reset := capture.Segment{Time: 1, Src: client, Dst: server, Seq: 1 + uint32(len(raw)), Flags: capture.RST}
	for _, s := range []*capture.Segment{&syn, &data, &reset} {
		m.asm.Push(s)
	}
	return found
}
