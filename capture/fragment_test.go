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

// TestFragmentsBelieved: what was put together is verified whatever the source
// knows of its parts, parts seen at different places do not meet, and an
// overlap that is no repetition makes an end of the datagram.
func TestFragmentsBelieved(t *testing.T) {
	whole, other := sum4(seg), sum4(tcpBytes(80, ACK|PSH, "PUT / HTTP/1.0\r\n\r\n"))
	const more = 0x2000
	piece := func(of []byte, from, to int) []byte {
		position := uint16(from / 8)
		if to < len(of) {
			position |= more
		}
		return ip4Bytes(6, position, 5, of[from:to])
	}
	in := func(p Packet, b []byte) Packet { p.Data, p.WireLen = b, len(b); return p }
	raw, two := Packet{Link: LinkRaw}, Packet{Link: LinkRaw, Iface: 2}
	tagged := func(tag byte, b []byte) []byte { return ether(etherVLAN, cat([]byte{0, tag, 8, 0}, b)) }
	vxlan := func(number byte, b []byte) []byte {
		return ip4Bytes(17, 0, 1, udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, number, 0}, ether(etherIP4, b))))
	}
	frame := Packet{Link: LinkEthernet}
	end := len(whole)
	for _, tt := range []struct {
		name    string
		packets []Packet
		found   bool
		bad     uint64 // checksums
		invalid uint64
	}{
		{name: "whole", packets: []Packet{in(raw, piece(whole, 0, 24)), in(raw, piece(whole, 24, end))}, found: true},
		{name: "of two datagrams", packets: []Packet{in(raw, piece(whole, 0, 32)), in(raw, piece(other, 32, end))}, bad: 1},
		{name: "verified by the card", packets: []Packet{in(Packet{Link: LinkRaw, Checksum: ChecksumVerified}, piece(whole, 0, 32)), in(Packet{Link: LinkRaw, Checksum: ChecksumVerified}, piece(other, 32, end))}, bad: 1},
		{name: "pending", packets: []Packet{in(Packet{Link: LinkRaw, Checksum: ChecksumPending}, piece(whole, 0, 32)), in(Packet{Link: LinkRaw, Checksum: ChecksumPending}, piece(other, 32, end))}, bad: 1},
		{name: "repeated", packets: []Packet{in(raw, piece(whole, 0, 24)), in(raw, piece(whole, 0, 24)), in(raw, piece(whole, 24, end))}, found: true},
		{name: "repeated in part", packets: []Packet{in(raw, piece(whole, 0, 24)), in(raw, piece(whole, 8, 16)), in(raw, piece(whole, 24, end))}, found: true},
		{name: "other bytes", packets: []Packet{in(raw, piece(whole, 0, 32)), in(raw, piece(other, 24, 32)), in(raw, piece(whole, 32, end))}, invalid: 2},
		{name: "overlapping in part", packets: []Packet{in(raw, piece(whole, 0, 24)), in(raw, piece(whole, 16, end))}, invalid: 1},
		{name: "two interfaces", packets: []Packet{in(raw, piece(whole, 0, 24)), in(two, piece(whole, 24, end))}},
		{name: "two interfaces, each whole", packets: []Packet{in(raw, piece(whole, 0, 32)), in(two, piece(other, 0, 32)), in(raw, piece(whole, 32, end))}, found: true},
		{name: "two VLANs", packets: []Packet{in(frame, tagged(5, piece(whole, 0, 24))), in(frame, tagged(6, piece(whole, 24, end)))}},
		{name: "one VLAN", packets: []Packet{in(frame, tagged(5, piece(whole, 0, 24))), in(frame, tagged(5, piece(whole, 24, end)))}, found: true},
		{name: "two VLANs, tags taken out", packets: []Packet{in(Packet{Link: LinkRaw, VLAN: 5}, piece(whole, 0, 24)), in(Packet{Link: LinkRaw, VLAN: 6}, piece(whole, 24, end))}},
		{name: "two tunnels", packets: []Packet{in(raw, vxlan(1, piece(whole, 0, 24))), in(raw, vxlan(2, piece(whole, 24, end)))}},
		{name: "one tunnel", packets: []Packet{in(raw, vxlan(1, piece(whole, 0, 24))), in(raw, vxlan(1, piece(whole, 24, end)))}, found: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := NewDecoder(DecoderConfig{Ports: []uint16{80}, Tunnels: true})
			found := 0
			var s Segment
			for _, p := range tt.packets {
				if d.Decode(&p, &s) {
					found++
					if string(s.Payload) != payload {
						t.Errorf("payload %q", s.Payload)
					}
				}
			}
			if st := d.Stats(); (found == 1) != tt.found || st.BadChecksum != tt.bad || st.FragmentsInvalid != tt.invalid {
				t.Errorf("found %d times; %+v", found, st)
			}
		})
	}
}

// TestFragmentsOverlapV6 is RFC 5722 section 4.
func TestFragmentsOverlapV6(t *testing.T) {
	whole := sum6(seg)
	d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
	for _, cut := range [][2]int{{0, 24}, {16, 40}, {24, len(whole)}} {
		position := uint16(cut[0])
		if cut[1] < len(whole) {
			position |= 1
		}
		b := v6(44, cat([]byte{6, 0, byte(position >> 8), byte(position), 0, 0, 0, 7}, whole[cut[0]:cut[1]]))
		if d.Decode(&Packet{Data: b, WireLen: len(b), Link: LinkRaw}, new(Segment)) {
			t.Errorf("decoded; %+v", d.Stats())
		}
	}
	if st := d.Stats(); st.FragmentsInvalid != 2 || st.Fragments != 1 {
		t.Errorf("%+v", st)
	}
}
