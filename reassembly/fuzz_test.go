package reassembly

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"gor/capture"
)

// FuzzHTTP reads the same bytes whole and cut at every place: where a request
// begins and ends must not depend on it.
func FuzzHTTP(f *testing.F) {
	for _, s := range []string{
		get(1) + get(2), post(1, "body"), chunked(1, "hello", "world"), "\r\n\r\n" + get(1),
		"GET / HTTP/1.0\n\n", "POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n\x16\x03",
		"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello", "GET /\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\x00\x01", "SSH-2.0-x\r\n", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		if len(stream) > 4096 {
			return
		}
		whole := feed(t, stream, len(stream))
		for _, size := range []int{1, 2, 7} {
			cut := feed(t, stream, size)
			if !slices.Equal(whole.requests, cut.requests) {
				t.Fatalf("whole: %q\ncut in pieces of %d: %q", whole.requests, size, cut.requests)
			}
		}
		for _, r := range whole.requests {
			if len(r) > len(stream) {
				t.Fatalf("a request of %d bytes from a stream of %d", len(r), len(stream))
			}
		}
	})
}

// feed reads a stream in pieces of one size, from its SYN on.
func feed(t testing.TB, stream []byte, size int) *collector {
	c, k := newCollector(Config{MaxMemory: 1 << 20, MaxRequest: 2048}), newClient(40000, 0xfffffff0)
	c.push(k.syn())
	for piece := range slices.Chunk(stream, max(size, 1)) {
		c.push(k.data(string(piece)))
	}
	c.finish(t)
	return c
}

// FuzzStream feeds segments made of fuzzed numbers, in which anything may
// contradict anything. Whatever they say, the accounts balance, memory stays
// below its budget, and what is handed on was in a segment.
func FuzzStream(f *testing.F) {
	f.Add([]byte("\x00\x02\x00\x00\x00\x00\x01\x10\x00\x00\x00\x20GET / HTTP/1.1\r\n\r\n"))
	f.Add([]byte("\x00\x10\x00\x00\x00\x05\x02\x10\x00\x00\x00\x09GET / HTT\x00\x10\x00\x00\x00\x0e\x02\x10\x00\x00\x00\x09P/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		const budget = 8 << 20
		c := newCollector(Config{MaxMemory: budget, MaxRequest: 4096, GapTimeout: time.Second, IdleTimeout: 10 * time.Second})
		now := int64(1_700_000_000_000_000_000)
		for len(ops) >= 8 {
			op := ops[:8]
			ops = ops[8:]
			n := min(int(op[6]), len(ops))
			now += int64(op[7]) * 20_000_000
			c.push(capture.Segment{
				Time: now, Src: endpoint(1, uint16(op[0]&7)), Dst: endpoint(2, 80),
				Seq: binary.BigEndian.Uint32(op[1:]) & 0xff0003ff, Flags: capture.Flags(op[5] & 0x3f),
				Urgent: uint16(op[0] >> 5), Cut: int(op[0]>>3&3) * 10, Payload: ops[:n],
			})
			ops = ops[n:]
			c.balance(t)
			if s := c.Stats(); s.Memory > budget {
				t.Fatalf("%d bytes held, the budget is %d", s.Memory, budget)
			}
		}
		c.Advance(now + 60_000_000_000)
		c.balance(t)
		c.finish(t)
	})
}
