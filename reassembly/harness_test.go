package reassembly

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"gor/capture"
)

// A collector is an Assembler with what it handed on.
type collector struct {
	*Assembler
	requests []string // raw bytes
	index    []uint64
	conns    []uint64
}

func newCollector(cfg Config) *collector {
	c := &collector{}
	c.Assembler = New(cfg, func(r *Request) Fate {
		c.requests = append(c.requests, string(r.Raw))
		c.index = append(c.index, r.Index)
		c.conns = append(c.conns, r.Conn())
		return Sent
	})
	return c
}

// push hands s over and spoils the lent bytes afterwards, so that an Assembler
// that kept them is found out.
func (c *collector) push(s capture.Segment) {
	s.Payload = slices.Clone(s.Payload)
	c.Push(&s)
	for i := range s.Payload {
		s.Payload[i] = 0xdd
	}
}

// balance checks that every request begun has exactly one fate.
func (c *collector) balance(t testing.TB) {
	t.Helper()
	s := c.Stats()
	sum := s.Open
	for _, n := range s.Fates {
		sum += n
	}
	if s.Captured != sum {
		t.Fatalf("captured %d, but the fates and %d open sum to %d: %v", s.Captured, s.Open, sum, s.Fates)
	}
	if uint64(len(c.requests)) != s.Fates[Sent] {
		t.Fatalf("%d handed on, accounts say %d", len(c.requests), s.Fates[Sent])
	}
}

// finish closes the Assembler; then nothing may be open.
func (c *collector) finish(t testing.TB) Stats {
	t.Helper()
	c.Close()
	c.balance(t)
	s := c.Stats()
	if s.Open != 0 {
		t.Fatalf("%d open after Close", s.Open)
	}
	return s
}

// A client is one side of a connection whose segments a test makes.
type client struct {
	src, dst capture.Endpoint
	seq      uint32 // of the next byte
	ack      uint32 // what the server's responses have come to
	now      int64
}

func newClient(port uint16, isn uint32) *client {
	return &client{src: endpoint(1, port), dst: endpoint(2, 80), seq: isn, ack: 1, now: 1_700_000_000_000_000_000}
}

func endpoint(host byte, port uint16) capture.Endpoint {
	return capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: host}, Port: port}
}

// at is a segment whose payload begins at a sequence number; time moves on by
// a millisecond.
func (c *client) at(seq uint32, flags capture.Flags, payload string) capture.Segment {
	c.now += 1_000_000
	return capture.Segment{Time: c.now, Src: c.src, Dst: c.dst, Seq: seq, Ack: c.ack, Flags: flags, Payload: []byte(payload)}
}

// syn begins the connection.
func (c *client) syn() capture.Segment {
	s := c.at(c.seq, capture.SYN, "")
	c.seq++
	return s
}

// data is the next payload in order.
func (c *client) data(payload string) capture.Segment {
	s := c.at(c.seq, capture.ACK|capture.PSH, payload)
	c.seq += uint32(len(payload))
	return s
}

// respond is a response of the server, which the client's next segment acknowledges.
func (c *client) respond() { c.ack += 300 }

// wait lets time pass.
func (c *client) wait(d time.Duration) { c.now += int64(d) }

func (c *client) fin() capture.Segment { return c.at(c.seq, capture.FIN|capture.ACK, "") }

func get(n int) string { return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", n) }

func post(n int, body string) string {
	return fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", n, len(body), body)
}

func chunked(n int, chunks ...string) string {
	s := fmt.Sprintf("POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", n)
	for _, c := range chunks {
		s += fmt.Sprintf("%x\r\n%s\r\n", len(c), c)
	}
	return s + "0\r\n\r\n"
}

// fates checks that the accounts are balanced and hold these fates and no other,
// of what is sent, too.
func (c *collector) fates(t testing.TB, want map[Fate]uint64) {
	t.Helper()
	c.balance(t)
	s := c.Stats()
	for f := range fates {
		if s.Fates[f] != want[f] {
			t.Errorf("%d %v, want %d", s.Fates[f], f, want[f])
		}
	}
}

// same fails where the requests differ from what is wanted.
func same(t testing.TB, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d requests, want %d:\n%.300q\nwant\n%.300q", len(got), len(want), got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("request %d:\n%.500q\nwant\n%.500q", i, got[i], want[i])
		}
	}
}
