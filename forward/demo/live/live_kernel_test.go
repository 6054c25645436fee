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
// Each plan is the segments of one connection, left to chance: overlaps, of which
// every segment has bytes of its own, disorder, repetitions, wrong checksums,
// urgent bytes, FINs and RSTs anywhere.
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

// planByte is the byte of a plan's stream at an offset, sent by segment number n:
// the path is the segment's own, the rest is the same in all.
func planByte(at, n int) byte {
	switch i := at % planRequest; {
	case i < len(planHead):
		return planHead[i]
	case i >= planRequest-len(planTail):
		return planTail[i-planRequest+len(planTail)]
	}
	const colours = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return colours[n%len(colours)]
}

func planText(from, to, n int) string {
	b := make([]byte, to-from)
	for i := range b {
		b[i] = planByte(from+i, n)
	}
	return string(b)
}

// newPlan makes a plan. No two of its segments touch, for they begin at even
// bytes and end at odd ones: where they do, the kernel joins them if its memory
// happens to lie so, and what overlaps later meets one segment or two.
func newPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &plan{seed: seed}
	size := planRequest*(2+r.IntN(10)) + 1 // an odd end
	covered := make([]bool, size)
	next := func() int { // of the server, but for FINs
		if i := slices.Index(covered, false); i >= 0 {
			return i
		}
		return size
	}
	hostile := r.IntN(6) // what is in the plan besides data
	mark := -1
	end := r.IntN(size) &^ 1 // of a plan with FINs; data comes from beyond it as well
	for n := range 3 + r.IntN(30) {
		if len(p.segments) > 0 && r.IntN(12) == 0 { // again
			p.segments = append(p.segments, p.segments[r.IntN(len(p.segments))])
			continue
		}
		from := max(0, next()-60+r.IntN(300))
		if from >= size {
			from = r.IntN(size)
		}
		from &^= 1
		to := min(from+1+r.IntN(150)|1, size)
		s := segment{at: from, data: planText(from, to, n), damaged: r.IntN(10) == 0}
		switch odd := r.IntN(6) == 0; {
		case odd && hostile == 1 && from <= end && end < from+200:
			s.flags = flagFIN
			s.data = planText(from, end, n) // the FIN is the odd byte
		case odd && hostile == 2 && mark < 0:
			if at := next() + r.IntN(200); at%planRequest > len(planHead) && at%planRequest < planRequest-len(planTail) && at-from < 1000 && at >= from {
				mark = at
				s.flags, s.urgent = flagURG, uint16(mark-from+1)
			}
		case odd && hostile == 3:
			s = segment{at: next() + 1 + r.IntN(500), flags: flagRST}
		case odd && hostile == 4 && next() > 0: // before the first byte, the later of two SYNs counts
			s = segment{at: next() - 20 + r.IntN(500), flags: flagSYN}
			if r.IntN(2) == 0 {
				s.data = planText(from, to, n)
			}
		case odd && hostile == 5:
			s.at += []int{1 << 30, -1 << 30, 128 << 20, 1<<31 - 1}[r.IntN(4)]
			s.flags = []byte{0, flagFIN, flagRST, flagURG}[r.IntN(4)]
		}
		p.segments = append(p.segments, s)
		if !s.damaged && s.at >= 0 && s.at < size && s.flags&(flagRST|flagSYN) == 0 {
			for i := range s.data {
				covered[s.at+i] = true
			}
		}
	}
	for next() < size {
		from := next() &^ 1
		to := min(from+1+r.IntN(150)|1, size)
		p.segments = append(p.segments, segment{at: from, data: planText(from, to, len(p.segments))})
		for i := from; i < to; i++ {
			covered[i] = true
		}
	}
	p.segments = append(p.segments, segment{at: size, flags: flagFIN})
	return p
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
