package recording

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gor/capture"
)

// TestOrder: whatever files hold what, all comes in the order of time.
func TestOrder(t *testing.T) {
	a, b, c := get("a"), get("b"), get("c")
	dir := folder(t, map[string][]byte{
		"one.pcap":      pcap(packet{1, 1, 1, a}, packet{4, 1, 50, a}, packet{4.5, 1, 90, a}),
		"two.pcapng.gz": zip(pcapng(packet{2, 2, 1, b}, packet{4.25, 2, 50, b}, packet{9, 2, 90, b})),
		"lines":         []byte(line(1.5, c, "") + "\n" + line(4.125, c, "") + line(20, c, "")),
		"later":         zip(pcap(packet{5, 4, 1, a}, packet{6, 4, 50, a})),
	})
	want := []item{{1, a}, {1.5, c}, {2, b}, {4, a}, {4.125, c}, {4.25, b}, {4.5, a}, {5, a}, {6, a}, {9, b}, {20, c}}
	for _, names := range [][]string{
		under(dir, "one.pcap", "two.pcapng.gz", "lines", "later"),
		under(dir, "later", "lines", "two.pcapng.gz", "one.pcap"),
		under(dir, "*"),
		append(under(dir, "o*", "*.gz"), append(under(dir, "l*", "one.pcap"), dir+"/./lines")...), // each once
	} {
		got, log, s, err := drain(t, Config{Names: names})
		if err != nil || log != "" || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, log %q", names, got, err, log)
			continue
		}
		if st := s.Stats(); st != (Stats{Files: 4, Lines: 3}) {
			t.Errorf("%+v", st)
		}
		if read, total := s.Progress(); read != total || total == 0 {
			t.Errorf("%d of %d bytes", read, total)
		}
	}
}

// TestOrderRandom: of files that are in order each, all comes in order, and nothing
// is missing.
func TestOrderRandom(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		files, want := map[string][]byte{}, []item{}
		for i := range 1 + rng.IntN(8) {
			var packets []packet
			at := float64(rng.IntN(50))
			for n := range rng.IntN(40) {
				at += float64(rng.IntN(5)) / 4
				p := packet{at, uint16(1 + i), uint32(1 + 100*n), fmt.Sprintf("%d %d", i, n)}
				packets = append(packets, p)
				want = append(want, item{at, p.payload})
			}
			content := pcap(packets...)
			if rng.IntN(2) == 0 {
				content = pcapng(packets...)
			}
			files[fmt.Sprint(i)] = content
		}
		got, _, _, err := drain(t, Config{Names: under(folder(t, files), "*")})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(got, func(a, b item) int { return int(4*a.at) - int(4*b.at) }) {
			t.Fatalf("seed %d: not in order: %v", seed, got)
		}
		less := func(a, b item) int { return strings.Compare(a.text, b.text) }
		slices.SortFunc(got, less)
		if slices.SortFunc(want, less); !slices.Equal(got, want) {
			t.Fatalf("seed %d: %d of %d", seed, len(got), len(want))
		}
	}
}

