package answers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// A wire is one connection, whose segments a test makes.
type wire struct {
	*Reader
	client, server capture.Endpoint
	seq, ack       uint32 // the next bytes of client and server
	now            int64
	index          uint64
	rest           int64
	got            []string // "index status body", or "index missing"
}

func newWire(cfg Config) *wire {
	w := &wire{client: endpoint(1, 40000), server: endpoint(2, 80), seq: 100, ack: 1000, now: epoch}
	w.Reader = New(cfg, func(a *Answer) {
		if a.Missing {
			w.got = append(w.got, fmt.Sprint(a.Index, " missing"))
			return
		}
		w.got = append(w.got, strings.TrimSpace(fmt.Sprint(a.Index, " ", a.Status, " ", string(a.Body))))
	})
	return w
}

// ask is a request of n bytes that is sent now, with the server's stream acknowledged
// up to here.
func (w *wire) ask(n uint32) *Question {
	w.now += milli
	q := &Question{
		Client: w.client, Server: w.server, Conn: 7, Index: w.index, Seq: w.seq, End: w.seq + n, Ack: w.ack,
		First: w.now, Time: w.now, Rest: w.rest, Opens: w.index == 0,
	}
	w.index++
	w.seq += n
	w.rest = 0
	return q
}

// say is what the server sends now.
func (w *wire) say(payload string) *capture.Segment {
	w.now += milli
	s := &capture.Segment{Time: w.now, Src: w.server, Dst: w.client, Seq: w.ack, Ack: w.seq, Flags: capture.ACK, Payload: []byte(payload), FromServer: true}
	w.ack += uint32(len(payload))
	return s
}

func (w *wire) want(t *testing.T, want ...string) {
	t.Helper()
	w.Close()
	if fmt.Sprint(w.got) != fmt.Sprint(want) {
		t.Errorf("got %q, want %q", w.got, want)
	}
}

const (
	ok5     = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	no0     = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
	chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
)

// TestRules: which answer is whose, rule by rule.
func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(w *wire)
		want []string
	}{
		{"one after the other", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200 hello", "1 404"}},
		{"the answer comes first", func(w *wire) {
			q := w.ask(50)
			w.Push(w.say(ok5))
			w.Ask(q)
		}, []string{"0 200 hello"}},
		{"pipelined", func(w *wire) {
			a, b := w.ask(50), w.ask(60)
			w.Ask(a)
			w.Ask(b)
			w.Push(w.say(ok5 + no0[:9]))
			w.Push(w.say(no0[9:]))
		}, []string{"0 200 hello", "1 404"}},
		{"interim responses", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 100 Continue\r\n\r\n"))
			w.Push(w.say("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + no0))
		}, []string{"0 404"}},
		{"a 408 answers nothing", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"))
		}, []string{"0 missing"}},
		{"the server has not seen the request", func(w *wire) {
			w.Ask(w.ask(50))
			s := w.say(ok5)
			s.Ack = 100
			w.Push(s)
		}, []string{"0 missing"}},
		{"the request before is missing", func(w *wire) {
			w.ask(50)
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.Push(w.say(no0))
		}, []string{"1 missing"}},
		{"the request before is not wanted", func(w *wire) {
			a, b := w.ask(50), w.ask(50)
			a.Unwanted = true
			w.Ask(a)
			w.Ask(b)
			w.Push(w.say(ok5))
			w.Push(w.say(no0))
		}, []string{"1 404"}},
		{"silence ends the doubt", func(w *wire) {
			w.ask(50)
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.now += 2 * quiet
			w.rest = quiet
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"1 missing", "2 404"}},
		{"less silence does not", func(w *wire) {
			w.ask(50)
			w.Ask(w.ask(50))
			w.now += 2 * quiet
			w.Push(w.say(ok5))
			w.rest = 2 * quiet
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"1 missing", "2 missing"}},
		{"a head is lost", func(w *wire) {
			w.Ask(w.ask(50))
			w.say(ok5)
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 missing", "1 missing"}},
		{"a client that had more than was said", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.say("bytes of nobody")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200 hello", "1 missing"}},
		{"seen again with another acknowledgement", func(w *wire) {
			q := w.ask(50)
			w.Push(w.say(no0))
			q.Ack, q.First, q.Time = w.ack, w.now+milli, w.now+milli
			w.Ask(q)
			w.Push(w.say(ok5))
		}, []string{"0 missing"}},
		{"a segment is lost in a body", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(ok5[:len(ok5)-4]))
			w.say("el")
			w.Push(w.say("lo"))
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200 h", "1 404"}},
		{"heads alone, and the end is not announced", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(chunked))
			w.say("5\r\nhello\r\n0\r\n\r\n")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200", "1 404"}},
		{"the same of a client that does not wait", func(w *wire) {
			a, b := w.ask(50), w.ask(50)
			w.Ask(a)
			w.Ask(b)
			w.Push(w.say(no0 + chunked))
			w.say("5\r\nhello\r\n0\r\n\r\n")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 404", "1 200", "2 missing"}},
		{"a body that begins like a head", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n"))
			b := w.ask(50) // does not wait
			w.Push(w.say(ok5))
			w.Push(w.say(ok5[:48-len(ok5)] + no0))
			w.Ask(b)
		}, []string{"0 200 " + ok5 + ok5[:48-len(ok5)], "1 404"}},
		{"until the end", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 200 OK\r\n\r\nto the end"))
			s := w.say("")
			s.Flags |= capture.FIN
			w.Push(s)
		}, []string{"0 200 to the end"}},
		{"a protocol that follows", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 101 Switching Protocols\r\n\r\n" + ok5))
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
		}, []string{"0 101", "1 missing"}},
		{"HEAD and CONNECT", func(w *wire) {
			q := w.ask(50)
			q.Head = true
			w.Ask(q)
			w.Push(w.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"))
			q = w.ask(50)
			q.Connect = true
			w.Ask(q)
			w.Push(w.say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + ok5))
		}, []string{"0 200", "1 200"}},
		{"an answer that comes too late is no other's", func(w *wire) {
			w.Ask(w.ask(50))
			w.now += int64(2 * time.Minute)
			w.Advance(w.now)
			w.Push(w.say(ok5))
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 missing", "1 404"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(Config{Body: 1000})
			tt.run(w)
			w.want(t, tt.want...)
		})
	}
}

// TestMemory: hostile connections do not make the Reader hold more than it may, and
// every question is told once what became of it.
func TestMemory(t *testing.T) {
	const limit = 1 << 20
	told := 0
	r := New(Config{Memory: limit, Body: 1 << 20}, func(*Answer) { told++ })
	const conns, each = 5000, 4
	for i := range conns {
		w := newWire(Config{})
		w.client.Port, w.client.Addr[13] = uint16(i), byte(i>>16)
		w.now += int64(i) * milli
		for k := range each {
			q := w.ask(50)
			q.Conn = uint64(i)
			r.Ask(q)
			s := w.say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 2000))
			s.Seq += uint32(k * 100000) // with holes
			r.Push(s)
			if s := r.Stats(); s.Memory > limit {
				t.Fatalf("%d bytes, %d connections", s.Memory, s.Connections)
			}
		}
	}
	if r.Stats().Evicted == 0 {
		t.Error("there was room for all")
	}
	if r.Close(); told != conns*each {
		t.Errorf("%d of %d questions were told", told, conns*each)
	}
	if n := r.pool.Held() - r.pool.Idle(); n != 0 {
		t.Errorf("%d bytes are lent", n)
	}
}

