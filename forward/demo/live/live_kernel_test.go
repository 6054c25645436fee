//go:build linux

package live

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"gor/capture"
	"gor/reassembly"
)

// TestKernelReadsTheSame sends segments as no sane client does to a real socket,
// and the same to package reassembly: the requests that lie in what the
// server's kernel reads are those that are handed on.
//
// Each plan is the segments of one connection, left to chance: overlaps with other
// bytes, disorder, repetitions, wrong checksums, an urgent byte, FINs at one place,
// RSTs and SYNs that are not the next, segments of other connections.
func TestKernelReadsTheSame(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	h := m.newRawHost()
	arrived := m.web.newReader(":80")
	w := m.web.newWitness(t)
	const plans = 3000
	server, sent := make(map[uint16]string), make(map[uint16]*plan)
	for seed := range uint64(plans) {
		c := h.connect()
		p := newPlan(seed)
		c.send(p.segments...)
		sent[c.port] = p
		r := receiveOne(t, arrived)
		server[r.port] = r.text
		w.look()
	}
	w.end()
	for port, p := range sent {
		want := wholeRequests(server[port])
		if got := w.requests[port]; !slices.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Errorf("%v\nhanded on %d requests, the server read %d; from number %d on:\n%q\n%q", p, len(got), len(want), i, got[i:], want[i:])
		}
	}
}

// A plan is the segments of a connection.
type plan struct {
	seed     uint64
	segments []segment
}

func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "plan %d:", p.seed)
	for _, s := range p.segments {
		fmt.Fprintf(&b, "\n  %d-%d flags %#02x urgent %d damaged %t %q", s.at, s.at+len(s.data), s.flags, s.urgent, s.damaged, s.data)
	}
	return b.String()
}

const (
	planHead, planTail = "GET /", " HTTP/1.1\r\n\r\n"
	planRequest        = 64 // bytes of each request of a plan
)

// A planner makes a plan.
type planner struct {
	*plan
	r       *rand.Rand
	size    int    // bytes of the stream
	covered []bool // which bytes the server has, but for what FINs and RSTs change
	hostile int    // what is in the plan besides data
	end     int    // where its FINs are; data comes from beyond as well
	marked  bool   // a byte was declared urgent
}

// newPlan makes a plan. In half of them every segment has other bytes, and no two
// touch, for they begin at even bytes and end at odd ones: where they do, the
// kernel joins them if its memory happens to lie so, and what overlaps later meets
// one segment or two. In the other half they lie anywhere, and the bytes are the
// same.
func newPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	size := planRequest*(2+r.IntN(10)) + 1
	p := planner{plan: &plan{seed: seed}, r: r, size: size, covered: make([]bool, size), hostile: r.IntN(6), end: r.IntN(size) &^ 1}
	for n := range 3 + r.IntN(30) {
		if len(p.segments) > 0 && r.IntN(12) == 0 { // again
			p.segments = append(p.segments, p.segments[r.IntN(len(p.segments))])
			continue
		}
		s := p.piece(n)
		if s.damaged = r.IntN(10) == 0; r.IntN(6) == 0 {
			s = p.odd(s, n)
		}
		p.add(s)
	}
	for p.next() < size { // what is still missing
		from := p.next() &^ 1
		to := min(from+1+r.IntN(150)|1, size)
		p.add(segment{at: from, data: p.text(from, to, len(p.segments))})
	}
	p.add(segment{at: size, flags: flagFIN})
	return p.plan
}

// next is the next byte of the server.
func (p *planner) next() int {
	if i := slices.Index(p.covered, false); i >= 0 {
		return i
	}
	return p.size
}

func (p *planner) add(s segment) {
	p.segments = append(p.segments, s)
	if s.damaged || s.flags&(flagRST|flagSYN) != 0 || s.at < 0 || s.at >= p.size {
		return
	}
	for i := range s.data {
		p.covered[s.at+i] = true
	}
}

// isApart reports whether the plan's segments have bytes of their own.
func (p *plan) isApart() bool { return p.seed%2 == 0 }

// piece is a segment of data near the next byte.
func (p *planner) piece(n int) segment {
	from := max(0, p.next()-60+p.r.IntN(300))
	if from >= p.size {
		from = p.r.IntN(p.size)
	}
	to := min(from+1+p.r.IntN(150), p.size)
	if p.isApart() {
		from &^= 1
		to = min(to|1, p.size)
	}
	return segment{at: from, data: p.text(from, to, n)}
}

