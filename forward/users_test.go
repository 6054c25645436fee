package forward

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A stay is when a request was at a target.
type stay struct{ from, to time.Duration }

// A stage is a virtual target that notes when each request was with it.
type stage struct {
	*virtualTarget
	start time.Time
	mu    sync.Mutex
	stays map[string]stay // by target of the request
}

// newStage answers each request after a time, but those to /stream/ never.
func newStage(after time.Duration) *stage {
	s := &stage{virtualTarget: newVirtualTarget(), start: time.Now(), stays: map[string]stay{}}
	s.reply = func(n int, r *http.Request, c net.Conn) bool {
		from := time.Since(s.start)
		if len(r.URL.Path) > 8 && r.URL.Path[:8] == "/stream/" {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
			s.note(r.URL.Path, stay{from, -1})
			return replyNothing(n, r, c)
		}
		time.Sleep(after)
		s.note(r.URL.Path, stay{from, time.Since(s.start)})
		return replyOK(n, r, c)
	}
	return s
}

func (s *stage) note(path string, at stay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stays[path] = at
}

// at is when the request with a path was there; zero: it was not.
func (s *stage) at(path string) stay {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stays[path]
}

// offer submits a request of a user on a connection.
func (r *virtualRun) offer(user, conn uint64, line string) {
	r.Submit(&Request{User: user << 32, Conn: conn << 32, Raw: fmt.Appendf(nil, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", line)})
}

// TestWritesKeepTheirOrder: the writes of each of 20 users, on three connections
// each, come to a slow target in the order in which they were made, each after the
// response to the one before; and the safe requests between see all writes before
// them and none behind.
func TestWritesKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(100 * time.Millisecond)
		r := runVirtual(t, Config{}, []string{""}, s.virtualTarget)
		const users, each = 20, 60
		isWrite := func(n int) bool { return n%3 != 1 }
		for n := range each {
			for u := range uint64(users) {
				method := "GET"
				if isWrite(n) {
					method = "POST"
				}
				r.offer(u+1, 10*u+uint64(n*7%3), fmt.Sprintf("%s /%d/%d", method, u, n))
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := r.finish()[0]; got.Answered != users*each {
			t.Fatalf("fates: %s", AppendLine(nil, []TargetStats{got}))
		}
		for u := range users {
			for n := 1; n < each; n++ {
				before, now := s.at(fmt.Sprintf("/%d/%d", u, n-1)), s.at(fmt.Sprintf("/%d/%d", u, n))
				if now.from < before.to {
					t.Fatalf("user %d: request %d came after %v, when the one before was there until %v", u, n, now.from, before.to)
				}
			}
		}
	})
}

// TestUsersOfOneConnection: 400 requests per second of many users on four
// connections of a proxy, which a target needs 20 ms for, would be more than four
// connections in order can carry. All are answered, and at once.
func TestUsersOfOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(20 * time.Millisecond)
		r := runVirtual(t, Config{Buffer: 100}, []string{""}, s.virtualTarget)
		for n := range 4000 {
			method := "GET"
			if n%2 == 0 {
				method = "POST"
			}
			r.offer(uint64(n%500)+1, uint64(n%4), fmt.Sprintf("%s /%d", method, n))
			time.Sleep(2500 * time.Microsecond)
		}
		got := r.finish()[0]
		if got.Answered != 4000 {
			t.Fatalf("fates: %s", AppendLine(nil, []TargetStats{got}))
		}
		if wait := got.Wait.Max(); wait > time.Millisecond {
			t.Errorf("one waited for %v", wait)
		}
	})
}

// TestCrowdInParallel: what is known to be no single user keeps the order of its
// connections only, and does not become one queue.
func TestCrowdInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(100 * time.Millisecond)
		r := runVirtual(t, Config{}, []string{""}, s.virtualTarget)
		for n := range 1000 {
			r.Submit(&Request{User: 1, Crowd: true, Conn: uint64(n % 50), Raw: fmt.Appendf(nil, "POST /%d/%d HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", n%50, n/50)})
		}
		start := time.Now()
		if got := r.finish()[0]; got.Answered != 1000 {
			t.Fatalf("fates: %s", AppendLine(nil, []TargetStats{got}))
		}
		if took := time.Since(start); took > 3*time.Second { // 20 in order on each connection are 2 s, all of them 100 s
			t.Errorf("it took %v", took)
		}
		for conn := range 50 {
			for n := 1; n < 20; n++ {
				if before, now := s.at(fmt.Sprintf("/%d/%d", conn, n-1)), s.at(fmt.Sprintf("/%d/%d", conn, n)); now.from < before.to {
					t.Fatalf("connection %d: %d overtook the one before", conn, n)
				}
			}
		}
	})
}

// TestEventStream: what is never answered to its end holds up its user's writes for a
// second at most, and once it is that old nothing at all.
func TestEventStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(10 * time.Millisecond)
		r := runVirtual(t, Config{}, []string{""}, s.virtualTarget)
		r.offer(1, 1, "GET /stream/1")
		r.offer(1, 2, "POST /first")
		time.Sleep(1100 * time.Millisecond)
		if s.at("/first").to == 0 {
			t.Fatal("the stream holds up a write for more than a second")
		}
		if s.at("/first").from < 800*time.Millisecond {
			t.Errorf("the write went out after %v", s.at("/first").from)
		}
		for n := range 20 {
			r.offer(1, 2, fmt.Sprintf("POST /write/%d", n))
			r.offer(1, 3, fmt.Sprintf("GET /read/%d", n))
			r.offer(2, 1, fmt.Sprintf("POST /other/%d", n)) // another user of the stream's connection
			began := time.Since(s.start)
			time.Sleep(100 * time.Millisecond)
			if at := s.at(fmt.Sprintf("/write/%d", n)); at.to == 0 || at.from-began > time.Millisecond {
				t.Fatalf("write %d, made at %v, was there %v", n, began, at)
			}
			if at := s.at(fmt.Sprintf("/read/%d", n)); at.to == 0 || at.from-began > 11*time.Millisecond {
				t.Fatalf("the safe request behind write %d, made at %v, was there %v", n, began, at)
			}
			if at := s.at(fmt.Sprintf("/other/%d", n)); at.to == 0 || at.from-began > time.Millisecond {
				t.Fatalf("another user's write %d, made at %v, was there %v", n, began, at)
			}
		}
		if got := r.finish()[0]; got.Answered != 61 || got.FailedTotal() != 1 { // the stream, in the end
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{got}))
		}
	})
}

// TestWritesOfManyTurns: when a write is answered, all that waited for it and may
// overlap goes out at once, with as many workers as there are.
func TestWritesOfManyTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(130 * time.Millisecond)
		r := runVirtual(t, Config{}, []string{""}, s.virtualTarget)
		r.offer(1, 0, "POST /write")
		for n := range uint64(50) {
			r.offer(1, 1+n, fmt.Sprintf("GET /%d", n))
		}
		start := time.Now()
		if got := r.finish()[0]; got.Answered != 51 {
			t.Fatalf("fates: %s", AppendLine(nil, []TargetStats{got}))
		}
		if took := time.Since(start); took > 290*time.Millisecond {
			t.Errorf("it took %v, and twice 130 ms are enough", took)
		}
	})
}
