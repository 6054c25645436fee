package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// records are n records of so many bytes of packet, a second apart.
func records(n, size int) (b []byte) {
	for i := range n {
		b = append(b, recordOf(int64(i)*1e9, size)...)
	}
	return b
}

func recordOf(at int64, size int) []byte {
	b := make([]byte, recordHeader+size)
	binary.LittleEndian.PutUint32(b, uint32(at/1e9))
	binary.LittleEndian.PutUint32(b[4:], uint32(at%1e9))
	binary.LittleEndian.PutUint32(b[8:], uint32(size))
	binary.LittleEndian.PutUint32(b[12:], uint32(size))
	return b
}

func unzip(t *testing.T, b []byte) []byte {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// contents reads all files of a folder, uncompressed and without their headers, one
// behind the other.
func contents(t *testing.T, dir string) (names []string, all []byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fileHeader()
	for _, e := range entries {
		names = append(names, e.Name())
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name(), ".gz") {
			b = unzip(t, b)
		}
		if !bytes.HasPrefix(b, want[:]) {
			t.Fatalf("%s has no header", e.Name())
		}
		all = append(all, b[len(want):]...)
	}
	return names, all
}

// writeAll writes to a reel in pieces of whole records.
func writeAll(t *testing.T, r *Reel, b []byte, piece int) {
	t.Helper()
	for len(b) > 0 {
		size, _, _ := wholeRecords(b, piece)
		if n, err := r.write(b[:size]); n != size || err != nil {
			t.Fatalf("%d of %d bytes: %v", n, size, err)
		}
		b = b[size:]
	}
}

func TestReel(t *testing.T) {
	const size = 84 + recordHeader // 100 bytes a record
	for _, tt := range []struct {
		name  string
		cfg   ReelConfig
		there []string // files that are there before, of 7 bytes each; with a + empty
		files []string // that are there behind it
		left  int      // records that are still there; -1: all
		warn  string
	}{
		{name: "one file", cfg: ReelConfig{Path: "a.pcap"}, files: []string{"a.pcap"}, left: -1},
		{name: "an empty one is no recording", cfg: ReelConfig{Path: "a.pcap"}, there: []string{"+a.pcap"}, files: []string{"a.pcap"}, left: -1},
		{name: "a name that is taken", cfg: ReelConfig{Path: "a.pcap"}, there: []string{"a.pcap"}, files: []string{"a-00001.pcap", "a.pcap"}, left: -1, warn: "a-00001.pcap"},
		{name: "and again", cfg: ReelConfig{Path: "a.pcap.gz"}, there: []string{"a.pcap.gz", "a-00007.pcap.gz", "a-00002.pcap"}, files: []string{"a-00002.pcap", "a-00007.pcap.gz", "a-00008.pcap.gz", "a.pcap.gz"}, left: -1, warn: "a-00008.pcap.gz"},
		{name: "by size", cfg: ReelConfig{Path: "a.pcap", Size: 24 + 30*size}, files: []string{"a-00001.pcap", "a-00002.pcap", "a-00003.pcap", "a-00004.pcap"}, left: -1},
		{name: "by a size that records do not fill", cfg: ReelConfig{Path: "a", Size: 23 + 51*size}, files: []string{"a-00001", "a-00002"}, left: -1},
		{name: "by a size that a record exceeds", cfg: ReelConfig{Path: "a", Size: 30, Keep: 3}, files: []string{"a-00098", "a-00099", "a-00100"}, left: 3},
		{name: "by age", cfg: ReelConfig{Path: "a.pcap", Age: 40 * time.Second}, files: []string{"a-00001.pcap", "a-00002.pcap", "a-00003.pcap"}, left: -1},
		{name: "by either", cfg: ReelConfig{Path: "a", Age: 40 * time.Second, Size: 24 + 30*size}, files: []string{"a-00001", "a-00002", "a-00003", "a-00004"}, left: -1},
		{name: "some are kept", cfg: ReelConfig{Path: "a", Size: 24 + 10*size, Keep: 2}, files: []string{"a-00009", "a-00010"}, left: 20},
		{name: "some bytes are kept", cfg: ReelConfig{Path: "a", Size: 24 + 10*size, KeepBytes: 25 * size}, files: []string{"a-00009", "a-00010"}, left: 20},
		{name: "of an earlier run", cfg: ReelConfig{Path: "a", Size: 24 + 50*size, Keep: 3}, there: []string{"a-00041", "a-00042", "a-9", "b-00001", "a-00043.gz"},
			files: []string{"a-00042", "a-00043", "a-00043.gz", "a-00044", "a-9", "b-00001"}, left: -1},
		{name: "compressed, by age", cfg: ReelConfig{Path: "a.gz", Age: 50 * time.Second, Keep: 1}, files: []string{"a-00002.gz"}, left: 50},
	} {
		for _, piece := range []int{size, 10 * size, 1 << 20} {
			dir := t.TempDir()
			for _, name := range tt.there {
				name, isEmpty := strings.CutPrefix(name, "+")
				h := fileHeader()
				if isEmpty {
					h = [24]byte{}
				}
				content := h[:]
				if isEmpty {
					content = nil
				} else if strings.HasSuffix(name, ".gz") {
					content = zipped(content)
				}
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var log bytes.Buffer
			cfg := tt.cfg
			cfg.Path, cfg.Logger = filepath.Join(dir, cfg.Path), slog.New(slog.NewTextHandler(&log, nil))
			r, err := OpenReel(cfg)
			if err != nil {
				t.Fatal(err)
			}
			all := records(100, size-recordHeader)
			writeAll(t, r, all, piece)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			names, got := contents(t, dir)
			want := all
			if tt.left >= 0 {
				want = all[len(all)-tt.left*size:]
			}
			slices.Sort(names)
			if !slices.Equal(names, tt.files) || !bytes.Equal(got, want) {
				t.Errorf("%s, in pieces of %d: %q, %d records, want %q, %d", tt.name, piece, names, len(got)/size, tt.files, len(want)/size)
			}
			if (tt.warn != "") != (log.Len() > 0) || !strings.Contains(log.String(), tt.warn) {
				t.Errorf("%s: log %q", tt.name, log.String())
			}
			if begun, removed := r.files(); begun == 0 || int(begun)+len(tt.there)-strings.Count(strings.Join(tt.there, ""), "+")-int(removed) != len(tt.files) {
				t.Errorf("%s: %d begun, %d removed", tt.name, begun, removed)
			}
		}
	}
}

// TestReelSize: whatever is recorded, no file is larger than it may be, unless a
// single record is, and nothing is missing.
func TestReelSize(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		dir, limit := t.TempDir(), int64(5000+rng.IntN(20_000))
		name := []string{"a.pcap", "a.pcap.gz"}[seed%2]
		r, err := OpenReel(ReelConfig{Path: filepath.Join(dir, name), Size: limit})
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for range 200 {
			var b []byte
			for i := range 1 + rng.IntN(5) {
				record := recordOf(int64(i), rng.IntN(900))
				for k := recordHeader; k < len(record); k++ {
					record[k] = byte(rng.Uint32() >> (8 * (seed % 3)) & 0xff) // as hard to compress as can be
				}
				b = append(b, record...)
			}
			writeAll(t, r, b, len(b))
			all = append(all, b...)
		}
		r.Close()
		names, got := contents(t, dir)
		if !bytes.Equal(got, all) || len(names) < 2 {
			t.Errorf("seed %d: %d bytes in %d files, want %d", seed, len(got), len(names), len(all))
		}
		for _, name := range names {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() > limit {
				t.Errorf("seed %d: %s has %d bytes, limit %d: %v", seed, name, info.Size(), limit, err)
			}
		}
	}
}

