package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
)

// A scribbling is a Scribe, and what it has written so far.
type scribbling struct {
	*Scribe
	rec  *Recorder
	file bytes.Buffer
}

func newScribbling(t *testing.T) *scribbling {
	t.Helper()
	w := &scribbling{}
	rec, err := newRecorder(&w.file, RecorderConfig{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	w.rec, w.Scribe = rec, NewScribe(rec)
	return w
}

// segments ends the recording and returns all segments, in words.
func (w *scribbling) segments(t *testing.T) (all []Segment) {
	t.Helper()
	if err := w.rec.Close(); err != nil {
		t.Fatal(err)
	}
	src, err := OpenFile(bytes.NewReader(w.file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	d, segs := NewDecoder(DecoderConfig{AnyPort: true}), make([]Segment, 8)
	for err == nil {
		var n int
		n, err = src.Next(d, segs)
		for _, s := range segs[:n] {
			s.Payload = bytes.Clone(s.Payload)
			all = append(all, s)
		}
	}
	if st := d.Stats(); !errors.Is(err, io.EOF) || st.BadChecksum+st.Malformed+st.ChecksumIgnored > 0 {
		t.Errorf("%v, %+v", err, st)
	}
	return all
}

// TestScribe: the packets of a request are those of a connection, with its own
// addresses and times, and sums that are right.
func TestScribe(t *testing.T) {
	for _, ends := range [][2]string{{"10.0.0.1:4000", "10.0.0.2:80"}, {"[2001:db8::1]:4000", "[2001:db8::2]:80"}} {
		client, server := netip.MustParseAddrPort(ends[0]), netip.MustParseAddrPort(ends[1])
		w := newScribbling(t)
		large := strings.Repeat("x", 3*scribeSegment+1)
		w.Write(1, 5, client, server, []byte("one"))
		w.Write(1, 6, client, server, []byte(large))
		w.Write(2, 7, client, server, []byte("another connection"))
		var got strings.Builder
		var next uint32
		bodies := map[int64]string{}
		for _, s := range w.segments(t) { // what says nothing is left out
			from := "client"
			if s.Src.AddrPort() == server {
				from = "server"
			}
			fmt.Fprintf(&got, "%d %s %v %d\n", s.Time, from, s.Flags, len(s.Payload))
			switch {
			case from == "server":
				continue
			case s.Flags.Has(SYN):
				next = s.Seq + 1
			case s.Seq != next || s.Src.AddrPort() != client:
				t.Errorf("%v: seq %d, want %d", s.Src, s.Seq, next)
			}
			next += uint32(len(s.Payload))
			bodies[s.Time] += string(s.Payload)
		}
		const want = `5 client SYN 0
5 server SYN|ACK 0
5 client PSH|ACK 3
6 client ACK 32768
6 client ACK 32768
6 client ACK 32768
6 client PSH|ACK 1
7 client FIN|ACK 0
7 client SYN 0
7 server SYN|ACK 0
7 client PSH|ACK 18
`
		if got.String() != want {
			t.Errorf("%s", got.String())
		}
		if bodies[5] != "one" || bodies[6] != large || bodies[7] != "another connection" {
			t.Errorf("other bytes: %d, %d, %d", len(bodies[5]), len(bodies[6]), len(bodies[7]))
		}
	}
}

// TestScribeBounded: of connections that are too many the silent ones are closed,
// and begin anew with a handshake.
func TestScribeBounded(t *testing.T) {
	w := newScribbling(t)
	w.limit = 10
	server := netip.MustParseAddrPort("10.0.0.2:80")
	for i := range 200 {
		client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 9}), uint16(i+1))
		w.Write(uint64(i), int64(i), client, server, []byte("x"))
		w.Write(1000, int64(i), netip.MustParseAddrPort("10.0.0.1:1"), server, []byte("busy"))
		if n := len(w.young) + len(w.old); n > 20 {
			t.Fatalf("%d connections", n)
		}
	}
	w.Write(3, 500, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, 9}), 4), server, []byte("x"))
	begun, ended := map[Endpoint]int{}, map[Endpoint]int{}
	for _, s := range w.segments(t) {
		if s.Flags == SYN {
			begun[s.Src]++
		}
		if s.Flags.Has(FIN) {
			ended[s.Src]++
		}
	}
	busy := EndpointOf(netip.MustParseAddrPort("10.0.0.1:1"))
	again := EndpointOf(netip.MustParseAddrPort("10.0.0.9:4"))
	if begun[busy] != 1 || ended[busy] != 0 || begun[again] != 2 || ended[again] != 1 {
		t.Errorf("busy begun %d times and ended %d times, the silent one %d and %d", begun[busy], ended[busy], begun[again], ended[again])
	}
}

// TestScribeNobody: who sent a request need not be known.
func TestScribeNobody(t *testing.T) {
	w := newScribbling(t)
	w.Write(7, 1, netip.AddrPort{}, netip.AddrPort{}, []byte("x"))
	w.Write(7, 1, netip.AddrPort{}, netip.MustParseAddrPort("[::1]:80"), []byte("y"))
	w.Write(8, 1, netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("[::1]:80"), []byte("z"))
	var got string
	for _, s := range w.segments(t) {
		if len(s.Payload) > 0 {
			got += s.Src.String() + ">" + s.Dst.String() + " " + string(s.Payload) + " "
		}
	}
	if want := "198.51.100.0:32775>192.0.2.1:80 x 198.51.100.0:32775>192.0.2.1:80 y 198.51.100.0:32776>192.0.2.1:80 z "; got != want {
		t.Errorf("%q", got)
	}
}

// TestScribeNoAllocations: nothing is allocated for a request.
func TestScribeNoAllocations(t *testing.T) {
	rec, err := newRecorder(writerFunc(io.Discard.Write), RecorderConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	w, request := NewScribe(rec), bytes.Repeat([]byte("x"), 1000)
	client, server := netip.MustParseAddrPort("10.0.0.1:4000"), netip.MustParseAddrPort("10.0.0.2:80")
	w.Write(1, 1, client, server, request)
	if n := testing.AllocsPerRun(1000, func() { w.Write(1, 1, client, server, request) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
