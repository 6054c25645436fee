package forward

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// typical is a browser's request.
var typical = []byte("GET /api/v1/items/000042?expand=owner&page=7 HTTP/1.1\r\nHost: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n" +
	"Referer: https://www.example.com/catalog/index.html\r\nCache-Control: no-cache\r\n" +
	"X-Forwarded-For: 203.0.113.7, 10.0.0.3\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n")

// BenchmarkForward compares the whole path from Submit to the answer's end with
// a bare loop of RoundTrip over requests made beforehand, both with 64
// connections to a server in another process. What counts is cpu-us/op, the
// CPU time of this process per request.
func BenchmarkForward(b *testing.B) {
	const conns = 64
	b.Run("gor", func(b *testing.B) {
		addr := fastServer(b).addr
		f, err := New(Config{Targets: []TargetSpec{{URL: "http://" + addr}}, Concurrency: conns, Buffer: 1 << 16})
		if err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { f.Run(b.Context()) })
		report := startCPU(b)
		for i := range b.N {
			f.Submit(&Request{Conn: uint64(i%1000) << 32, Raw: typical})
			if i%100 == 0 {
				for f.Load() > .01 {
					time.Sleep(100 * time.Microsecond)
				}
			}
		}
		f.Close()
		wg.Wait()
		report()
		if s := f.Stats()[0]; s.Answered != uint64(b.N) {
			b.Fatalf("%s", AppendLine(nil, f.Stats()))
		}
	})
	b.Run("nethttp", func(b *testing.B) {
		addr := fastServer(b).addr
		tr := &http.Transport{MaxIdleConnsPerHost: conns, DisableCompression: true}
		defer tr.CloseIdleConnections()
		var n atomic.Int64
		var wg sync.WaitGroup
		report := startCPU(b)
		for range conns {
			wg.Go(func() {
				hreq := &http.Request{
					Method: "GET", URL: &url.URL{Scheme: "http", Host: addr, Opaque: "/api/v1/items/000042?expand=owner&page=7"}, Host: "www.example.com",
					Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: bareHeader(),
				}
				for n.Add(1) <= int64(b.N) {
					resp, err := tr.RoundTrip(hreq)
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
		}
		wg.Wait()
		report()
	})
}

// startCPU begins the measurement; the function it returns ends and reports it.
func startCPU(b *testing.B) (report func()) {
	b.ReportAllocs()
	b.ResetTimer()
	begin := cpuTime()
	return func() {
		b.ReportMetric(float64((cpuTime()-begin).Nanoseconds())/1e3/float64(b.N), "cpu-us/op")
		b.StopTimer()
	}
}

// bareHeader is typical's header, taken apart beforehand.
func bareHeader() http.Header {
	h := http.Header{}
	for _, line := range bytes.Split(typical, []byte("\r\n"))[2:] {
		if name, value, ok := bytes.Cut(line, []byte(": ")); ok {
			h.Set(string(name), string(value))
		}
	}
	return h
}

// BenchmarkPrepare is what the package itself does with a request: take it
// apart and write what is to be sent.
func BenchmarkPrepare(b *testing.B) {
	post := fmt.Appendf(nil, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n%s", make([]byte, 1000))
	for name, raw := range map[string][]byte{"typical": typical, "post": post} {
		b.Run(name, func(b *testing.B) {
			w := benchWorker(b)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.prepare(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func benchWorker(tb testing.TB) *worker {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://127.0.0.1:1"}}})
	if err != nil {
		tb.Fatal(err)
	}
	t := f.targets[0]
	t.life.ctx = tb.Context()
	w := newWorker(t)
	w.renew()
	return w
}

// TestPrepareAllocs: nothing is allocated for a request outside net/http.
func TestPrepareAllocs(t *testing.T) {
	w := benchWorker(t)
	if n := testing.AllocsPerRun(100, func() { w.prepare(typical) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSubmitAllocs: a request that comes and goes leaves nothing to collect.
func TestSubmitAllocs(t *testing.T) {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	target := f.targets[0]
	r := &Request{Conn: 1, Raw: typical}
	n := testing.AllocsPerRun(1000, func() {
		f.Submit(r)
		it := target.queues.pop(0)
		target.queues.live.release(it, 0)
		target.items.put(it)
	})
	if n > 0.1 && !raceEnabled { // a collection may empty a pool
		t.Errorf("%v allocations", n)
	}
}
