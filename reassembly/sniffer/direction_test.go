package sniffer

import (
	"strings"
	"testing"

	"gor/capture"
)

// TestDirections: which segments are a client's. Each step is a segment: who sends
// it, and what; in the end stands whether it is wanted. The client is c or d, the
// server s, on either side of each other.
func TestDirections(t *testing.T) {
	const (
		request  = "GET / HTTP/1.1\r\n"
		response = "HTTP/1.1 200 OK\r\n"
		secret   = "\x16\x03\x01\x02\x00\x01"
	)
	flags := map[string]capture.Flags{"SYN": capture.SYN, "SYNACK": capture.SYN | capture.ACK, "FIN": capture.FIN | capture.ACK, "RST": capture.RST}
	texts := map[string]string{"request": request, "response": response, "body": "some body", "secret": secret, "continue": "HTTP/1.1 100 Continue\r\n", "half": "HTTP/1.1"}
	for _, tt := range []struct{ name, steps string }{
		{"from the SYN on", "c SYN yes, s SYNACK no, c request yes, s response no, c body yes, s body no, c FIN yes, s FIN no"},
		{"the SYN alone says it", "c SYN yes, c body yes, s request no, s response no, c response yes"},
		{"the SYN with an ACK says it, too", "s SYNACK no, c body yes, s request no"},
		{"another protocol is the assembler's business, which knows its name", "c SYN yes, c secret yes, s secret no"},
		{"joined at a request", "c request yes, s response no, c body yes, s request no, c FIN yes, s FIN no"},
		{"joined at a response", "s body no, c body no, s response no, c body yes, c request yes, s request no"},
		{"joined in a body", "c body no, s continue no, c body yes"},
		{"joined at the end", "c FIN no, s FIN no, c RST no"},
		{"joined in what is not HTTP", "c secret no, s secret no, c half no"},
		{"only one direction", "c body no, c request yes, c body yes, c request yes, c FIN yes"},
		{"a download looks like a request", "s body no, s request yes, s body yes, c request yes, s response yes, s body no, s request no, c body yes"},
		{"what was known stays", "c request yes, s response no, c response yes, c request yes, s request no"},
		{"a SYN is believed more", "c response no, s request yes, s SYN yes, c SYNACK no, s body yes, c body no"},
		{"a stray SYN changes nothing", "c SYN yes, s SYN yes, s body no, c request yes, s response no"},
		{"used again the other way round", "c SYN yes, c request yes, s SYN yes, c SYNACK no, s request yes, c request no, c response no"},
	} {
		for _, turned := range []bool{false, true} {
			ends := directions{limit: 10}
			c := capture.Endpoint{Addr: [16]byte{15: 1}, Port: 40000}
			s := capture.Endpoint{Addr: [16]byte{15: 2}, Port: 80}
			if turned {
				c.Addr, s.Addr = s.Addr, c.Addr
			}
			for i, step := range strings.Split(tt.steps, ", ") {
				word := strings.Fields(step)
				seg := capture.Segment{Src: c, Dst: s, Flags: capture.ACK, Payload: []byte(texts[word[1]])}
				if word[0] == "s" {
					seg.Src, seg.Dst = s, c
				}
				if f, known := flags[word[1]]; known {
					seg.Flags = f
				} else if texts[word[1]] == "" {
					t.Fatalf("no such step: %s", step)
				}
				if got := len(ends.keep([]capture.Segment{seg})) == 1; got != (word[2] == "yes") {
					t.Errorf("%s (turned %v), step %d: %s: got %v", tt.name, turned, i, step, got)
				}
			}
		}
	}
}

// TestDirectionsBounded: what is known of connections is bounded, those that are in
// use stay known, and what is not HTTP is not remembered at all.
func TestDirectionsBounded(t *testing.T) {
	ends := directions{limit: 100}
	busy := capture.Segment{Src: capture.Endpoint{Port: 1}, Dst: capture.Endpoint{Port: 80}, Flags: capture.SYN}
	ends.keep([]capture.Segment{busy})
	busy.Flags, busy.Payload = capture.ACK, []byte("body")
	for i := range 10_000 {
		other := capture.Segment{Src: capture.Endpoint{Port: uint16(i + 2)}, Dst: capture.Endpoint{Port: 80}, Flags: capture.ACK, Payload: []byte("body")}
		if i%2 == 0 {
			other.Payload = []byte("GET / HTTP/1.1\r\n")
		}
		if n := len(ends.keep([]capture.Segment{other, busy})); n != 2-i%2 {
			t.Fatalf("%d: %d segments kept", i, n)
		}
		if n := len(ends.young) + len(ends.old); n > 200 {
			t.Fatalf("%d connections known", n)
		}
	}
	few := directions{limit: 100}
	for i := range 50 {
		few.keep([]capture.Segment{{Src: capture.Endpoint{Port: uint16(i + 2)}, Flags: capture.ACK, Payload: []byte("body")}})
	}
	if n := len(few.young); n != 0 {
		t.Errorf("%d connections of no known protocol are remembered", n)
	}
}

// BenchmarkDirections: what it costs to find out whose a segment is.
func BenchmarkDirections(b *testing.B) {
	ends := directions{limit: maxPairs}
	segs := make([]capture.Segment, 0, batchSize)
	const conns = 10_000
	var i uint32
	payload := []byte(get(1))
	b.ReportAllocs()
	for b.Loop() {
		i++
		s := capture.Segment{Dst: capture.Endpoint{Port: 80}, Flags: capture.ACK, Payload: payload}
		s.Src.Port = uint16(i % conns)
		segs = ends.keep(append(segs[:0], s))
	}
	if len(segs) != 1 {
		b.Fatal(segs)
	}
}