// TestAllocs: connections that come and go, and what is said on them, allocate nothing
// once there is room.
func TestAllocs(t *testing.T) {
	w := newWire(Config{Body: 1 << 10})
	w.Reader = New(w.Reader.cfg, func(*Answer) {})
	var q Question
	round := func() {
		w.client.Port++
		w.index = 0
		for range 3 {
			q = Question{Client: w.client, Server: w.server, Conn: uint64(w.client.Port), Index: w.index, Seq: w.seq, End: w.seq + 50, Ack: w.ack, First: w.now, Time: w.now, Opens: w.index == 0}
			w.index++
			w.seq += 50
			w.Ask(&q)
			s := capture.Segment{Time: w.now, Src: w.server, Dst: w.client, Seq: w.ack, Ack: w.seq, Flags: capture.ACK, Payload: []byte(nil)}
			s.Payload = allocText
			w.Push(&s)
			w.ack += uint32(len(allocText))
			w.now += milli
		}
		w.now += idle / 100
	}
	for range 1000 {
		round()
	}
	if n := testing.AllocsPerRun(1000, round); n > 0 {
		t.Errorf("%v allocations a round", n)
	}
}

var allocText = []byte(ok5)

// FuzzReader feeds a Reader anything, in any order.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x00\x01HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\xff\x02\x00"), uint16(100))
	f.Add([]byte("\x02HTTP/1.1 100 Continue\r\n\r\n\x01\x03"+chunked+"5\r\nhello\r\n0\r\n\r\n"), uint16(0))
	f.Fuzz(func(t *testing.T, b []byte, body uint16) {
		asked, told := 0, 0
		w := newWire(Config{})
		w.Reader = New(Config{Body: int(body), Hash: int64(body) * 2, Memory: 64 << 10}, func(a *Answer) {
			if told++; len(a.Body) > int(body) || !a.Missing && (a.Status < 101 || a.Status == 408) {
				t.Fatalf("%+v", a)
			}
		})
		for len(b) > 2 {
			op, n := b[0], min(int(b[1]), len(b)-2)
			data := b[2 : 2+n]
			b = b[2+n:]
			w.rest = int64(op>>4) * 1e9
			switch op & 3 {
			case 0:
				q := w.ask(uint32(n))
				q.Head, q.Unwanted, q.Conn = op&4 != 0, op&8 != 0, uint64(op>>7)
				if !q.Unwanted {
					asked++
				}
				w.Ask(q)
			case 1:
				w.Push(w.say(string(data)))
			case 2:
				s := w.say(string(data))
				s.Seq -= uint32(op >> 2)
				s.Cut = int(op >> 3)
				s.Flags = capture.Flags(op>>2) | capture.ACK
				w.Push(s)
			case 3:
				w.now += int64(op) * 1e9
				w.ack += uint32(op >> 4)
			}
			if s := w.Stats(); s.Asked != s.Answered+s.Missing+s.Waiting || s.Memory > 64<<10 {
				t.Fatalf("%+v", s)
			}
		}
		w.Close()
		if asked != told || w.pool.Held() != w.pool.Idle() {
			t.Fatalf("%d asked, %d told, %d bytes lent", asked, told, w.pool.Held()-w.pool.Idle())
		}
	})
}
