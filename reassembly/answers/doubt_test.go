package answers

import (
	"fmt"
	"strings"
	"testing"

	"gor/capture"
)

// TestDoubts: where a pair could be a wrong one there is none, each rule by itself: every
// one of these was told something else once a single line of the package was changed.
func TestDoubts(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(w *wire)
		want []string
	}{
		{"a client that was seen not to wait, though nothing came of it", func(w *wire) {
			a, b := w.ask(50), w.ask(50)
			w.Ask(a)
			w.Ask(b)
			s := w.say(no0)
			s.Ack = a.Seq // the server has not seen them
			w.Push(s)
			w.now += 2 * quiet
			w.rest = quiet
			w.Ask(w.ask(50))
			w.Push(w.say(chunked))
			w.say("5\r\nhello\r\n0\r\n\r\n")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 missing", "1 missing", "2 200", "3 missing"}},
		{"a client that had a part of the answer before", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n"))
			w.Ask(w.ask(50))
			w.say(strings.Repeat("x", 48))
			w.Push(w.say(chunked))
			w.say("5\r\nhello\r\n0\r\n\r\n")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200", "1 200", "2 missing"}},
		{"what was sent before is no answer to what is asked now", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(chunked))
			w.say("400\r\n")
			s := w.say(ok5) // segments of its body, as heads alone have them
			w.Push(s)
			w.say("abc")
			w.Push(w.say(no0))
			q := w.ask(50)
			q.Ack = s.Seq // does not wait, for the first time
			w.Ask(q)
			s.Ack, s.Time = w.seq, w.now+milli
			w.Push(s)
		}, []string{"0 200", "1 missing"}},
		{"what a client had before it asked is no answer to that", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			s := w.say(no0) // is not seen, and sent again
			w.Ask(w.ask(50))
			s.Ack, s.Time = w.seq, w.now+milli
			w.Push(s)
		}, []string{"0 200 hello", "1 missing"}},
		{"nobody knows of a silence before the first packet", func(w *wire) {
			w.index, w.rest = 1, 2*quiet
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"1 missing"}},
		{"nor of one of a connection that may have been forgotten", func(w *wire) {
			w.Advance(w.now)
			w.now += 2 * quiet
			w.clock.evicted = w.now
			w.index, w.rest = 1, 2*quiet
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"1 missing"}},
		{"silence while something is asked", func(w *wire) {
			w.Ask(w.ask(50))
			w.now += 2 * quiet
			w.ask(50)
			w.rest = quiet
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.Push(w.say(no0))
		}, []string{"2 missing", "0 200 hello"}},
		{"behind a request that is missing", func(w *wire) {
			w.Ask(w.ask(50))
			w.ask(50)
			w.Ask(w.ask(50))
			w.Ask(w.ask(50))
			w.Push(w.say(ok5))
			w.Push(w.say(no0))
			w.Push(w.say(no0))
		}, []string{"2 missing", "3 missing", "0 200 hello"}},
		{"bytes of a body are lost, and its end with them", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say(chunked + "5\r\nhel"))
			w.Push(w.say("lo\r\n"))
			w.say("1\r\nx\r\n")
			w.Push(w.say("1\r\ny\r\n"))
			w.now += 2 * patience
			w.Advance(w.now)
			w.Advance(w.now + tick)
			w.say("0\r\n\r\n")
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
		}, []string{"0 200 hello", "1 missing"}},
		{"a reset says why, and that is no answer", func(w *wire) {
			w.Ask(w.ask(50))
			s := w.say(no0)
			s.Flags |= capture.RST
			w.Push(s)
		}, []string{"0 missing"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(Config{Body: 1000})
			tt.run(w)
			w.want(t, tt.want...)
		})
	}
}

// TestCertain: what looks odd and is no reason to doubt.
func TestCertain(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(w *wire)
		want []string
	}{
		{"answers out of order", func(w *wire) {
			w.Ask(w.ask(50))
			w.Ask(w.ask(50))
			first, second := w.say(ok5), w.say(no0)
			w.Push(second)
			w.Push(first)
		}, []string{"0 200 hello", "1 404"}},
		{"an answer that comes with the server's SYN", func(w *wire) {
			w.Ask(w.ask(50))
			s := w.say(ok5)
			s.Seq--
			s.Flags |= capture.SYN
			w.Push(s)
		}, []string{"0 200 hello"}},
		{"the addresses are another connection's, whose answer comes first", func(w *wire) {
			w.Ask(w.ask(50))
			s := w.say(ok5)
			s.Flags |= capture.FIN
			w.Push(s)
			w.ack += 1 << 28
			q := w.ask(50)
			q.Conn, q.Opens = 8, true
			w.Push(w.say(no0))
			w.Ask(q)
		}, []string{"0 200 hello", "1 404"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(Config{Body: 1000})
			tt.run(w)
			w.want(t, tt.want...)
		})
	}
}

// TestToldAtOnce: what can be known is not waited for: more requests than are waited
// with, a head without an end, a body that makes no sense, and what follows a tunnel.
func TestToldAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func(w *wire)
		want int // how many of the questions are told
	}{
		{"too many questions", func(w *wire) {
			for range maxAsked + 10 {
				w.Ask(w.ask(50))
			}
		}, 10},
		{"a head without an end", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 200 OK\r\n"))
			for range maxHead/1000 + 1 {
				w.Push(w.say("X: " + strings.Repeat("y", 995) + "\r\n"))
			}
		}, 1},
		{"a body without sense", func(w *wire) {
			w.Ask(w.ask(50))
			w.Ask(w.ask(50))
			w.Push(w.say(chunked + "no length\r\n"))
		}, 2},
		{"an answer is missing that the client has had", func(w *wire) {
			w.Ask(w.ask(50))
			w.say(ok5)
			w.Ask(w.ask(50))
			w.Push(w.say(no0))
			w.Advance(w.now + impatience + 2*tick)
		}, 2},
		{"behind a tunnel", func(w *wire) {
			w.Ask(w.ask(50))
			w.Push(w.say("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
			w.Ask(w.ask(50))
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWire(Config{Body: 1000})
			tt.run(w)
			if len(w.got) != tt.want {
				t.Errorf("told %q", w.got)
			}
		})
	}
}

// TestReset: a body that ends with its connection has no length where a reset ended that.
func TestReset(t *testing.T) {
	for _, flag := range []capture.Flags{capture.FIN, capture.RST} {
		w, got := newWire(Config{}), ""
		w.Reader = New(Config{Body: 1000}, func(a *Answer) { got = fmt.Sprint(string(a.Body), a.BodyLen, a.Whole) })
		w.Ask(w.ask(50))
		w.Push(w.say("HTTP/1.1 200 OK\r\n\r\nbody"))
		s := w.say("")
		s.Flags |= flag
		w.Push(s)
		if want := map[capture.Flags]string{capture.FIN: "body4 true", capture.RST: "body-1 false"}[flag]; got != want {
			t.Errorf("%v: %s, want %s", flag, got, want)
		}
	}
}