// odd makes of a segment of data what the plan has besides.
func (p *planner) odd(s segment, n int) segment {
	switch p.hostile {
	case 1:
		if s.at <= p.end && p.end < s.at+200 {
			s.flags = flagFIN
			s.data = p.text(s.at, p.end, n) // the FIN is the odd byte
		}
	case 2:
		at := p.next() + p.r.IntN(200)
		if !p.marked && at >= s.at && at%planRequest > len(planHead) && at%planRequest < planRequest-len(planTail) {
			p.marked = true
			s.flags, s.urgent = flagURG, uint16(at-s.at+1)
		}
	case 3:
		return segment{at: p.next() + 1 + p.r.IntN(500), flags: flagRST}
	case 4:
		if p.next() == 0 { // before the first byte, the later of two SYNs counts
			break
		}
		syn := segment{at: p.next() - 20 + p.r.IntN(500), flags: flagSYN}
		if p.r.IntN(2) == 0 {
			syn.data = s.data
		}
		return syn
	case 5: // of another connection
		s.at += []int{1 << 30, -1 << 30, 128 << 20, 1<<31 - 1}[p.r.IntN(4)]
		s.flags = []byte{0, flagFIN, flagRST, flagURG}[p.r.IntN(4)]
	}
	return s
}

// text is what segment number n has of the stream: requests, whose paths are the
// segment's own where the plan has them apart.
func (p *plan) text(from, to, n int) string {
	const colours = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	b := make([]byte, to-from)
	for k := range b {
		i, colour := (from+k)%planRequest, (from+k)/planRequest
		if p.isApart() {
			colour = n
		}
		switch {
		case i < len(planHead):
			b[k] = planHead[i]
		case i >= planRequest-len(planTail):
			b[k] = planTail[i-planRequest+len(planTail)]
		default:
			b[k] = colours[colour%len(colours)]
		}
	}
	return string(b)
}

// A reading is what a server has read of a connection until its end.
type reading struct {
	port uint16 // the client's
	text string
}

// newReader runs a server that reads each connection to its end, and tells what
// it has read.
func (n *namespace) newReader(addr string) <-chan reading {
	n.t.Helper()
	ln := n.listen(addr)
	out := make(chan reading, 16)
	go func() { // ends with the listener
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { // ends with its client
				defer c.Close()
				text, _ := io.ReadAll(c) // a reset is an end as well
				out <- reading{uint16(c.RemoteAddr().(*net.TCPAddr).Port), string(text)}
			}()
		}
	}()
	return out
}

func receiveOne(t *testing.T, from <-chan reading) reading {
	t.Helper()
	select {
	case r := <-from:
		return r
	case <-time.After(patience):
		t.Fatal("a connection does not end")
		return reading{}
	}
}

// A witness captures in a namespace what goes to port 80, as the listener does,
// and keeps the requests that are handed on, by the ports of their clients.
type witness struct {
	t         *testing.T
	ring      *capture.Ring
	decoder   *capture.Decoder
	assembler *reassembly.Assembler
	segments  []capture.Segment
	requests  map[uint16][]string
}

func (n *namespace) newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{t: t, segments: make([]capture.Segment, 64), requests: make(map[uint16][]string)}
	var err error
	n.do(func() {
		w.ring, err = capture.OpenRing(capture.RingConfig{Interfaces: []string{"w0"}, Ports: []uint16{80}})
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.ring.Close() })
	w.decoder = capture.NewDecoder(capture.DecoderConfig{Ports: []uint16{80}})
	w.assembler = reassembly.New(reassembly.Config{}, func(r *reassembly.Request) reassembly.Fate {
		w.requests[r.Client.Port] = append(w.requests[r.Client.Port], string(r.Raw))
		return reassembly.Sent
	})
	return w
}

// look takes in what the kernel has handed over.
func (w *witness) look() {
	w.t.Helper()
	for w.ring.Ready() {
		w.next()
	}
}

func (w *witness) next() error {
	w.t.Helper()
	n, err := w.ring.Next(w.decoder, w.segments)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatal(err)
	}
	w.assembler.PushAll(w.segments[:n])
	return err
}

// end takes in all, until nothing has come for a tick.
func (w *witness) end() {
	w.t.Helper()
	for w.next() == nil {
	}
	w.assembler.Close()
	if st := w.ring.Stats(); st.Drops > 0 {
		w.t.Fatalf("the ring was too small: %+v", st)
	}
	w.t.Logf("decoder: %+v\nreassembly: %+v", w.decoder.Stats(), w.assembler.Stats())
}

// wholeRequests cuts a stream into requests without bodies, and leaves out
// what is not whole at its end.
func wholeRequests(stream string) (whole []string) {
	for {
		end := strings.Index(stream, "\r\n\r\n")
		if end < 0 {
			return whole
		}
		whole = append(whole, stream[:end+4])
		stream = stream[end+4:]
	}
}
