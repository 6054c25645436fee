//go:build linux

package live

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkFile reads capture files with gor, printing a line per request to
// /dev/null, with a bare loop that reads the same records and decodes the same
// headers and does nothing else, and with tcpdump: three programs one after the
// other. It reports the CPU time of each per request, its start included, and
// the median of what gor took by what the loop took in the same turn.
func BenchmarkFile(b *testing.B) {
	needTools(b, "tcpdump")
	for _, r := range []recording{
		{name: "answered", conns: 20_000, requests: 20, answers: true},
		{name: "rough", conns: 20_000, requests: 18, answers: true, rough: true},
		{name: "20k", conns: 20_000, requests: 40},
		{name: "200k", conns: 200_000, requests: 4},
		{name: "800k", conns: 800_000, requests: 1},
	} {
		b.Run(r.name, func(b *testing.B) {
			file := filepath.Join(b.TempDir(), "load.pcap")
			if err := r.write(file); err != nil {
				b.Fatal(err)
			}
			count := float64(r.conns * r.requests)
			runs := []struct {
				name, role string
				args       []string
				want       string // on standard error
				cost       []float64
			}{
				{name: "bare", role: "bare loop", args: []string{"/proc/self/exe", file}, want: " segments"},
				{name: "gor", args: []string{gorBinary(b), "listen", "-p", "80", "--read", file, "--print", "--max-memory", "1GiB"},
					want: fmt.Sprintf("captured=%.0f sent=%.0f ", count, count)},
				{name: "tcpdump", args: []string{"tcpdump", "-Z", "root", "-r", file, "-w", os.DevNull, "tcp dst port 80"}, want: "reading"},
			}
			var ratios []float64
			for b.Loop() {
				for i := range runs {
					r := &runs[i]
					cmd := exec.Command(r.args[0], r.args[1:]...)
					asRole(r.role)(cmd)
					var errs strings.Builder
					cmd.Stderr = &errs
					if err := cmd.Run(); err != nil || !strings.Contains(errs.String(), r.want) {
						b.Fatalf("%s: %v, no %q: %s", r.name, err, r.want, errs.String())
					}
					r.cost = append(r.cost, (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
				}
				turn := len(ratios)
				ratios = append(ratios, runs[1].cost[turn]/runs[0].cost[turn])
			}
			b.ReportMetric(0, "ns/op") // of three programs together, says nothing
			for _, r := range runs {
				b.ReportMetric(median(r.cost)*1e9/count, r.name+"-ns/req")
			}
			b.ReportMetric(median(ratios), "gor/bare")
		})
	}
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

// bareLoop counts the segments with data to port 80 in a pcap file of Ethernet.
func bareLoop(file string, report io.Writer) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 256<<10)
	begin, end, found := 24, 0, 0
	for {
		if end-begin < 16 || end-begin < 16+int(binary.LittleEndian.Uint32(buf[begin+8:])) {
			begin, end = max(0, begin-end), copy(buf, buf[min(begin, end):end])
			n, err := f.Read(buf[end:])
			if errors.Is(err, io.EOF) {
				fmt.Fprintln(report, found, "segments")
				return nil
			}
			if err != nil {
				return err
			}
			end += n
			continue
		}
		packet := buf[begin+16 : begin+16+int(binary.LittleEndian.Uint32(buf[begin+8:]))]
		begin += 16 + len(packet)
		if len(packet) < 54 || binary.BigEndian.Uint16(packet[12:]) != 0x0800 || packet[23] != unix.IPPROTO_TCP {
			continue
		}
		ip := packet[14:]
		header, total := int(ip[0]&15)*4, int(binary.BigEndian.Uint16(ip[2:]))
		if total > len(ip) || header+20 > total {
			continue
		}
		tcp := ip[header:total]
		if binary.BigEndian.Uint16(tcp[2:]) == 80 && len(tcp) > int(tcp[12]>>4)*4 {
			found++
		}
	}
}

// A recording is a capture file of keep-alive GETs: in each round every
// connection has one request, in an order left to chance.
type recording struct {
	name     string
	conns    int
	requests int  // of each connection
	answers  bool // the server's packets are there, and the client's bare ones
	rough    bool // half of the requests are cut in two, 5 % of the pieces come late, 2 % again
}

func (r *recording) write(file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := &pcapRecorder{out: bufio.NewWriterSize(f, 1<<20), rng: rand.New(rand.NewPCG(1, 2)), step: max(1, 60e6/uint64(r.conns*r.requests*4)), rough: r.rough}
	w.out.Write(binary.LittleEndian.AppendUint32([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0}, 1))
	sent := make([]uint32, r.conns) // the client's next sequence number
	for round := range r.requests {
		for _, i := range w.rng.Perm(r.conns) {
			if round == 0 {
				sent[i] = w.rng.Uint32()
				w.client(i, sent[i], 0x02, nil) // SYN
				sent[i]++
			}
			request := fmt.Appendf(nil, "GET /v3/feed/timeline/%d HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n"+
				"Accept: text/html,application/json;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nCookie: sid=%016x%016x\r\n\r\n",
				w.rng.IntN(1e7), w.rng.Uint64(), w.rng.Uint64())
			rest := request
			if r.rough && w.rng.IntN(2) == 0 {
				cut := 1 + w.rng.IntN(len(request)-1)
				w.client(i, sent[i], 0x10, request[:cut])
				rest = request[cut:]
			}
			w.client(i, sent[i]+uint32(len(request)-len(rest)), 0x18, rest)
			sent[i] += uint32(len(request))
			if r.answers {
				w.server(i, 1000)
				w.client(i, sent[i], 0x10, nil)
			}
		}
	}
	w.flush(0)
	return w.out.Flush()
}

// A pcapRecorder writes packets one after the other, some of them late.
type pcapRecorder struct {
	out   *bufio.Writer
	rng   *rand.Rand
	rough bool
	now   uint64 // microseconds
	step  uint64
	late  [][]byte
}

func (w *pcapRecorder) client(i int, at uint32, flags byte, data []byte) {
	p := clientFrame(byte(i>>16), byte(i>>8), byte(i), at, flags, data)
	if w.rough && len(data) > 0 {
		switch n := w.rng.IntN(100); {
		case n < 5:
			w.late = append(w.late, p)
			return
		case n < 7:
			w.record(p)
		}
	}
	w.record(p)
	w.flush(3)
}

func (w *pcapRecorder) server(i, n int) {
	p := clientFrame(byte(i>>16), byte(i>>8), byte(i), 1, 0x18, make([]byte, n))
	copy(p[26:], []byte{192, 0, 2, 10, 10, byte(i >> 16), byte(i >> 8), byte(i)})
	copy(p[34:], []byte{0, 80, 0x9c, 0x40})
	w.record(p)
}

// flush writes what is late, but keeps the last ones.
func (w *pcapRecorder) flush(keep int) {
	for len(w.late) > keep {
		p := w.late[0]
		w.late = w.late[1:]
		w.record(p)
	}
}

func (w *pcapRecorder) record(p []byte) {
	w.now += w.step
	var header [16]byte
	binary.LittleEndian.PutUint32(header[:], uint32(1_700_000_000+w.now/1e6))
	binary.LittleEndian.PutUint32(header[4:], uint32(w.now%1e6))
	binary.LittleEndian.PutUint32(header[8:], uint32(len(p)))
	binary.LittleEndian.PutUint32(header[12:], uint32(len(p)))
	w.out.Write(header[:])
	w.out.Write(p)
}

// clientFrame is an Ethernet frame from 10.a.b.c, port 40000, to 192.0.2.10, port 80.
func clientFrame(a, b, c byte, at uint32, flags byte, data []byte) []byte {
	p := make([]byte, 54, 54+len(data))
	p[12], p[14], p[23] = 0x08, 0x45, unix.IPPROTO_TCP
	binary.BigEndian.PutUint16(p[16:], uint16(40+len(data)))
	copy(p[26:], []byte{10, a, b, c, 192, 0, 2, 10, 0x9c, 0x40, 0, 80})
	binary.BigEndian.PutUint32(p[38:], at)
	p[46], p[47], p[48] = 0x50, flags, 0xff
	return append(p, data...)
}
