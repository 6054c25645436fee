package capture

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// TestFragments cuts a segment in every way and delivers the pieces in random
// order, some of them twice.
func TestFragments(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	plain := tcpBytes(80, ACK, string(bytes.Repeat([]byte("0123456789"), 300)))
	for run := range 300 {
		big := sum4(plain)
		if run%2 != 0 {
			big = sum6(plain)
		}
		d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
		var pieces [][]byte
		for at := 0; at < len(big); {
			n := min(8*(1+rnd.IntN(100)), len(big)-at)
			position := uint16(at / 8)
			more := uint16(0)
			if at+n < len(big) {
				more = 1
			}
			if run%2 == 0 {
				pieces = append(pieces, ip4Bytes(6, position|more<<13, 77, big[at:at+n]))
			} else {
				h := binary.BigEndian.AppendUint16([]byte{6, 0}, position<<3|more)
				pieces = append(pieces, v6(44, cat(h, []byte{0, 0, 0, 77}, big[at:at+n])))
			}
			at += n
		}
		pieces = append(pieces, pieces[rnd.IntN(len(pieces))])
		rnd.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		found := 0
		var s Segment
		for _, b := range pieces {
			if d.Decode(&Packet{Data: b, WireLen: len(b), Link: LinkRaw}, &s) {
				found++
				if !bytes.Equal(s.Payload, big[24:]) {
					t.Fatalf("run %d: the payload differs", run)
				}
			}
		}
		if found != 1 {
			t.Fatalf("run %d: found %d times; %+v", run, found, d.Stats())
		}
	}
}

func TestFragmentLimits(t *testing.T) {
	d := NewDecoder(DecoderConfig{Ports: []uint16{80}, MaxFragmentBytes: 20_000})
	var s Segment
	send := func(at int64, id uint16, position uint16, body []byte) bool {
		b := ip4Bytes(6, position, id, body)
		return d.Decode(&Packet{Time: at, Data: b, WireLen: len(b), Link: LinkRaw}, &s)
	}
	for id := range uint16(50) {
		send(0, id, 0x2000, make([]byte, 800))
	}
	if d.fragments.memory > 20_000 || d.Stats().FragmentsShed == 0 {
		t.Errorf("%d bytes held; %+v", d.fragments.memory, d.Stats())
	}
	send(fragmentTimeout+1, 99, 0x2000, make([]byte, 8))
	if len(d.fragments.waiting) != 1 || d.Stats().FragmentsExpired == 0 {
		t.Errorf("%d wait; %+v", len(d.fragments.waiting), d.Stats())
	}
	if send(fragmentTimeout+2, 100, 0x1fff, make([]byte, 100)) || d.Stats().FragmentsInvalid != 1 {
		t.Errorf("a datagram of more than 65,535 bytes: %+v", d.Stats())
	}
}
