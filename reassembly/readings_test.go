package reassembly

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gor/capture"
	"gor/reassembly/http1"
	"gor/reassembly/http1/http1test"
)

const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

// small is a configuration whose Assembler is made quickly, for tests that make
// thousands.
var small = Config{MaxMemory: 1 << 20, MaxRequest: 512}

// readings are streams that the table of odd requests has no place for: what
// comes out of them, and the accounts of what does not.
var readings = []struct {
	name, in string
	want     int    // requests handed on
	lost     string // the others' fates, and what else the stream is
}{
	{"pipelined", next + next + next, 3, ""},
	{"empty lines before", "\r\n\n\r\n" + next + "\r\n" + next, 2, ""},
	{"longer than MaxRequest", post(1, strings.Repeat("x", 600)) + next, 1, "too_large"},
	{"longer than MaxRequest in chunks", chunked(1, strings.Repeat("x", 400), strings.Repeat("y", 400)) + next, 1, "too_large"},
	{"huge length", "POST / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n" + next, 0, "too_large"},
	{"lower-case version after a request", next + "GET / http/1.1\r\n\r\n", 1, "malformed"},
	{"upgrade to binary", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x85abcd" + next, 1, "streams_upgraded"},
	{"upgrade to HTTP/2", "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, "streams_http2"},
	{"tunnel", "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01" + next, 1, "streams_tunnel"},
	{"body that looks like a request", fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", len(next), next) + next, 2, ""},
	{"marked", "GET / HTTP/1.1\r\ngor-replayed: 1\r\n\r\n" + next, 1, "loop"},
	{"ends in the line", next + "GET /", 1, "aborted"},
	{"ends in a field", "GET / HTTP/1.1\r\nHo", 0, "aborted"},
	{"ends in the body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", 0, "aborted"},
	{"ends in a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", 0, "aborted"},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00", 0, "streams_http2"},
	{"binary", "\x00\x01\x02" + next, 0, "streams_unknown"},
	{"PROXY protocol 1", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + next, 1, ""},
	{"PROXY protocol 2", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c0123456789ab" + next, 1, ""},
	{"garbage after a request", next + "\x00" + next, 1, "malformed"},
}

// losses lists the accounts that say why something was not handed on.
func losses(st Stats) string {
	var lost []string
	add := func(name string, n uint64) {
		for range min(n, 9) {
			lost = append(lost, name)
		}
	}
	for f, n := range st.Fates {
		if Fate(f) != Sent {
			add(Fate(f).String(), n)
		}
	}
	add("missing_bytes", st.MissingBytes)
	add("connections_evicted", st.Evicted)
	for p, n := range st.Streams {
		add("streams_"+Protocol(p).String(), n)
	}
	return strings.Join(lost, " ")
}

// TestReadings holds what the package comment says of fates, however a stream is
// cut.
func TestReadings(t *testing.T) {
	for _, tt := range readings {
		t.Run(tt.name, func(t *testing.T) {
			requests, st := readCut(t, []byte(tt.in))
			if got := losses(st); len(requests) != tt.want || got != tt.lost {
				t.Fatalf("%d requests, lost %q; want %d, %q: %q", len(requests), got, tt.want, tt.lost, requests)
			}
			if tt.lost == "" && !strings.Contains(tt.in, string(requests[0])) {
				t.Errorf("not in the stream: %q", requests[0])
			}
		})
	}
}

// TestOddRequests: each odd request comes out as it went in and the next one
// behind it, or its fate is the one that the table says and nothing comes out.
func TestOddRequests(t *testing.T) {
	for _, tt := range http1test.Requests(t) {
		t.Run(tt.Name, func(t *testing.T) {
			requests, st := readCut(t, append(tt.Raw, next...))
			var want [][]byte
			streams := uint64(0)
			for _, n := range st.Streams {
				streams += n
			}
			ok := st.Captured == 1 && streams == 0
			switch tt.Want {
			case "sent":
				want = [][]byte{tt.Raw[http1.EmptyLines(tt.Raw):], []byte(next)}
				ok = st.Captured == 2 && st.Fates[Sent] == 2 && streams == 0
			case "malformed":
				ok = ok && st.Fates[Malformed] == 1
			case "unsupported":
				ok = ok && st.Fates[Unsupported] == 1
			case "other":
				ok = st.Captured == 0 && streams == 1
			}
			if !ok || !slices.EqualFunc(requests, want, bytes.Equal) {
				t.Errorf("%q came out, accounts %+v", requests, st)
			}
		})
	}
}

// readCut reads a stream whole, byte by byte and cut at every place: the result
// has to be the same.
func readCut(t *testing.T, in []byte) (requests [][]byte, st Stats) {
	t.Helper()
	requests, st = readAll(in)
	r2, s2 := readAll(single(in)...)
	sameResult(t, "byte by byte", requests, r2, st, s2)
	for i := 1; i < len(in); i++ {
		r2, s2 = readAll(in[:i], in[i:])
		sameResult(t, fmt.Sprintf("cut at %d", i), requests, r2, st, s2)
	}
	return requests, st
}

// readAll reads a stream that comes in these pieces, in order.
func readAll(pieces ...[]byte) (requests [][]byte, st Stats) {
	a := New(small, func(r *Request) Fate {
		requests = append(requests, bytes.Clone(r.Raw))
		return Sent
	})
	c, s := endpoint(1, 1), endpoint(2, 80)
	a.Push(&capture.Segment{Time: 1, Src: c, Dst: s, Flags: capture.SYN, Seq: 99})
	at := uint32(100)
	for _, p := range pieces {
		a.Push(&capture.Segment{Time: 2, Src: c, Dst: s, Flags: capture.ACK, Seq: at, Payload: bytes.Clone(p)})
		at += uint32(len(p))
	}
	a.Close()
	return requests, a.Stats()
}

func single(b []byte) (pieces [][]byte) {
	for i := range b {
		pieces = append(pieces, b[i:i+1])
	}
	return pieces
}

func sameResult(t *testing.T, how string, r1, r2 [][]byte, s1, s2 Stats) {
	t.Helper()
	if !slices.EqualFunc(r1, r2, bytes.Equal) {
		t.Fatalf("%s: %q, whole: %q", how, r2, r1)
	}
	if s1.Captured != s2.Captured || s1.Fates != s2.Fates || s1.Streams != s2.Streams {
		t.Fatalf("%s: accounts %+v, whole: %+v", how, s2, s1)
	}
}
