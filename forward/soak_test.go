package forward

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A faultyServer is a real target whose fault is switched while it runs.
type faultyServer struct {
	net.Listener
	fault atomic.Int32
}

const (
	faultNone = iota
	faultHang
	faultClose
	fault500
	faultSlow // a byte now and then
	faults
)

func (s *faultyServer) run() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		go s.serve(c)
	}
}

func (s *faultyServer) serve(c net.Conn) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		switch s.fault.Load() {
		case faultHang:
			br.ReadByte() // until the client gives up
			return
		case faultClose:
			return
		case fault500:
			io.WriteString(c, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n")
		case faultSlow:
			for _, b := range []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") {
				if _, err := c.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		default:
			if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
		}
	}
}

// usage is what must not grow.
type usage struct {
	goroutines, files int
	heap              uint64
}

func measure() usage {
	runtime.GC()
	runtime.GC() // pools let go of their contents at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := usage{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	if dir, err := os.ReadDir("/proc/self/fd"); err == nil { // elsewhere only the others are held
		u.files = len(dir)
	}
	return u
}

// TestSoak switches faults on and off under a steady load and looks for growth:
// for two seconds, or for as long as GOR_SOAK says (10m, say).
func TestSoak(t *testing.T) {
	length := 2 * time.Second
	if s := os.Getenv("GOR_SOAK"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	atStart := measure()
	var servers [2]*faultyServer
	cfg := Config{
		Concurrency: 16, Buffer: 500, ConnectionAge: length / 10,
		// Never so short that a busy machine is taken for a fault.
		AnswerTimeout: max(length/20, 2*time.Second), Timeout: max(length/15, 3*time.Second), MaxWait: max(length/10, 3*time.Second),
	}
	for i := range servers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		servers[i] = &faultyServer{Listener: l}
		go servers[i].run()
		cfg.Targets = append(cfg.Targets, TargetSpec{URL: "http://" + l.Addr().String()})
	}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { f.Run(t.Context()) })

	body := make([]byte, 3000)
	const rounds = 2 * faults
	var first usage
	n := 0
	for round := range rounds {
		for _, fault := range []int32{faultNone, int32(round % faults)} {
			servers[0].fault.Store(fault)
			for end := time.Now().Add(length / (2 * rounds)); time.Now().Before(end); n++ {
				raw := fmt.Appendf(nil, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, n%len(body), body[:n%len(body)])
				f.Submit(&Request{Conn: mix(uint64(n % 997)), Raw: raw})
				time.Sleep(time.Millisecond)
			}
		}
		if round == rounds/2 { // every fault has been there once
			first = measure()
		}
	}
	last := measure()
	f.Close()
	wg.Wait()
	stats := f.Stats()
	for i := range stats {
		checkBalance(t, &stats[i])
	}
	if s := &stats[1]; s.Answered < uint64(n)*99/100 {
		t.Errorf("the target without faults: %s", AppendLine(nil, stats[1:]))
	}
	if last.goroutines > first.goroutines*3/2+50 || last.files > first.files*3/2+50 || last.heap > first.heap*3/2+4<<20 {
		t.Errorf("growth from %+v to %+v", first, last)
	}
	for _, s := range servers {
		s.Close()
	}
	deadline := time.Now().Add(10 * time.Second) // connections end on their own goroutines
	for runtime.NumGoroutine() > atStart.goroutines+2 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if end := measure(); end.goroutines > atStart.goroutines+2 || end.files > atStart.files+2 {
		t.Errorf("left behind: from %+v to %+v", atStart, end)
	}
	t.Logf("%d requests; half way %+v, at the end %+v\n%s", n, first, last, AppendLine(nil, stats))
}