// TestBackwards: a packet that is earlier than those before it in its file stays
// behind them, and holds nothing of other files back.
func TestBackwards(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"a": pcap(packet{10, 1, 1, "1"}, packet{3, 1, 2, "2"}, packet{12, 1, 3, "3"}),
		"b": pcap(packet{5, 2, 1, "4"}, packet{11, 2, 2, "5"}),
	})
	got, _, _, err := drain(t, Config{Names: under(dir, "a", "b")})
	if want := []item{{5, "4"}, {10, "1"}, {3, "2"}, {11, "5"}, {12, "3"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestOpenFiles: only those are open that overlap in time, and these only so many.
func TestOpenFiles(t *testing.T) {
	files := map[string][]byte{}
	for i := range maxOpen + 10 {
		files[fmt.Sprintf("%04d", i)] = pcap(packet{float64(10 * i), 1, uint32(i), "x"}, packet{float64(10*i + 8), 1, uint32(i), "y"})
	}
	got, _, _, err := drain(t, Config{Names: under(folder(t, files), "*")})
	if err != nil || len(got) != 2*len(files) {
		t.Fatalf("%d, %v", len(got), err)
	}
	for name := range files {
		files[name] = pcap(packet{1, 1, 1, "x"}, packet{2, 1, 1, "y"})
	}
	if _, _, _, err = drain(t, Config{Names: under(folder(t, files), "*")}); err == nil || !strings.Contains(err.Error(), "overlap in time") {
		t.Errorf("too many at once: %v", err)
	}
}

// TestFaults: each file with a fault is named once, in a line that says what is
// wrong; what is whole of it is read.
func TestFaults(t *testing.T) {
	good := pcap(packet{1, 1, 1, get("1")}, packet{2, 1, 100, get("2")}, packet{3, 1, 200, get("3")})
	hello := "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"
	unknown := append(header(147), good[24:]...)
	for _, tt := range []struct {
		name string
		file []byte
		n    int    // what is read of it
		warn string // "": nothing
		fail string // the error of reading it
	}{
		{name: "good", file: good, n: 3},
		{name: "cut", file: good[:len(good)-5], n: 2, warn: "cut short"},
		{name: "cut in a record's header", file: good[:len(good)-len(get("3"))-50], n: 2, warn: "cut short"},
		{name: "compressed, cut", file: zip(good)[:len(zip(good))-20], n: 2, warn: "cut short"},
		{name: "compressed, cut in its trailer", file: zip(good)[:len(zip(good))-4], n: 3, warn: "cut short"},
		{name: "two in one", file: append(slices.Clone(good), pcap(packet{9, 2, 1, get("9")})...), n: 4, warn: "2 capture files in one"},
		{name: "another kind behind", file: append(slices.Clone(good), pcapng(packet{9, 2, 1, get("9")})...), n: 4, warn: "2 capture files in one"},
		{name: "pcap behind pcapng", file: append(pcapng(packet{9, 2, 1, get("9")}), good...), n: 4, warn: "2 capture files in one"},
		{name: "two compressed in one", file: append(zip(good), zip(good)...), n: 6, warn: "2 capture files in one"},
		{name: "an unknown link type", file: unknown, warn: "3 of its 3 packets are of link type 147"},
		{name: "radiotap", file: append(header(127), good[24:]...), warn: "link type 127 (802.11 with radiotap headers)"},
		{name: "no packets", file: header(capture.LinkRaw), warn: "no packets"},
		{name: "no HTTP", file: pcap(packet{1, 1, 1, "EHLO x\r\n"}), n: 1, warn: "no HTTP request begins in it"},
		{name: "TLS", file: pcap(packet{1, 1, 1, hello}), n: 1, warn: "carries TLS"},
		{name: "damaged", file: append(slices.Clone(good), bytes.Repeat([]byte{0xff}, 16)...), n: 3, fail: "damaged"},
		{name: "compressed, damaged", file: append(zip(good), "this is not compressed"...), n: 3, fail: "gzip: invalid header"},
		{name: "lines that are none", file: []byte(line(1, "x", "") + "nonsense\n{}\n" + line(2, "y", "")), n: 2, warn: "line 2 is no request: not JSON"},
		{name: "lines, compressed, cut", file: zip([]byte(line(1, "x", "") + strings.Repeat("z", 99)))[:80], n: 1, warn: "cut short"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := folder(t, map[string][]byte{"file": tt.file, "other": pcap(packet{100, 9, 1, get("x")})})
			name := filepath.Join(dir, "file")
			got, log, s, err := drain(t, Config{Names: under(dir, "file", "other")})
			if len(got) != tt.n+1 {
				t.Errorf("%d, want %d: %v", len(got)-1, tt.n, got)
			}
			warned, failed := tt.warn != "", tt.fail != ""
			if failed != (err != nil) || failed && (!strings.Contains(err.Error(), tt.fail) || !strings.HasPrefix(err.Error(), name+": ")) {
				t.Errorf("error %v, want %q", err, tt.fail)
			}
			if warned != strings.Contains(log, name+": ") || !strings.Contains(log, tt.warn) {
				t.Errorf("log %q lacks %q", log, tt.warn)
			}
			if n := strings.Count(log, "\n"); n > 1 && !strings.Contains(tt.name, "lines that are none") {
				t.Errorf("%d lines: %s", n, log)
			}
			if st := s.Stats(); failed != (st.Damaged == 1) {
				t.Errorf("%+v", st)
			}
		})
	}
}

// TestPorts: a file without a request on the ports that were asked for says which
// these are.
func TestPorts(t *testing.T) {
	dir := folder(t, map[string][]byte{"file": pcap(packet{1, 1, 1, get("1")})})
	_, log, _, err := drain(t, Config{Names: under(dir, "file"), Ports: []uint16{81, 443}, PortFlag: "server-port"})
	if err != nil || !strings.Contains(log, "no HTTP request begins in it on port 81,443 (--server-port)") {
		t.Errorf("%v, log %q", err, log)
	}
}

// TestOpen: what cannot be read at all is an error before anything is.
func TestOpen(t *testing.T) {
	dir := folder(t, map[string][]byte{
		"good": pcap(packet{1, 1, 1, "x"}), "text": []byte("hello, world"), "array": []byte(`[{"raw":""}]`),
		"short": {0xd4, 0xc3, 0xb2, 0xa1, 2}, "empty": nil, "blank": []byte(" \n \n"), "zipped": []byte("\x1f\x8bnonsense"),
		"odd[1]": pcap(packet{1, 1, 1, "y"}), "nothing.gz": zip(nil),
	})
	for _, tt := range []struct {
		names []string
		want  []string // parts of the error
	}{
		{under(dir, "good"), nil},
		{under(dir, "odd[1]"), nil},
		{under(dir, "good", "empty", "nothing.gz"), nil},
		{under(dir, "text"), []string{"text: neither a capture file"}},
		{under(dir, "good", "array"), []string{"array: a JSON array", "jq -c"}},
		{under(dir, "blank"), []string{"blank: neither"}},
		{under(dir, "empty", "nothing.gz"), []string{"nothing in it"}},
		{under(dir, "zipped"), []string{"zipped: gzip"}},
		{under(dir, "text", "nosuch", "no*such", "[", "good"), []string{"no file matches", "syntax error"}},
		{under(dir, "text", "nosuch", "good"), []string{"text: neither", "nosuch: no such file"}},
		{[]string{dir}, []string{"is a folder", dir + "/*"}},
	} {
		s, err := Open(Config{Names: tt.names})
		if (err == nil) != (tt.want == nil) {
			t.Errorf("%q: %v", tt.names, err)
		}
		for _, want := range tt.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v lacks %q", tt.names, err, want)
			}
		}
		if s != nil {
			s.Close()
		}
	}
	if _, _, _, err := drain(t, Config{Names: under(dir, "short")}); err == nil {
		t.Error("a header that is cut was taken")
	}
}

