package capture

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestSums: adding up eight bytes at a time gives what adding up words gives,
// whatever the length, the place in memory and the sum so far.
func TestSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	memory := make([]byte, 2100)
	for run := range 20_000 {
		fill := byte(0)
		if run%5 == 0 {
			fill = 0xff // carries all the way
		}
		for i := range memory[:300] {
			memory[i] = byte(rng.Uint32()) | fill
		}
		from := rng.IntN(8)
		b := memory[from : from+rng.IntN(290)]
		if run%100 == 0 {
			b = memory[from : from+1000+rng.IntN(1000)]
		}
		start := rng.Uint64() | uint64(fill)*0x0101010101010101
		before := binary.LittleEndian.AppendUint64(nil, start)
		var got [2]byte
		binary.LittleEndian.PutUint16(got[:], foldSum(addSum(start, b)))
		if want := wordSum(cat(before, b)); binary.BigEndian.Uint16(got[:])%0xffff != want%0xffff {
			t.Fatalf("%d bytes behind %x: %x, want %04x", len(b), before, got, want)
		}
	}
}

// withSum is an IPv4 packet of one segment whose checksum is another.
func withSum(kind string) []byte {
	b := ip4Bytes(6, 0, 1, seg)
	tcp := b[24:]
	pseudo := func(length int) uint16 {
		return wordSum(cat(b[12:20], []byte{0, 6, byte(length >> 8), byte(length)}))
	}
	sum := binary.BigEndian.Uint16(tcp[16:])
	switch kind {
	case "wrong":
		sum ^= 0x0800
	case "zero":
		sum = 0
	case "pseudo":
		sum = pseudo(len(tcp))
	case "pseudo without length":
		sum = pseudo(0)
	}
	binary.BigEndian.PutUint16(tcp[16:], sum)
	return b
}

// TestChecksum: what each source knows of a checksum decides what is believed,
// outside of tunnels and inside.
func TestChecksum(t *testing.T) {
	const complete, recorded, pending, verified = ChecksumComplete, ChecksumRecorded, ChecksumPending, ChecksumVerified
	for _, tt := range []struct {
		sum            string
		outside, inner []Checksum // for which it is good
	}{
		{"right", []Checksum{complete, recorded, pending, verified}, []Checksum{complete, recorded, pending, verified}},
		{"wrong", []Checksum{pending, verified}, nil},
		{"zero", []Checksum{recorded, pending, verified}, []Checksum{recorded, pending}},
		{"pseudo", []Checksum{recorded, pending, verified}, []Checksum{recorded, pending}},
		{"pseudo without length", []Checksum{recorded, pending, verified}, []Checksum{recorded, pending}},
	} {
		plain := withSum(tt.sum)
		check := func(name string, packet []byte, good []Checksum) {
			for _, known := range []Checksum{complete, recorded, pending, verified} {
				d := NewDecoder(DecoderConfig{Ports: []uint16{80}, Tunnels: true})
				got := d.Decode(&Packet{Data: packet, WireLen: len(packet), Link: LinkRaw, Checksum: known}, new(Segment))
				want := bytes.IndexByte(sums(good), byte(known)) >= 0
				bad := uint64(1)
				if want {
					bad = 0
				}
				if got != want || d.Stats().BadChecksum != bad || d.Stats().Segments != 1-bad {
					t.Errorf("%s sum, %s, known as %d: %t, want %t; %+v", tt.sum, name, known, got, want, d.Stats())
				}
			}
		}
		short := cat([]byte{0x45, 0, 0, byte(len(plain) - 4)}, plain[4:20], plain[24:])
		check("options", plain, tt.outside)
		check("plain", short, tt.outside)
		check("IP in IP", ip4Bytes(4, 0, 1, plain), tt.inner)
	}
}

func sums(list []Checksum) (b []byte) {
	for _, c := range list {
		b = append(b, byte(c))
	}
	return b
}

// TestChecksumCut: a segment without its end cannot be verified, and is believed.
func TestChecksumCut(t *testing.T) {
	b := withSum("wrong")
	d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
	var s Segment
	if !d.Decode(&Packet{Data: b[:len(b)-4], WireLen: len(b), Link: LinkRaw}, &s) || s.Cut != 4 {
		t.Errorf("%+v; %+v", s, d.Stats())
	}
}

