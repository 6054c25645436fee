package reassembly

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gor/capture"
)

const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"

// readings are the readings the package comment promises: what comes out of
// a stream, and the accounts of what does not.
var readings = []struct {
	name, in string
	want     int    // requests handed on
	lost     string // the others' fates, and what else the stream is
}{
	{"one", next, 1, ""},
	{"pipelined", next + next + next, 3, ""},
	{"empty lines before", "\r\n\n\r\n" + next + "\r\n" + next, 2, ""},
	{"bare LF", "GET / HTTP/1.1\nHost: a\n\n" + next, 2, ""},
	{"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n" + next, 2, ""},
	{"any method", "PURGE / HTTP/1.1\r\n\r\nx-Y!#$%&'*+.^_`|~9 / HTTP/1.1\r\n\r\n", 2, ""},
	{"absolute and other targets", "OPTIONS * HTTP/1.1\r\n\r\nGET http://a/%zz?|\" HTTP/1.1\r\n\r\nGET /\xff\xe4 HTTP/1.1\r\n\r\n", 3, ""},
	{"length", "POST / HTTP/1.1\r\ncontent-length:  5 \r\n\r\nhello" + next, 2, ""},
	{"length 0", "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + next, 2, ""},
	{"the same length twice", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5, 5\r\n\r\nhello" + next, 2, ""},
	{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello" + next, 0, "malformed"},
	{"two lengths in a list", "POST / HTTP/1.1\r\nContent-Length: 5, 6\r\n\r\nhello" + next, 0, "malformed"},
	{"signed length", "POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello" + next, 0, "malformed"},
	{"empty length", "POST / HTTP/1.1\r\nContent-Length: \r\n\r\n" + next, 0, "malformed"},
	{"hexadecimal length", "POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhello" + next, 0, "malformed"},
	{"length beyond 2^63", "POST / HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\n" + next, 0, "malformed"},
	{"huge length", "POST / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n" + next, 0, "too_large"},
	{"length and chunked", "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"chunked and length", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nSum: 1\r\n\r\n" + next, 2, ""},
	{"chunk size with leading zeros", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000000000005 \r\nhello\r\n000\r\n\r\n" + next, 2, ""},
	{"chunk size beyond 2^63", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\n" + next, 0, "malformed"},
	{"chunk size beyond 2^64", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"chunk size missing", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n" + next, 0, "malformed"},
	{"chunk line with bare LF", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"chunk data longer than its size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"control character in a chunk extension", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;\x00\r\nhello\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"trailer without colon", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nfoo\r\n\r\n" + next, 2, ""},
	{"chunked twice", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"not quite chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"chunked not last", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"identity", "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n" + next, 0, "malformed"},
	{"compressed and chunked", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + next, 0, "unsupported"},
	{"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"space before the colon", "POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\nhello" + next, 0, "malformed"},
	{"no colon", "GET / HTTP/1.1\r\nfoo\r\n\r\n" + next, 2, ""},
	{"empty name", "GET / HTTP/1.1\r\n: foo\r\n\r\n" + next, 2, ""},
	{"folded line", "GET / HTTP/1.1\r\nX: a\r\n b\r\n\tc\r\n\r\n" + next, 2, ""},
	{"folded length", "POST / HTTP/1.1\r\nContent-Length: 5\r\n 0\r\n\r\nhello" + next, 0, "malformed"},
	{"folded coding", "POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + next, 0, "malformed"},
	{"space before the first field", "GET / HTTP/1.1\r\n X: a\r\n\r\n" + next, 2, ""},
	{"NUL in a value", "GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n" + next, 0, "malformed"},
	{"DEL in a value", "GET / HTTP/1.1\r\nX: a\x7fb\r\n\r\n" + next, 2, ""},
	{"bare CR in a value", "GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n" + next, 0, "malformed"},
	{"high bytes and tabs in a value", "GET / HTTP/1.1\r\nX:\ta\xffb\t\r\n\r\n" + next, 2, ""},
	{"space in the target", "GET /a b HTTP/1.1\r\n\r\n" + next, 2, ""},
	{"two spaces", "GET  / HTTP/1.1\r\n\r\n" + next, 2, ""},
	{"HTTP/1.1 and more", "GET / HTTP/1.1x\r\n\r\n" + next, 0, "malformed"},
	{"lower-case version after a request", next + "GET / http/1.1\r\n\r\n", 1, "malformed"},
	{"HTTP/0.9", "GET /\r\n" + next, 0, "unsupported"},
	{"HTTP/2.0 in a request line", "GET / HTTP/2.0\r\n\r\n" + next, 0, "unsupported"},
	{"upgrade that was ignored", "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n" + next, 2, ""},
	{"upgrade to binary", "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\x81\x85abcd" + next, 1, "streams_upgraded"},
	{"upgrade to HTTP/2", "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 1, "streams_http2"},
	{"tunnel", "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\x03\x01" + next, 1, "streams_tunnel"},
	{"expect 100-continue", "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi" + next, 2, ""},
	{"body that looks like a request", fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s", len(next), next) + next, 2, ""},
	{"marked", "GET / HTTP/1.1\r\ngor-replayed: 1\r\n\r\n" + next, 1, "loop"},
	{"ends in the line", next + "GET /", 1, "aborted"},
	{"ends in a field", "GET / HTTP/1.1\r\nHo", 0, "aborted"},
	{"ends in the body", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", 0, "aborted"},
	{"ends in a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhell", 0, "aborted"},
	{"TLS", "\x16\x03\x01\x02\x00\x01\x00", 0, "streams_tls"},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00", 0, "streams_http2"},
	{"SSH", "SSH-2.0-OpenSSH_9.6\r\n", 0, "streams_ssh"},
	{"SOCKS", "\x05\x01\x00", 0, "streams_socks"},
	{"binary", "\x00\x01\x02" + next, 0, "streams_unknown"},
	{"text", "EHLO example.org\r\n", 0, "streams_unknown"},
	{"PROXY protocol 1", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n" + next, 1, ""},
	{"PROXY protocol 2", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c0123456789ab" + next, 1, ""},
	{"garbage after a request", next + "\x00" + next, 1, "malformed"},
	{"method too long", strings.Repeat("A", 65) + " / HTTP/1.1\r\n\r\n", 0, "streams_unknown"},
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

func TestReadings(t *testing.T) {
	for _, tt := range readings {
		t.Run(tt.name, func(t *testing.T) {
			in := []byte(tt.in)
			requests, st := readAll(in)
			if got := losses(st); len(requests) != tt.want || got != tt.lost {
				t.Fatalf("%d requests, lost %q; want %d, %q: %q", len(requests), got, tt.want, tt.lost, requests)
			}
			if tt.lost == "" && !bytes.Contains(in, requests[0]) {
				t.Errorf("not in the stream: %q", requests[0])
			}
			r2, s2 := readAll(single(in)...)
			sameResult(t, "byte by byte", requests, r2, st, s2)
			for i := 1; i < len(in); i++ {
				r2, s2 = readAll(in[:i], in[i:])
				sameResult(t, fmt.Sprintf("cut at %d", i), requests, r2, st, s2)
			}
		})
	}
}

// readAll reads a stream that comes in these pieces, in order.
func readAll(pieces ...[]byte) (requests [][]byte, st Stats) {
	a := New(Config{}, func(r *Request) Fate {
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
