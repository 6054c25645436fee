package udpwire

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// packed packs messages of random sizes, lanes and addresses and returns them with the chunks. Datagrams have at most
// size bytes, with tag bytes left for a seal.
func packed(rng *rand.Rand, count, size, tag, largest int) (all []Message, chunks []*chunk) {
	p := packer{size: func() int { return size }, tag: tag}
	p.hand = func(c *chunk) *chunk {
		if c != nil {
			chunks = append(chunks, c)
		}
		return &chunk{buf: make([]byte, 0, chunkSize)}
	}
	addrs := []netip.AddrPort{{}, netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("[2001:db8::1]:443")}
	for i := range count {
		body := make([]byte, rng.IntN(largest+1))
		for j := 0; j < len(body); j += 97 {
			body[j] = byte(rng.Uint32())
		}
		m := Message{Kind: uint8(rng.IntN(2)), Proto: uint8(i), User: rng.Uint64N(20), Conn: rng.Uint64(), Index: uint64(i), Time: 1,
			Src: addrs[rng.IntN(3)], Dst: addrs[rng.IntN(3)], Body: body}
		p.add(&m)
		all = append(all, m)
		if rng.IntN(10) == 0 {
			p.flush()
		}
	}
	p.flush()
	return all, chunks
}

func sameMessage(a, b *Message) bool {
	x, y := *a, *b
	x.Body, y.Body = nil, nil
	return fmt.Sprint(x) == fmt.Sprint(y) && bytes.Equal(a.Body, b.Body)
}

// What was packed comes out again, with the ids and the order within the lane that it had.
func TestUnpack(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		size, tag := minDatagram+rng.IntN(2000), []int{0, tagSize}[rng.IntN(2)]
		all, chunks := packed(rng, 100, size, tag, []int{10, 1000, 100000}[rng.IntN(3)])
		n, lanes := 0, map[int]uint64{}
		u := unpacker{tag: tag, hand: func(id uint64, back uint32, m *Message) {
			if id != uint64(n+1) || !sameMessage(m, &all[n]) {
				t.Fatalf("seed %d: message %d of id %d is %+v, want %+v", seed, n, id, m, all[n])
			}
			l := lane(m.User)
			if want := lanes[l]; back == 0 && want != 0 || back != 0 && id-uint64(back) != want {
				t.Fatalf("seed %d: message %d is %d behind the one before it, which is %d", seed, id, back, want)
			}
			lanes[l] = id
			n++
		}}
		for _, c := range chunks {
			u.chunk(c)
		}
		if n != len(all) {
			t.Fatalf("seed %d: %d of %d messages came out", seed, n, len(all))
		}
	}
}

// Chunks before some place were sent: what begins behind comes out, and what goes on across it does not, whichever way
// it is cut off.
func TestUnpackAfterSomeWereSent(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		tag := []int{0, tagSize}[rng.IntN(2)]
		all, chunks := packed(rng, 40, minDatagram+rng.IntN(2000), tag, 150000)
		sent := 1 + rng.IntN(len(chunks)-1)
		begun := chunks[sent-1].last
		var ids []uint64
		u := unpacker{tag: tag, hand: func(id uint64, _ uint32, m *Message) {
			if !sameMessage(m, &all[id-1]) {
				t.Fatalf("seed %d: message %d is not what was packed", seed, id)
			}
			ids = append(ids, id)
		}}
		for _, c := range chunks[sent:] {
			u.chunk(c)
			going := c.bases[0] <= begun
			if going != (c.continues() && c.bases[0] == begun) {
				t.Fatalf("seed %d: a chunk goes on with what was sent: %t, and says %t", seed, going, c.continues())
			}
			if going {
				checkTruncated(t, c, tag)
			}
		}
		if uint64(len(ids)) != uint64(len(all))-begun || len(ids) > 0 && ids[0] != begun+1 {
			t.Fatalf("seed %d: %d messages from %v on came out behind the %d begun of %d", seed, len(ids), ids, begun, len(all))
		}
	}
}

// checkTruncated truncates a chunk that goes on with a message: nothing but that message's pieces stays, in datagrams
// of the same number and place.
func checkTruncated(t *testing.T, c *chunk, tag int) {
	t.Helper()
	id, more := c.bases[0], c.last > c.bases[0]
	before := bytes.Clone(c.buf)
	if cut := c.truncate(tag); cut != more || c.last != id || c.news != [maxGrams]news{} && cut {
		t.Fatalf("cut off: %t, there was more: %t; last %d, want %d", cut, more, c.last, id)
	}
	for i := range c.n {
		var f fragment
		d := c.buf[c.start(i):c.ends[i]]
		n, ok := parseFragment(d[dataOffset:], &f)
		if !ok || c.bases[i] != id || (i == c.n-1) != f.last() && more {
			t.Fatalf("datagram %d of %d: fragment %t, last %t, of %d", i, c.n, ok, f.last(), c.bases[i])
		}
		if rest := d[dataOffset+n:]; len(rest) < tag || len(bytes.Trim(rest, "\x00")) > 0 ||
			!bytes.Equal(d[:dataOffset+n], before[c.start(i):][:dataOffset+n]) {
			t.Fatalf("datagram %d changed, or has %d bytes behind its fragment", i, len(d)-dataOffset-n)
		}
	}
}