// TestMappedAddress: the mark that tells ::ffff:a.b.c.d on the wire from IPv4
// is no part of the checksum.
func TestMappedAddress(t *testing.T) {
	b := v6(6, seg)
	copy(b[8:], []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4})
	b = cat(b[:40], tcpSum(b[40:], b[8:40]))
	head := cat(b[:40], []byte{6, 0, 0, 1, 0, 0, 0, 9}, b[40:56])
	head[6], head[5] = 44, 24
	tail := cat(b[:40], []byte{6, 0, 0, 16, 0, 0, 0, 9}, b[56:])
	tail[6], tail[5] = 44, byte(len(tail)-40)
	d := NewDecoder(DecoderConfig{Ports: []uint16{80}})
	var s Segment
	for i, p := range [][]byte{b, head, tail} {
		if got := d.Decode(&Packet{Data: p, WireLen: len(p), Link: LinkRaw}, &s); got != (i != 1) {
			t.Errorf("packet %d: %t; %+v", i, got, d.Stats())
		}
	}
	if s.Src.String() != "[::ffff:1.2.3.4]:40000" {
		t.Errorf("from %v", s.Src)
	}
}

// pcapOf is a file of IP packets, a millisecond apart.
func pcapOf(packets ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, magicMicro)
	b = binary.LittleEndian.AppendUint32(append(b, make([]byte, 16)...), uint32(LinkRaw))
	for i, p := range packets {
		for _, v := range []uint32{100, uint32(i) * 1000, uint32(len(p)), uint32(len(p))} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, p...)
	}
	return b
}

// decodeFile counts what a file's packets were, read as a regular file or as a
// stream.
func decodeFile(t *testing.T, contents []byte, regular bool) DecoderStats {
	t.Helper()
	var in io.Reader = bytes.NewReader(contents)
	if regular {
		name := filepath.Join(t.TempDir(), "packets.pcap")
		if err := os.WriteFile(name, contents, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		in = file
	}
	src, err := OpenFile(in)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	d, segs := NewDecoder(DecoderConfig{Ports: []uint16{80}}), make([]Segment, 3)
	for err == nil {
		_, err = src.Next(d, segs)
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return d.Stats()
}

// TestFileChecksums: a file shows whether its wrong sums are damage.
func TestFileChecksums(t *testing.T) {
	right, wrong, zero := withSum("right"), withSum("wrong"), withSum("zero")
	many := func(n int, b []byte) [][]byte {
		list := make([][]byte, n)
		for i := range list {
			list[i] = b
		}
		return list
	}
	for _, tt := range []struct {
		name            string
		packets         [][]byte
		ignored         uint64 // read as a file
		streamIgnored   uint64 // read as a stream, which shows what it shows too late
		offloaded       uint64
		segments, wrong uint64
	}{
		{name: "one of two", packets: [][]byte{right, wrong}, segments: 1, wrong: 1},
		{name: "the first of two", packets: [][]byte{wrong, right}, segments: 1, wrong: 1, streamIgnored: 1},
		{name: "all", packets: many(20, wrong), segments: 20, wrong: 20, ignored: 20, streamIgnored: 20},
		{name: "eight to one", packets: append(many(8, wrong), right), segments: 1, wrong: 8, streamIgnored: 8},
		{name: "nine to one", packets: append(many(9, wrong), right), segments: 10, wrong: 9, ignored: 9, streamIgnored: 9},
		{name: "offload says nothing", packets: append(many(20, zero), right, wrong), segments: 21, wrong: 1},
		{name: "the verdict stands", packets: append(append(many(tallyLimit, right), many(9*tallyLimit, wrong)...), wrong), segments: tallyLimit, wrong: 9*tallyLimit + 1},
	} {
		for _, regular := range []bool{true, false} {
			ignored, good := tt.ignored, tt.segments
			if !regular {
				ignored, good = tt.streamIgnored, tt.segments-tt.ignored+tt.streamIgnored
			}
			st := decodeFile(t, pcapOf(tt.packets...), regular)
			if st.ChecksumIgnored != ignored || st.BadChecksum != tt.wrong-ignored || st.Segments != good {
				t.Errorf("%s, a regular file %t: %+v", tt.name, regular, st)
			}
		}
	}
}