// TestStdin: standard input may be anything, and goes along with files.
func TestStdin(t *testing.T) {
	dir := folder(t, map[string][]byte{"file": pcap(packet{2, 1, 1, "b"})})
	for name, in := range map[string][]byte{
		"pcap": pcap(packet{1, 2, 1, "a"}, packet{3, 2, 2, "c"}), "pcapng": pcapng(packet{1, 2, 1, "a"}, packet{3, 2, 2, "c"}),
		"compressed": zip(pcap(packet{1, 2, 1, "a"}, packet{3, 2, 2, "c"})), "lines": []byte(line(1, "a", "") + line(3, "c", "")),
		"compressed lines": zip([]byte(line(1, "a", "") + line(3, "c", ""))),
	} {
		got, log, _, err := drain(t, Config{Names: append(under(dir, "file"), Stdin), Stdin: io.MultiReader(bytes.NewReader(in))})
		if want := []item{{1, "a"}, {2, "b"}, {3, "c"}}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v, log %q", name, got, err, log)
		}
	}
	if _, log, _, err := drain(t, Config{Names: []string{Stdin}, Stdin: strings.NewReader("")}); err != nil || !strings.Contains(log, "it is empty") {
		t.Errorf("empty: %v, log %q", err, log)
	}
	if _, _, _, err := drain(t, Config{Names: []string{Stdin}, Stdin: strings.NewReader("nonsense")}); err == nil || !strings.HasPrefix(err.Error(), "-: neither") {
		t.Errorf("nonsense: %v", err)
	}
}

// TestPipe: what comes through a pipe is there when it comes, and a pipe that is
// silent is waited for only when its turn comes.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s, err := Open(Config{Names: []string{Stdin}, Stdin: r, MaxRequest: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, segs := capture.NewDecoder(capture.DecoderConfig{AnyPort: true}), make([]capture.Segment, 4)
	if s.Ready() {
		t.Error("ready before anything came")
	}
	for i := range 3 {
		fmt.Fprint(w, line(float64(i), "a", ""))
		if n, err := s.Next(d, segs); n != 0 || err != nil || s.Listed() == nil || s.Listed().Time != int64(i)*second {
			t.Fatalf("%d, %v, %+v", n, err, s.Listed())
		}
		if s.Ready() {
			t.Error("ready, but nothing is there")
		}
	}
	fmt.Fprint(w, line(4, "a", "")+line(5, "a", ""))
	w.Close()
	s.Next(d, segs)
	if !s.Ready() {
		t.Error("not ready, but a line is there")
	}
	s.Next(d, segs)
	if _, err := s.Next(d, segs); err != io.EOF || s.Listed() != nil {
		t.Errorf("at the end: %v", err)
	}
}
