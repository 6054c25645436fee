package recording

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gor/capture"
)

// BenchmarkLines is what a request costs that a list holds.
func BenchmarkLines(b *testing.B) {
	text := strings.Repeat(line(1, get(strings.Repeat("x", 300)), `,"conn":"0b9a8c7d6e5f4a3b","index":7,"user":"0b9a8c7d6e5f4a3b","host":"a","client":"10.0.0.1:4000","server":"10.0.0.2:80","method":"GET","target":"/xxxxxxxxxxxxxxxxx","proto":"HTTP/1.1","body_bytes":0`), 1000)
	benchmark(b, []byte(text), 1000)
}

// BenchmarkPackets is what a packet costs, up to its segment.
func BenchmarkPackets(b *testing.B) {
	var packets []packet
	for i := range 1000 {
		packets = append(packets, packet{float64(i), 1, uint32(i), get(strings.Repeat("x", 300))})
	}
	benchmark(b, pcap(packets...), 1000)
}

// benchmark reads a file of so many packets or requests again and again.
func benchmark(b *testing.B, content []byte, n int) {
	name := filepath.Join(folder(b, map[string][]byte{"file": content}), "file")
	d, segs := capture.NewDecoder(capture.DecoderConfig{AnyPort: true}), make([]capture.Segment, 128)
	b.ReportAllocs()
	for done := 0; done < b.N; done += n {
		s, err := Open(Config{Names: []string{name}, MaxRequest: 1 << 20})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = s.Next(d, segs)
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
	}
	_ = os.Remove(name)
}
