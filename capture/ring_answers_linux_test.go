package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// anAnswer begins like all answers, and is longer than what is kept of one.
var anAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + strings.Repeat("b", 20000)

// serveAnswers answers whatever is read on a listener's connections.
func serveAnswers(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 1<<16)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
				if _, err := io.WriteString(c, anAnswer); err != nil {
					return
				}
			}
		}()
	}
}

// ask sends requests on a connection of its own, and returns the client's endpoint.
func ask(t *testing.T, l net.Listener, requests int) Endpoint {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range requests {
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, make([]byte, len(anAnswer))); err != nil {
			t.Fatal(err)
		}
	}
	return EndpointOf(c.LocalAddr().(*net.TCPAddr).AddrPort())
}

// drain reads a ring until nothing has come for a tick.
func drain(t *testing.T, r *Ring, d *Decoder, f func(*Segment)) {
	t.Helper()
	segs := make([]Segment, 7)
	for {
		n, err := r.Next(d, segs)
		for i := range segs[:n] {
			if segs[i].FromServer != segs[0].FromServer {
				t.Fatal("segments of both ends at once")
			}
			f(&segs[i])
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestRingAnswers: answers of the share's connections come, each head once though
// loopback shows it twice, and are marked; those of others do not, and of bodies what
// is wanted.
func TestRingAnswers(t *testing.T) {
	for _, tt := range []struct {
		share float64
		body  int
	}{{1, 0}, {0.5, 0}, {0, 0}, {1, 1 << 10}, {0.5, 64 << 10}} {
		t.Run(fmt.Sprintf("share %g, bodies of %d bytes", tt.share, tt.body), func(t *testing.T) {
			filter := &AnswerFilter{Share: ShareOf(tt.share), Body: tt.body}
			r, l := openLoopback(t, RingConfig{Tick: 100 * time.Millisecond, Answers: filter})
			go serveAnswers(l)
			wanted, want := map[Endpoint]bool{}, 0
			for range 20 {
				if client := ask(t, l, 3); filter.Share.Has(&client) {
					wanted[client] = true
					want += 3
				}
			}
			port := uint16(l.Addr().(*net.TCPAddr).Port)
			d, requests, heads, bytes := NewDecoder(DecoderConfig{Ports: []uint16{port}}), 0, 0, 0
			drain(t, r, d, func(s *Segment) {
				switch {
				case !s.FromServer:
					if s.Dst.Port != port {
						t.Errorf("%v to %v", s.Src, s.Dst)
					}
					requests += min(len(s.Payload), 1)
					return
				case s.Src.Port != port || !wanted[s.Dst]:
					t.Errorf("an answer to %v from %v", s.Dst, s.Src)
				case len(s.Payload) == 0 && !s.Flags.Has(FIN):
					t.Error("an answer says nothing")
				}
				if strings.HasPrefix(string(s.Payload), "HTTP/1.1 200 OK\r\n") {
					heads++
				} else if tt.body == 0 {
					t.Errorf("%d bytes of a body", len(s.Payload))
				}
				if len(s.Payload) > headSnap+tt.body || s.Cut > 0 && len(s.Payload) < headSnap+tt.body-120 {
					t.Errorf("%d bytes and %d more", len(s.Payload), s.Cut)
				}
				bytes += len(s.Payload) + s.Cut
			})
			if requests != 60 || heads != want {
				t.Errorf("%d requests and %d heads, want 60 and %d", requests, heads, want)
			}
			if tt.body > 0 && bytes != want*len(anAnswer) {
				t.Errorf("%d bytes of answers, want %d", bytes, want*len(anAnswer))
			}
			kernel, decoded := r.Stats(), d.Stats()
			if kernel.AnswerPackets != decoded.Answers || kernel.AnswerDrops != 0 || kernel.Drops != 0 || kernel.Truncated != 0 || decoded.Cut != 0 {
				t.Errorf("%+v\n%+v", kernel, decoded)
			}
		})
	}
}

// TestRingAnswersDrops: answers that nobody reads overflow their own ring, and no
// request is lost for them.
func TestRingAnswersDrops(t *testing.T) {
	r, l := openLoopback(t, RingConfig{Tick: 50 * time.Millisecond, Answers: &AnswerFilter{Share: AllConnections, Body: 1 << 20}})
	go serveAnswers(l)
	const asked = 2500 // answers of 50 MB, in a ring of 32 MiB
	ask(t, l, asked)
	d, requests, answers := NewDecoder(DecoderConfig{Ports: []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}}), 0, 0
	drain(t, r, d, func(s *Segment) {
		if s.FromServer {
			answers++
		} else {
			requests += min(len(s.Payload), 1)
		}
	})
	if st := r.Stats(); requests != asked || st.Drops != 0 || st.AnswerDrops == 0 || answers == 0 {
		t.Errorf("%d requests, %d answers, %+v", requests, answers, st)
	}
}
