package reassembly

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// checkClean reads b up to each of cuts, and all of it, with what the processor
// has for it and line by line: the same must come of it.
func checkClean(t *testing.T, b []byte, cuts ...int) {
	t.Helper()
	checkMark(t, b, defaultMark, cuts)
}

func checkMark(t *testing.T, b []byte, mark string, cuts []int) {
	t.Helper()
	var fast, plain message
	for _, cut := range append(cuts, len(b)) {
		out := fast.head(b[:cut], mark)
		want := done
		if plain.state == stateStart {
			if want = plain.first(b[:cut]); want == done {
				plain.state = stateLine
			}
		}
		if want == done {
			want = plain.readLines(b[:cut], mark)
		}
		got := fast
		if out != more { // of no use any more
			got.line, got.scanned, got.framing = plain.line, plain.scanned, plain.framing
		}
		if out != want || got != plain {
			t.Fatalf("%d bytes of %q, cut at %d: %d, %+v; line by line %d, %+v", cut, b, cuts, out, got, want, plain)
		}
		if out != more {
			return
		}
	}
}

// oddities are parts of heads; most are ordinary.
var oddities = strings.Split("Host: a|Accept: */*|Cookie: "+strings.Repeat("c", 90)+"|X: |X-Y-Z:\ttab|Referer: /|Sec-Fetch-Dest: x|If-Modified-Since: x|"+
	"Content-Length: 5|content-length:5|Content-Length: 5, 6|CONTENT-LENGTH: +5|Transfer-Encoding: chunked|Transfer-Encoding: gzip|Upgrade: h2c|Gor-Replayed: 1|gor-replayed:|"+
	"Content-Length : 5| folded|\tfolded|no colon|:|Bad Name: x|X: \x00|X: \x7f|\x80: x|X: \x80\xff|X: \r|\r|a\nb: c|X: a\r\r|"+strings.Repeat("long", 300)+": x|X: "+strings.Repeat("long", 300), "|")

func TestClean(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		line := []string{"GET / HTTP/1.1", "POST /a?b=c HTTP/1.0", "GET /" + strings.Repeat("p", r.IntN(80)) + " HTTP/1.1", "GET / HTTP/2.0", "GET /", "x", "GET /a b HTTP/1.1"}[min(r.IntN(20), 6)]
		b := []byte(line)
		for n := r.IntN(20); n > 0; n-- {
			kinds := 8
			if r.IntN(8) == 0 {
				kinds = len(oddities)
			} else if r.IntN(4) == 0 {
				kinds = 17
			}
			b = append(b, "\r\n"[min(r.IntN(60), 1)^1:]...)
			b = append(b, oddities[r.IntN(kinds)]...)
		}
		b = append(b, "\r\n\r\nbody\r\n\x00"[:r.IntN(12)]...)
		if r.IntN(2) == 0 { // what follows is no part of it, whatever it looks like
			b = append(append(append(b, "\r\n\r\n"...), "\r\n"[:r.IntN(3)]...), oddities[r.IntN(len(oddities))]...)
			b = append(b, "\r\nContent-Length: 9\r\nUpgrade: x\r\n\r\n"...)
		}
		first := r.IntN(len(b) + 1)
		second := min(first+r.IntN(3), len(b))
		checkClean(t, b)
		checkClean(t, b, first, second, second+r.IntN(len(b)+1-second))
	}
	for _, line := range oddities { // in every place of a block, cut anywhere
		for n := range 140 {
			b := []byte("GET /" + strings.Repeat("p", n) + " HTTP/1.1\r\n" + line + "\r\nContent-Length: 7\r\nA: b\r\n\r\n")
			checkClean(t, b)
			checkClean(t, b, r.IntN(len(b)))
		}
	}
}

// TestCleanMark: the mark is found whatever its length, wherever it stands.
func TestCleanMark(t *testing.T) {
	for n := 1; n < 140; n++ {
		mark := strings.Repeat("M", n)
		for pad := range 70 {
			head := "GET / HTTP/1.1\r\nP: " + strings.Repeat("p", pad) + "\r\n" + strings.ToLower(mark) + ": 1\r\n\r\n"
			checkMark(t, []byte(head), mark, nil)
			m := message{}
			if out := m.head([]byte(head), mark); out != done || !m.marked {
				t.Fatalf("a mark of %d bytes behind %d: %d, %t", n, pad, out, m.marked)
			}
		}
	}
}

// TestCleanIsTaken: what processors can do is made use of.
func TestCleanIsTaken(t *testing.T) {
	if !canScanHeads() {
		t.Log("this processor reads line by line")
		return
	}
	for _, head := range []string{
		browserGet, "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX:",
		"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n\x00\r\n\n\n : \x7f" + strings.Repeat("\x01", 70), browserGet + "\x00\x01",
	} {
		m := message{state: stateLine}
		if _, ok := m.cleanLines([]byte(head), defaultMark); !ok {
			t.Errorf("%q was read line by line", head)
		}
	}
}

// FuzzClean looks for what the random heads have not.
func FuzzClean(f *testing.F) {
	f.Add([]byte(browserGet), 100)
	f.Add([]byte("GET / HTTP/1.1\r\nContent-Length: 1\r\n folded\r\n\r\n"), 37)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		checkClean(t, b)
		if cut >= 0 && cut <= len(b) {
			checkClean(t, b, cut)
		}
	})
}
