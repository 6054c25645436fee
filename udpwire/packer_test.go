package udpwire

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPacker: what is packed into datagrams of some size is read from them again, in order; no datagram is larger, all
// room for tags is left, and those of a chunk can go out in as few calls as may be.
func TestPacker(t *testing.T) {
	for _, size := range []int{minDatagram, safeDatagram, 1452, largeDatagram} {
		for _, tag := range []int{0, tagSize} {
			rng := rand.New(rand.NewPCG(uint64(size), uint64(tag)))
			var in inbox
			var sent [][]byte
			got, number := 0, uint64(0)
			in.start(func(m *Message) {
				if m.Index != uint64(got) || !bytes.Equal(m.Body, sent[got]) {
					t.Fatalf("size %d, tag %d: message %d is not what was packed", size, tag, got)
				}
				got++
			})
			p := packer{size: func() int { return size }, tag: tag}
			p.hand = func(c *chunk) *chunk {
				if c != nil {
					number = readChunk(t, &in, c, number, size, tag)
				}
				return &chunk{buf: make([]byte, 0, chunkSize)}
			}
			for i := range 2000 {
				body := make([]byte, rng.IntN(1000))
				if i%100 == 0 {
					body = make([]byte, rng.IntN(200000))
				}
				for j := range body[:min(len(body), 32)] {
					body[j] = byte(rng.Uint32())
				}
				sent = append(sent, body)
				p.add(&Message{User: 1, Index: uint64(i), Time: 1, Body: body})
				if rng.IntN(50) == 0 {
					p.flush()
				}
			}
			if p.flush(); !p.empty() || got != len(sent) {
				t.Errorf("size %d, tag %d: %d of %d messages", size, tag, got, len(sent))
			}
		}
	}
}

// readChunk gives a chunk's datagrams to an inbox, the first with the number behind number. It returns the last one's.
func readChunk(t *testing.T, in *inbox, c *chunk, number uint64, size, tag int) uint64 {
	t.Helper()
	if c.n == 0 || c.n > maxGrams || cap(c.buf) != chunkSize {
		t.Fatalf("a chunk of %d datagrams in %d bytes", c.n, cap(c.buf))
	}
	if n, _ := c.run(0); n < c.n-1 {
		t.Errorf("one call sends %d of %d datagrams", n, c.n)
	}
	for i := range c.n {
		d := c.buf[c.start(i):c.ends[i]]
		if len(d) > size || len(d) < dataOffset+tag {
			t.Fatalf("a datagram of %d bytes", len(d))
		}
		putBase(d, c.bases[i])
		number++
		if !in.data(1, number, d[headerSize:len(d)-tag]) {
			t.Fatalf("datagram %d contradicts itself", number)
		}
	}
	return number
}

// TestPackerPart: where no chunk may go on with one message and begin another, small messages still share datagrams, of
// whatever size, and only what is cut ends its chunk.
func TestPackerPart(t *testing.T) {
	for _, full := range []int{minDatagram, 1452, largeDatagram} {
		var pool chunkPool
		var chunks []*chunk
		p := packer{part: true, size: func() int { return full }, hand: func(c *chunk) *chunk {
			if c != nil {
				chunks = append(chunks, c)
			}
			return pool.get(chunkSize)
		}}
		const count, size = 2000, 100
		for i := range count {
			p.add(&Message{User: uint64(i), Body: make([]byte, size)})
		}
		p.flush()
		grams, bytes := 0, 0
		for _, c := range chunks {
			grams += c.n
			bytes += len(c.buf)
		}
		if least := count * (messageLeast + size); bytes > least+least/3 {
			t.Errorf("datagrams of %d bytes: %d bytes in %d of them and %d chunks, the messages have %d", full, bytes, grams, len(chunks), least)
		}
		chunks = nil
		for i := range 50 {
			p.add(&Message{User: uint64(i), Body: make([]byte, []int{100, 30000, 100000}[i%3])})
		}
		p.flush()
		for i, c := range chunks {
			if goesOn := i > 0 && c.bases[0] == chunks[i-1].last; goesOn && c.last != c.bases[0] {
				t.Errorf("datagrams of %d bytes: a chunk goes on with message %d and ends with %d", full, c.bases[0], c.last)
			}
		}
	}
}
