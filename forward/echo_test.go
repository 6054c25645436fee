package forward

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// echoOf is the echo of a request of user 1 on connection 1.
func echoOf(path string) *Request {
	return &Request{User: 1 << 32, Conn: 1 << 32, Index: 5, Raw: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", path)}
}

// TestEcho: an echo goes to one target, once, whatever the share and the filter say,
// and no number but its own knows of it.
func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second, b, notes := newStage(time.Second), newStage(time.Second), &bench{}, &notebook{}
		r := runVirtual(t, Config{Compare: Comparing{Take: b.take}, Outcome: notes.take}, []string{"", "|0.01%"}, first.virtualTarget, second.virtualTarget)
		r.Echo(1, echoOf("/echo"))
		time.Sleep(time.Millisecond)
		if s := r.Stats()[1]; s.Received != 0 || s.Open() != 0 || s.Echoes != 1 || s.EchoAnswered+s.EchoDropped+s.EchoFailed != 0 {
			t.Errorf("in flight: %s, %+v", AppendLine(nil, []TargetStats{s}), s.EchoStats)
		}
		stats := r.finish()
		if first.arrived() != 0 || second.arrived() != 1 || len(notes.all) != 0 {
			t.Errorf("%d and %d came, %d outcomes", first.arrived(), second.arrived(), len(notes.all))
		}
		s := stats[1]
		if s.Received != 0 || s.Answered != 0 || len(s.Status) != 0 || s.Latency.Count() != 0 || s.Wait.Count() != 0 || s.EchoStats != (EchoStats{Echoes: 1, EchoAnswered: 1}) {
			t.Errorf("%s, %+v", AppendLine(nil, stats[1:]), s.EchoStats)
		}
		if len(b.all) != 1 || !b.all[0].Echo || b.all[0].Target != 1 || b.all[0].Index != 5 || b.all[0].Response == nil || string(b.all[0].Response.Body) != "ok" {
			t.Errorf("%+v", b.all)
		}
	})
}

// TestEchoKeepsItsPlace: in the user's lane an echo waits for what is in flight there,
// and what comes behind waits for it; between users it goes next.
func TestEchoKeepsItsPlace(t *testing.T) {
	for _, patient := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(100 * time.Millisecond)
			r := runVirtual(t, Config{Concurrency: 1}, []string{""}, s.virtualTarget)
			offer := func(user uint64, path string) {
				r.Submit(&Request{User: user << 32, Conn: user << 32, Patient: patient, Raw: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path)})
			}
			offer(1, "/a")
			time.Sleep(time.Millisecond)
			for user := range uint64(5) {
				offer(user+2, fmt.Sprintf("/other%d", user))
			}
			r.Echo(0, echoOf("/echo"))
			offer(1, "/b")
			r.finish()
			order := []string{"/a", "/echo", "/b"}
			if !slices.IsSortedFunc(order, func(a, b string) int { return int(s.at(a).from - s.at(b).from) }) || s.at("/echo").from < s.at("/a").to {
				t.Errorf("patient: %v: %v", patient, s.stays)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStage(100 * time.Millisecond)
		r := runVirtual(t, Config{Concurrency: 1}, []string{""}, s.virtualTarget)
		for user := range uint64(5) {
			r.offer(user+2, user+2, fmt.Sprintf("GET /other%d", user))
		}
		time.Sleep(time.Millisecond)
		r.Echo(0, echoOf("/echo"))
		r.finish()
		if s.at("/echo").from > s.at("/other1").from {
			t.Errorf("others went before: %v", s.stays)
		}
	})
}

