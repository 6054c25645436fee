package recording

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"gor/capture"
)

const second = 1_000_000_000

// A packet is one that a test's capture file holds: a segment from a port of
// 10.0.0.1 to port 80 of 10.0.0.2, seen at a second.
type packet struct {
	at      float64
	port    uint16
	seq     uint32
	payload string
}

func (p packet) bytes() []byte {
	b := make([]byte, 40, 40+len(p.payload))
	b[0], b[8], b[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(b[2:], uint16(40+len(p.payload)))
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	binary.BigEndian.PutUint16(b[20:], p.port)
	binary.BigEndian.PutUint16(b[22:], 80)
	binary.BigEndian.PutUint32(b[24:], p.seq)
	b[32], b[33], b[34] = 5<<4, byte(capture.ACK|capture.PSH), 0xff
	return append(b, p.payload...) // a checksum of zero waits for a network card
}

// header is that of a pcap file with nanoseconds and a link type.
func header(link capture.LinkType) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	b = binary.LittleEndian.AppendUint32(b, 4<<16|2)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 1<<18)
	return binary.LittleEndian.AppendUint32(b, uint32(link))
}

func record(p packet) []byte {
	data, at := p.bytes(), int64(p.at*second)
	b := binary.LittleEndian.AppendUint32(nil, uint32(at/second))
	b = binary.LittleEndian.AppendUint32(b, uint32(at%second))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func pcap(packets ...packet) []byte {
	b := header(capture.LinkRaw)
	for _, p := range packets {
		b = append(b, record(p)...)
	}
	return b
}

// pcapng is a pcapng file with microseconds.
func pcapng(packets ...packet) []byte {
	block := func(kind uint32, body []byte) []byte {
		size := uint32(12 + (len(body)+3)&^3)
		b := binary.LittleEndian.AppendUint32(nil, kind)
		b = binary.LittleEndian.AppendUint32(b, size)
		b = append(append(b, body...), make([]byte, int(size)-12-len(body))...)
		return binary.LittleEndian.AppendUint32(b, size)
	}
	words := func(all ...uint32) (b []byte) {
		for _, w := range all {
			b = binary.LittleEndian.AppendUint32(b, w)
		}
		return b
	}
	b := block(0x0a0d0d0a, words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff))
	b = append(b, block(1, words(uint32(capture.LinkRaw), 0))...)
	for _, p := range packets {
		data, at := p.bytes(), uint64(p.at*1e6)
		b = append(b, block(6, append(words(0, uint32(at>>32), uint32(at), uint32(len(data)), uint32(len(data))), data...))...)
	}
	return b
}

// get is a request, and packets of one connection each that hold it.
func get(name string) string { return "GET /" + name + " HTTP/1.1\r\nHost: a\r\n\r\n" }

func line(at float64, raw, more string) string {
	seconds := int64(at)
	return fmt.Sprintf(`{"time":"1970-01-01T00:%02d:%02d.%09dZ"%s,"raw":"%s"}`+"\n",
		seconds/60, seconds%60, int64((at-float64(seconds))*second), more, base64.StdEncoding.EncodeToString([]byte(raw)))
}

func zip(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// folder writes files into one of the test's own and returns its path.
func folder(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// under makes paths of names.
func under(dir string, names ...string) (paths []string) {
	for _, name := range names {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

// An item is what a Set has: when it was seen, and what was said.
type item struct {
	at   float64
	text string
}

// drain reads a Set to its end.
func drain(t testing.TB, cfg Config) (got []item, log string, s *Set, err error) {
	t.Helper()
	var said bytes.Buffer
	cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
	cfg.MaxRequest = 1 << 20
	if s, err = Open(cfg); err != nil {
		return nil, said.String(), nil, err
	}
	d := capture.NewDecoder(capture.DecoderConfig{Ports: cfg.Ports, AnyPort: cfg.Ports == nil})
	segs := make([]capture.Segment, 4)
	for err == nil {
		var n int
		n, err = s.Next(d, segs)
		for _, seg := range segs[:n] {
			got = append(got, item{float64(seg.Time) / second, string(seg.Payload)})
		}
		if l := s.Listed(); l != nil {
			got = append(got, item{float64(l.Time) / second, string(l.Raw)})
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if cerr := s.Close(); cerr != nil {
		t.Error(cerr)
	}
	return got, said.String(), s, err
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
