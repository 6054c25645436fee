package reassembly

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"gor/capture"
)

// A tape is segments to push in a circle: each round continues the streams of
// the one before.
type tape struct {
	syn      capture.Segment // announces the one connection; zero: there is none
	segs     []capture.Segment
	step     uint32 // sequence numbers a round moves on by
	requests int
	bytes    int
}

// browserGet is about as long as what browsers send.
var browserGet = "GET /api/v1/users/1234567 HTTP/1.1\r\nHost: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n" +
	"Connection: keep-alive\r\nCookie: sid=" + strings.Repeat("0123456789abcdef", 8) + "\r\n\r\n"

// newTape has one request on each of n connections; rough cuts half of them in
// two, brings 5 % of the segments late, and 2 % twice.
func newTape(n int, request string, rough bool) *tape {
	r := rand.New(rand.NewPCG(1, 2))
	t := &tape{step: uint32(len(request)), requests: n, bytes: n * len(request)}
	for _, i := range r.Perm(n) {
		k := crowd(i)
		k.now = int64(len(t.segs)) * 1000
		if rough && r.IntN(2) == 0 {
			at := 1 + r.IntN(len(request)-1)
			t.segs = append(t.segs, k.data(request[:at]), k.data(request[at:]))
		} else {
			t.segs = append(t.segs, k.data(request))
		}
		if n := len(t.segs); rough && n > 10 {
			if r.IntN(20) == 0 {
				t.segs[n-1], t.segs[n-4] = t.segs[n-4], t.segs[n-1]
			}
			if r.IntN(50) == 0 {
				t.segs = append(t.segs, t.segs[n-2])
			}
		}
	}
	for i := range t.segs {
		t.segs[i].Time = int64(i) * 100
	}
	return t
}

// runAll plays it once, in batches as a capture file gives them.
func (t *tape) runAll(a *Assembler) {
	span := int64(len(t.segs)) * 100
	const size = 128
	for at := 0; at < len(t.segs); at += size {
		batch := t.segs[at:min(at+size, len(t.segs))]
		a.PushAll(batch)
		for i := range batch {
			batch[i].Seq += t.step
			batch[i].Time += span
		}
	}
}

// run plays the tape n times.
func (t *tape) run(push func(*capture.Segment), n int) {
	span := int64(len(t.segs)) * 100
	for range n {
		for i := range t.segs {
			s := &t.segs[i]
			push(s)
			s.Seq += t.step
			s.Time += span
		}
	}
}

func benchmarkTape(b *testing.B, t *tape, warm int) {
	b.Helper()
	a := New(Config{MaxMemory: 1 << 30, MaxRequest: 512 << 20}, func(*Request) Fate { return Sent })
	if t.syn.Time != 0 {
		a.Push(&t.syn)
	}
	t.run(a.Push, warm)
	before := a.Stats().Fates[Sent]
	rounds := 0
	b.SetBytes(int64(t.bytes))
	b.ReportAllocs()
	for b.Loop() {
		t.runAll(a)
		rounds++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rounds*t.requests), "ns/request")
	if got := a.Stats().Fates[Sent] - before; got < uint64(rounds*t.requests)*99/100 {
		b.Fatalf("%d of %d requests: %+v", got, rounds*t.requests, a.Stats())
	}
}

func BenchmarkPush(b *testing.B) {
	for _, rough := range []bool{false, true} {
		name := map[bool]string{false: "whole", true: "rough"}[rough]
		t := newTape(20_000, browserGet, rough)
		b.Run(name, func(b *testing.B) { benchmarkTape(b, t, 2) })
	}
	// What it costs to look at the same segments and to do nothing with them.
	b.Run("bare", func(b *testing.B) {
		t := newTape(20_000, browserGet, false)
		var sum uint64
		b.SetBytes(int64(t.bytes))
		rounds := 0
		for b.Loop() {
			t.run(func(s *capture.Segment) { sum += uint64(len(s.Payload)) + uint64(s.Seq) }, 1)
			rounds++
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rounds*t.requests), "ns/request")
	})
}

func BenchmarkConnections(b *testing.B) {
	for _, n := range []int{20_000, 200_000, 800_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkTape(b, newTape(n, get(1), false), 1) })
	}
}

// BenchmarkOpen is what a new connection costs that sends one request.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{20_000, 200_000, 800_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			const half = 64
			var batch [2 * half]capture.Segment
			request := []byte(get(1))
			rounds := 0
			for b.Loop() {
				a := New(Config{MaxMemory: 1 << 30}, func(*Request) Fate { return Sent })
				for i := range n {
					s := &batch[i%half]
					*s = capture.Segment{Time: 1 + int64(i)*1000, Src: endpoint(0, uint16(i)), Dst: endpoint(1, 80), Seq: uint32(i), Flags: capture.SYN}
					binary.BigEndian.PutUint32(s.Src.Addr[12:], uint32(i)*0x9e3779b1)
					d := &batch[half+i%half]
					*d = *s
					d.Seq, d.Flags, d.Payload = s.Seq+1, capture.ACK, request
					if i%half == half-1 {
						a.PushAll(batch[:])
					}
				}
				if got := a.Stats().Fates[Sent]; got != uint64(n/half*half) {
					b.Fatalf("%d of %d requests: %+v", got, n, a.Stats())
				}
				rounds++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rounds*n), "ns/connection")
		})
	}
}

// BenchmarkUpload copies each body once. Beyond that its cost per byte does not
// depend on the length: 4 MiB are copied within the cache, 64 MiB to memory.
func BenchmarkUpload(b *testing.B) {
	for _, mib := range []int{4, 64} {
		b.Run(fmt.Sprintf("%dMiB", mib), func(b *testing.B) {
			k := newClient(1, 1)
			size := mib << 20
			head := fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", size)
			t := &tape{segs: []capture.Segment{k.data(head)}, requests: 1, bytes: size, step: uint32(size + len(head))}
			part := strings.Repeat("u", 1<<14)
			for range size / len(part) {
				t.segs = append(t.segs, k.data(part))
			}
			benchmarkTape(b, t, 1)
		})
	}
}

// BenchmarkDrip has to cost the same per byte whatever the length.
func BenchmarkDrip(b *testing.B) {
	for _, kib := range []int{4, 16, 64} {
		b.Run(fmt.Sprintf("%dKiB", kib), func(b *testing.B) {
			request := "GET / HTTP/1.1\r\nX: " + strings.Repeat("d", kib<<10) + "\r\n\r\n"
			k := newClient(1, 1)
			t := &tape{syn: k.syn(), requests: 1, bytes: len(request), step: uint32(len(request))}
			for at := 0; at < len(request); at += 2 {
				t.segs = append(t.segs, k.data(request[at:min(at+2, len(request))]))
			}
			benchmarkTape(b, t, 1)
		})
	}
}
