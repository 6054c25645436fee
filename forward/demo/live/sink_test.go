//go:build linux

package live

import (
	"bufio"
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers what a request asks for: method, target and body. Every
// request of the tests carries it as X-Sum.
func checksum(method, target string, body []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(method+" "+target+"\n"), castagnoli), castagnoli, body)
}

// A sink is a server that answers 200 and counts what it received. Requests
// are told apart by the number in their target, /r/NUMBER, and ordered by
// X-Conn: CONNECTION.NUMBER, where they carry it.
type sink struct {
	addr string
	hang bool          // never answer
	quit chan struct{} // closed when the test ends

	mu       sync.Mutex
	ids      map[uint64]int // how often each request arrived
	corrupt  []string       // requests whose checksum is wrong, as received
	disorder int            // requests that arrived before an earlier one of their connection
	last     map[string]int // the last request of each connection
	starts   []time.Time    // when each request's first byte was read
}

func (n *namespace) newSink(addr string) *sink {
	n.t.Helper()
	s := &sink{addr: addr, quit: make(chan struct{}), ids: make(map[uint64]int), last: make(map[string]int)}
	s.serve(n.t, n.listen(addr))
	return s
}

// newHangingSink is a sink that receives and never answers.
func (n *namespace) newHangingSink(addr string) *sink {
	n.t.Helper()
	s := &sink{addr: addr, hang: true, quit: make(chan struct{}), ids: make(map[uint64]int), last: make(map[string]int)}
	s.serve(n.t, n.listen(addr))
	return s
}

// serve answers until the test ends.
func (s *sink) serve(t testing.TB, ln net.Listener) {
	var conns sync.Map
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns.Store(c, nil)
			all.Go(func() {
				defer conns.Delete(c)
				defer c.Close()
				s.converse(c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		close(s.quit)
		conns.Range(func(c, _ any) bool { c.(net.Conn).Close(); return true })
		all.Wait()
	})
}

// converse reads requests, strictly, until the connection ends or one is bad.
func (s *sink) converse(c net.Conn) {
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		if _, err := r.Peek(1); err != nil {
			return
		}
		start := time.Now()
		req, err := s.receive(r, c)
		if err != nil {
			s.note(func() { s.corrupt = append(s.corrupt, fmt.Sprintf("%v in %s %s", err, req.method, req.target)) })
			return
		}
		s.count(req, start)
		if s.hang {
			<-s.quit
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil || req.last {
			return
		}
	}
}

// A received request, as far as the sink looks at it.
type received struct {
	method, target, conn string
	sum, wantSum         uint32
	hasSum, last         bool
}

func (s *sink) receive(r *bufio.Reader, w io.Writer) (req received, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return req, err
	}
	parts := strings.Split(strings.TrimRight(line, "\r\n"), " ")
	if len(parts) != 3 {
		return req, fmt.Errorf("request line %q", line)
	}
	req.method, req.target = parts[0], parts[1]
	length, chunked := 0, false
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return req, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return req, fmt.Errorf("header %q", line)
		}
		value = bytes.TrimSpace(value)
		switch strings.ToLower(string(name)) {
		case "content-length":
			length, err = strconv.Atoi(string(value))
		case "transfer-encoding":
			chunked = true
		case "connection":
			req.last = string(value) == "close"
		case "expect":
			_, err = io.WriteString(w, "HTTP/1.1 100 Continue\r\n\r\n")
		case "x-conn":
			req.conn = string(value)
		case "x-sum":
			var sum uint64
			sum, err = strconv.ParseUint(string(value), 16, 32)
			req.wantSum, req.hasSum = uint32(sum), true
		}
		if err != nil {
			return req, err
		}
	}
	body := io.Reader(io.LimitReader(r, int64(length)))
	if chunked {
		body = httputil.NewChunkedReader(r)
	}
	sum := crc32.New(castagnoli)
	fmt.Fprintf(sum, "%s %s\n", req.method, req.target)
	got, err := io.Copy(sum, body)
	switch {
	case err != nil:
		return req, fmt.Errorf("body: %w", err)
	case !chunked && got < int64(length):
		return req, io.ErrUnexpectedEOF
	case chunked: // the empty line after the last chunk; the tests send no trailers
		if line, err := r.ReadString('\n'); err != nil || line != "\r\n" {
			return req, fmt.Errorf("after the last chunk: %q %w", line, err)
		}
	}
	req.sum = sum.Sum32()
	return req, nil
}

func (s *sink) note(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *sink) count(req received, start time.Time) {
	id, err := strconv.ParseUint(strings.TrimPrefix(req.target, "/r/"), 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || !req.hasSum || req.sum != req.wantSum {
		s.corrupt = append(s.corrupt, req.method+" "+req.target)
		return
	}
	s.ids[id]++
	s.starts = append(s.starts, start)
	if conn, number, ok := strings.Cut(req.conn, "."); ok {
		n, _ := strconv.Atoi(number)
		if last, seen := s.last[conn]; seen && n < last {
			s.disorder++
		} else {
			s.last[conn] = n
		}
	}
}

// unique is how many different requests have arrived.
func (s *sink) unique() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ids)
}

// total is how many requests have arrived, with those that came again.
func (s *sink) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.starts)
}

// times is how often the request arrived.
func (s *sink) times(id uint64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ids[id]
}

// await waits until n different requests have arrived.
func (s *sink) await(n int) { awaitCount(s.unique, n) }

// awaitTotal waits until n requests have arrived, with those that came again.
func (s *sink) awaitTotal(n int) { awaitCount(s.total, n) }

// awaitCount waits until count has reached n, or has not grown for so long that
// it never will: then the caller finds out what is missing.
func awaitCount(count func() int, n int) {
	const quiet = 8 * time.Second
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	last, since := -1, time.Now()
	for {
		switch c := count(); {
		case c >= n:
			return
		case c != last:
			last, since = c, time.Now()
		case time.Since(since) > quiet:
			return
		}
		<-tick.C
	}
}

// check fails unless exactly the requests of the loads arrived, each once,
// intact, and in the order of their connections.
func (s *sink) check(t testing.TB, loads ...*load) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	missing, duplicate, total := 0, 0, 0
	var example uint64
	for _, l := range loads {
		total += l.count
		for id := l.first; id < l.first+uint64(l.count); id++ {
			switch s.ids[id] {
			case 0:
				missing, example = missing+1, id
			case 1:
			default:
				duplicate, example = duplicate+1, id
			}
		}
	}
	foreign := len(s.ids) + missing - total
	if missing+duplicate+foreign+s.disorder+len(s.corrupt) != 0 {
		t.Errorf("%s: of %d requests %d are missing, %d arrived twice, %d are strangers, %d out of order, %d corrupt (e.g. number %d; %.3q)",
			s.addr, total, missing, duplicate, foreign, s.disorder, len(s.corrupt), example, s.corrupt[:min(3, len(s.corrupt))])
	}
}

// busiest is the largest number of requests that began within any stretch of
// time as long as window.
func (s *sink) busiest(window time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	starts := slices.SortedFunc(slices.Values(s.starts), time.Time.Compare)
	most, from := 0, 0
	for i, at := range starts {
		for at.Sub(starts[from]) >= window {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// awaitOne waits until the request has arrived, for when others before it need not.
func (s *sink) awaitOne(id uint64) {
	for limit := time.Now().Add(patience); s.times(id) == 0 && time.Now().Before(limit); {
		time.Sleep(10 * time.Millisecond)
	}
}