// TestEchoInTheWay: an echo is not sent where it would be in the way of users, where
// what it would find is not what its original found, or where it asks for a change.
func TestEchoInTheWay(t *testing.T) {
	for _, tt := range []struct {
		name    string
		limit   string
		echo    *Request
		prepare func(r *virtualRun, s *stage)
		sent    bool
	}{
		{"nothing else", "", echoOf("/echo"), func(*virtualRun, *stage) {}, true},
		{"a write", "", &Request{User: 1 << 32, Conn: 1 << 32, Raw: []byte("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")}, func(*virtualRun, *stage) {}, false},
		{"the user's write waits", "", echoOf("/echo"), func(r *virtualRun, _ *stage) {
			r.offer(1, 1, "GET /a")
			r.offer(1, 1, "POST /b")
		}, false},
		{"the user's write is in flight", "", echoOf("/echo"), func(r *virtualRun, _ *stage) { r.offer(1, 2, "POST /b") }, false},
		{"another user's write", "", echoOf("/echo"), func(r *virtualRun, _ *stage) { r.offer(2, 1, "POST /b") }, true},
		{"a crowd's connection", "", &Request{User: 1 << 32, Crowd: true, Conn: 1 << 32, Raw: echoOf("/echo").Raw}, func(r *virtualRun, _ *stage) {
			r.Submit(&Request{User: 1 << 32, Crowd: true, Conn: 1 << 32, Raw: []byte("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")})
		}, false},
		{"half of the room is taken", "", echoOf("/echo"), func(r *virtualRun, _ *stage) {
			for user := range uint64(12) {
				r.offer(user+2, user+2, "GET /a")
			}
		}, false},
		{"a limit is behind", "|2", echoOf("/echo"), func(r *virtualRun, _ *stage) {
			for user := range uint64(30) {
				r.offer(user+2, user+2, "GET /a")
			}
		}, true},
		{"it fails", "", echoOf("/echo"), func(r *virtualRun, s *stage) {
			s.set(func() { s.refuse = true })
			for user := range uint64(30) {
				r.offer(user+2, user+2, "GET /a")
				time.Sleep(10 * time.Millisecond)
			}
		}, false},
		{"it is paused", "", echoOf("/echo"), func(r *virtualRun, _ *stage) { r.Pause("http://target0") }, false},
		{"it is closed", "", echoOf("/echo"), func(r *virtualRun, _ *stage) { r.Close() }, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(100 * time.Millisecond)
			r := runVirtual(t, Config{Concurrency: 1, Buffer: 20, MaxWait: time.Minute}, []string{tt.limit}, s.virtualTarget)
			tt.prepare(r, s)
			time.Sleep(time.Millisecond)
			r.Echo(0, tt.echo)
			time.Sleep(2 * time.Second)
			if sent := s.at("/echo").to > 0; sent != tt.sent {
				t.Errorf("%s: sent %v", tt.name, sent)
			}
			got, want := r.Stats()[0].EchoStats, EchoStats{Echoes: 1, EchoDropped: 1}
			if tt.sent {
				want = EchoStats{Echoes: 1, EchoAnswered: 1}
			}
			if got != want {
				t.Errorf("%s: %+v", tt.name, got)
			}
			r.finish()
		})
	}
}

// TestEchoFates: whatever becomes of echoes, theirs is the only account that shows it.
func TestEchoFates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVirtualTarget(), &bench{}
		v.reply = func(n int, r *http.Request, c net.Conn) bool {
			switch r.URL.Path {
			case "/ok":
				return replyOK(n, r, c)
			case "/hang":
				return replyNothing(n, r, c)
			}
			io.WriteString(c, "nonsense\r\n\r\n")
			return false
		}
		r := runVirtual(t, Config{Compare: Comparing{Take: b.take}, Concurrency: 2, MaxWait: 3 * time.Second, AnswerTimeout: 5 * time.Second}, []string{""}, v)
		r.Echo(0, echoOf("/ok"))
		r.Echo(0, echoOf("/bad"))
		time.Sleep(time.Second)
		r.offer(1, 1, "GET /hang")
		time.Sleep(time.Millisecond)
		r.Echo(0, echoOf("/ok")) // it waits too long
		time.Sleep(4 * time.Second)
		if s := r.Stats()[0]; s.EchoStats != (EchoStats{Echoes: 3, EchoAnswered: 1, EchoFailed: 1, EchoDropped: 1}) || s.InFlight != 1 || s.Queue != 0 || s.QueueFull != 0 {
			t.Errorf("%s, %+v", AppendLine(nil, []TargetStats{s}), s.EchoStats)
		}
		r.Echo(0, &Request{User: 2, Conn: 2, Raw: []byte("GET /cut HTTP/1.1\r\n")})
		time.Sleep(time.Millisecond)
		r.Echo(0, &Request{User: 3, Conn: 3, Raw: echoOf("/hang").Raw})
		time.Sleep(time.Millisecond)
		if s := r.Stats()[0]; s.InFlight != 1 || s.Queue != 0 || s.EchoDropped != 2 {
			t.Errorf("%s, %+v", AppendLine(nil, []TargetStats{s}), s.EchoStats)
		}
		s := r.finish()[0]
		if s.EchoStats != (EchoStats{Echoes: 5, EchoAnswered: 1, EchoFailed: 2, EchoDropped: 2}) || s.Received != 1 || s.Failed[FailTimeout] != 1 || s.Failed[FailProtocol] != 0 {
			t.Errorf("%s, %+v", AppendLine(nil, []TargetStats{s}), s.EchoStats)
		}
		if len(b.all) != 3 {
			t.Errorf("told of %d", len(b.all))
		}
	})
}

// TestWrote: whoever compares is told of each request that asks for a change, once, whether it is
// compared or filtered, and of no other.
func TestWrote(t *testing.T) {
	var told []string
	f, err := New(Config{
		Targets: []TargetSpec{{URL: "http://127.0.0.1:1"}, {URL: "http://127.0.0.1:2"}},
		Compare: Comparing{Take: func(*Outcome) {}, Wrote: func(user uint64, at int64) { told = append(told, fmt.Sprint(user, "@", at)) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.DenyPath("^/denied"); err != nil {
		t.Fatal(err)
	}
	for i, line := range []string{"POST /a", "GET /a", "DELETE /denied", "HEAD /a", "\r\nPUT /a", "OPTIONS *", "PATCH /a"} {
		f.Submit(&Request{Conn: 100, User: uint64(i % 4), Time: int64(i), Raw: []byte(line + " HTTP/1.1\r\nHost: a\r\n\r\n"), Compare: i%2 == 0})
	}
	if got := strings.Join(told, " "); got != "100@0 2@2 100@4 2@6" {
		t.Errorf("%s", got)
	}
}
