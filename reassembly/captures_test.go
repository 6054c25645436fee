package reassembly

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gor/capture"
)

var update = flag.Bool("update", false, "write the captures anew")

// frame is s as an Ethernet frame of at least 60 bytes: what is shorter is
// padded with bytes that are no part of the segment.
func frame(s capture.Segment) []byte {
	total := 20 + 20 + len(s.Payload)
	b := make([]byte, 14, 14+total)
	b[12], b[13] = 0x08, 0x00
	b = append(b, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(total))
	b = append(b, 0, 1, 0x40, 0, 64, 6, 0, 0)
	b = append(append(b, s.Src.Addr[12:]...), s.Dst.Addr[12:]...)
	b = binary.BigEndian.AppendUint16(b, s.Src.Port)
	b = binary.BigEndian.AppendUint16(b, s.Dst.Port)
	b = binary.BigEndian.AppendUint32(b, s.Seq)
	b = binary.BigEndian.AppendUint32(b, s.Ack)
	b = append(b, 0x50, byte(s.Flags), 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, s.Payload...)
	for len(b) < 60 {
		b = append(b, 'P')
	}
	return b
}

// pcapFile is a capture of the segments.
func pcapFile(segments []capture.Segment) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for _, s := range segments {
		f := frame(s)
		b = binary.LittleEndian.AppendUint32(b, uint32(s.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.Time%1e9/1e3))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// TestCaptures reads one small recording for each thing that listeners are
// known to get wrong.
func TestCaptures(t *testing.T) {
	long := "GET /" + strings.Repeat("x", 3000) + " HTTP/1.1\r\nHost: a\r\n\r\n"
	zeros := post(1, strings.Repeat("\x00", 1000))
	for _, tt := range []struct {
		name string
		isn  uint32
		make func(c *client) []capture.Segment
		want []string
	}{
		{"ack_changes_inside", 1000, func(c *client) []capture.Segment {
			a, b := c.data(post(1, "hello world")[:40]), c.data(post(1, "hello world")[40:])
			b.Ack = 4711
			return []capture.Segment{a, b}
		}, []string{post(1, "hello world")}},
		{"sequence_wraps", 0xffffffff - 30, func(c *client) []capture.Segment {
			p := post(1, strings.Repeat("wrap", 20))
			return []capture.Segment{c.data(p[:20]), c.data(p[20:50]), c.data(p[50:]), c.data(get(2))}
		}, []string{post(1, strings.Repeat("wrap", 20)), get(2)}},
		{"zero_bytes_only", 1000, func(c *client) []capture.Segment {
			head := len(zeros) - 1000
			return []capture.Segment{c.data(zeros[:head]), c.data(zeros[head : head+500]), c.data(zeros[head+500:]), c.data(get(2))}
		}, []string{zeros, get(2)}},
		{"overlapping_retransmission", 1000, func(c *client) []capture.Segment {
			p := post(1, "0123456789")
			start := c.seq
			a, b := c.data(p[:30]), c.data(p[30:])
			again := c.at(start+10, capture.ACK, p[10:45]) // other boundaries, partly new
			return []capture.Segment{a, again, b, c.data(get(2))}
		}, []string{post(1, "0123456789"), get(2)}},
		{"padded_short_frame", 1000, func(c *client) []capture.Segment {
			return []capture.Segment{c.data("GET / HTT"), c.data("P/1.1\r\n"), c.data("\r\n"), c.data(get(2))}
		}, []string{"GET / HTTP/1.1\r\n\r\n", get(2)}},
		{"two_gets_in_one_segment", 1000, func(c *client) []capture.Segment {
			return []capture.Segment{c.data(get(1) + get(2))}
		}, []string{get(1), get(2)}},
		{"purge", 1000, func(c *client) []capture.Segment {
			return []capture.Segment{c.data("PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n")}
		}, []string{"PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n"}},
		{"request_line_longer_than_a_segment", 1000, func(c *client) []capture.Segment {
			return []capture.Segment{c.data(long[:1448]), c.data(long[1448:2896]), c.data(long[2896:])}
		}, []string{long}},
		{"segment_ends_like_a_last_chunk", 1000, func(c *client) []capture.Segment {
			p := post(1, "abc0\r\n\r\ndef")
			cut := strings.Index(p, "def")
			return []capture.Segment{c.data(p[:cut]), c.data(p[cut:]), c.data(get(2))}
		}, []string{post(1, "abc0\r\n\r\ndef"), get(2)}},
		{"chunk_terminator_cut_in_two", 1000, func(c *client) []capture.Segment {
			p := chunked(1, "hello", "world")
			return []capture.Segment{c.data(p[:len(p)-3]), c.data(p[len(p)-3:]), c.data(get(2))}
		}, []string{chunked(1, "hello", "world"), get(2)}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join("..", "testdata", "pcaps", tt.name+".pcap")
			c := newClient(40000, tt.isn)
			made := pcapFile(append([]capture.Segment{c.syn()}, append(tt.make(c), c.fin())...))
			if *update {
				if err := os.WriteFile(name, made, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(file, made) {
				t.Error("the recording is not what the test makes: run with -update")
			}
			got := newCollector(Config{})
			read(t, file, got)
			same(t, got.requests, tt.want)
			if s := got.Stats(); s.Captured != uint64(len(tt.want)) {
				t.Errorf("%d captured, want %d", s.Captured, len(tt.want))
			}
		})
	}
}

// read feeds a capture file through the decoder to the end.
func read(t testing.TB, file []byte, c *collector) {
	t.Helper()
	src, err := capture.OpenFile(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	dec := capture.NewDecoder(capture.DecoderConfig{Ports: []uint16{80}})
	var segs [7]capture.Segment
	for {
		n, err := src.Next(dec, segs[:])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range segs[:n] {
			c.Push(&segs[i])
		}
	}
	c.finish(t)
}