// TestReelFails: what keeps the next file from being made ends the recording, and
// what was written stays.
func TestReelFails(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReel(ReelConfig{Path: filepath.Join(dir, "nosuch", "a")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenReel(ReelConfig{Path: filepath.Join(dir, "folder")}); err == nil {
		t.Error("a folder was taken for a file")
	}
	r, err := OpenReel(ReelConfig{Path: filepath.Join(dir, "a"), Size: 24 + 3*100})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a-00003"), []byte("somebody else's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := r.write(records(10, 84)); n != 6*100 || !errors.Is(err, os.ErrExist) {
		t.Errorf("%d bytes, %v", n, err)
	}
	r.Close()
	if b, _ := os.ReadFile(filepath.Join(dir, "a-00003")); string(b) != "somebody else's" {
		t.Errorf("overwritten: %q", b)
	}
}

// TestReelMoved: a folder that was moved meanwhile is still the one that is
// written to.
func TestReelMoved(t *testing.T) {
	dir := t.TempDir()
	before, behind := filepath.Join(dir, "before"), filepath.Join(dir, "behind")
	if err := os.Mkdir(before, 0o700); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReel(ReelConfig{Path: filepath.Join(before, "a"), Size: 24 + 100})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(before, behind); err != nil {
		t.Skip("an open folder cannot be moved here:", err)
	}
	writeAll(t, r, records(3, 84), 100)
	r.Close()
	if names, got := contents(t, behind); len(names) != 3 || len(got) != 300 {
		t.Errorf("%q, %d bytes", names, len(got))
	}
}

// TestStripCompressed: at whatever byte a compressed recording is cut, what can be
// read of it is whole records, all but those of the last member.
func TestStripCompressed(t *testing.T) {
	var file bytes.Buffer
	s, err := NewStrip(&file, true)
	if err != nil {
		t.Fatal(err)
	}
	ends := []int{file.Len()} // of the members
	for i := range 5 {
		if n, err := s.write(records(1+i, 30)); err != nil || n != (1+i)*46 {
			t.Fatal(n, err)
		}
		ends = append(ends, file.Len())
	}
	for n := ends[0]; n <= file.Len(); n++ {
		src, err := OpenFile(bytes.NewReader(file.Bytes()[:n]))
		if err != nil {
			t.Fatal(err)
		}
		d, segs := NewDecoder(DecoderConfig{}), make([]Segment, 8)
		for err == nil {
			_, err = src.Next(d, segs)
		}
		members, least := 0, 0
		for ends[members] < n {
			members++
			least += members
		}
		if ends[members] > n {
			least -= members
		}
		if got := int(src.Stats().Packets); !errors.Is(err, io.EOF) || got < least {
			t.Fatalf("cut at %d: %v, %d packets, want %d", n, err, got, least)
		}
		if whole := slices.Contains(ends, n); src.Faults().Cut == whole {
			t.Errorf("cut at %d: %+v", n, src.Faults())
		}
	}
}

func TestLinkTypes(t *testing.T) {
	for link, want := range map[LinkType]string{LinkEthernet: "1", 127: "127 (802.11 with radiotap headers)", 9999: "9999"} {
		if link.String() != want {
			t.Errorf("%q, want %q", fmt.Sprint(link), want)
		}
	}
	if d := NewDecoder(DecoderConfig{}); d == nil || LinkType(127).known() || !LinkRaw.known() {
		t.Error("known types are wrong")
	}
}
