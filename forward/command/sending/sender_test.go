package sending

import (
	"bytes"
	"fmt"
	"testing"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/answers"
	"gor/udpwire"
)

// A fakeWire keeps what it is sent, or refuses it.
type fakeWire struct {
	err     error
	sent    []udpwire.Message
	flushes int
}

func (w *fakeWire) Send(m *udpwire.Message) error {
	if w.err == nil {
		c := *m
		c.Body = bytes.Clone(m.Body)
		w.sent = append(w.sent, c)
	}
	return w.err
}

func (w *fakeWire) Flush() { w.flushes++ }

var (
	aClient = capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}, Port: 40000}
	aServer = capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 2}, Port: 80}
)

// TestRequest: a request and its answer have the same user, connection and index, and
// the request says that the answer follows.
func TestRequest(t *testing.T) {
	wire := &fakeWire{}
	s := New(wire, nil)
	r := &reassembly.Request{Index: 3, Client: aClient, Server: aServer, Last: 7, Raw: []byte("GET / HTTP/1.1\r\n\r\n")}
	r.Answered = true
	r.SetUser(11, true)
	if fate := s.Take(r); fate != reassembly.Sent {
		t.Fatal(fate)
	}
	q := answers.Question{Client: aClient, Server: aServer, Conn: r.Conn(), Index: 3, User: 11, Crowd: true, Time: 7}
	s.Answer(&answers.Answer{Question: q, At: 9, Status: 200, Head: []byte("HTTP/1.1 200 OK\r\n\r\n"), Body: []byte("body"), BodyLen: 4, Whole: true, Hash: 5})
	s.Answer(&answers.Answer{Question: q, Missing: true})
	s.Flush()
	if len(wire.sent) != 3 || wire.flushes != 1 || s.Stats() != (Stats{Sent: 2}) {
		t.Fatalf("%d messages, %d flushes, %+v", len(wire.sent), wire.flushes, s.Stats())
	}
	request, whole, missing := wire.sent[0], wire.sent[1], wire.sent[2]
	for i, m := range wire.sent {
		if m.User != 11 || !m.Crowd || m.Conn != r.Conn() || m.Index != 3 || m.Dst != aServer.AddrPort() || m.Src != aClient.AddrPort() {
			t.Errorf("message %d: %+v", i, m)
		}
	}
	if request.Kind != udpwire.KindRequest || !request.Answered || request.Time != 7 || string(request.Body) != string(r.Raw) {
		t.Errorf("%+v", request)
	}
	if whole.Kind != udpwire.KindResponse || whole.Answered || whole.Time != 9 || missing.Kind != udpwire.KindResponse || missing.Time != 7 {
		t.Errorf("%+v\n%+v", whole, missing)
	}
	got, ok := udpwire.ParseResponse(whole.Body)
	if want := (udpwire.Response{Whole: true, BodyLen: 4, Hash: 5, Head: []byte("HTTP/1.1 200 OK\r\n\r\n"), Body: []byte("body")}); !ok || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, ok := udpwire.ParseResponse(missing.Body); !ok || !got.Missing {
		t.Errorf("%+v", got)
	}
}

// TestRefused: what the wire refuses is counted, an answer apart from a request, and
// nobody to send to is the end.
func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		err  error
		fate reassembly.Fate
		want Stats
		ends int
	}{
		{udpwire.ErrQueueFull, reassembly.QueueFull, Stats{QueueFull: 1}, 0},
		{udpwire.ErrUnwanted, reassembly.Filtered, Stats{Unwanted: 1}, 0},
		{udpwire.ErrTooLarge, reassembly.TooLarge, Stats{TooLarge: 1}, 0},
		{fmt.Errorf("wrapped: %w", udpwire.ErrNobody), reassembly.Skipped, Stats{Skipped: 1}, 2},
	} {
		ends := 0
		s := New(&fakeWire{err: tt.err}, func() { ends++ })
		fate := s.Take(&reassembly.Request{Client: aClient, Server: aServer})
		s.Answer(&answers.Answer{Question: answers.Question{Client: aClient, Server: aServer}, Missing: true})
		if fate != tt.fate || s.Stats() != tt.want || ends != tt.ends {
			t.Errorf("%v: %v, %+v, ended %d times", tt.err, fate, s.Stats(), ends)
		}
	}
}
