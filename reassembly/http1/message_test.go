package http1

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"gor/reassembly/http1/http1test"
)

// read reads the message that comes in these pieces as a caller does that keeps
// the head until it is whole, and gives the rest away at once. n is how many bytes
// belong to the message, empty lines before it included.
func read(m Message, watch string, pieces ...[]byte) (end Message, n int, v Verdict) {
	var head []byte
	for _, p := range pieces {
		if m.InHead() {
			if head = append(head, p...); len(head) == len(p) && m.to == toRequest {
				k := EmptyLines(head)
				head, n = head[k:], n+k
			}
			if v = m.Head(head, watch); v == More {
				continue
			}
			if v != Whole {
				return m, n, v
			}
			p = head[m.HeadLen:]
			n += m.HeadLen
		}
		k, v := m.Body(p)
		if n += k; v != More {
			return m, n, v
		}
	}
	return m, n, More
}

func single(b []byte) (pieces [][]byte) {
	for i := range b {
		pieces = append(pieces, b[i:i+1])
	}
	return pieces
}

// checkCuts reads b byte by byte and cut in two at every byte, which has to come
// to the same as all at once.
func checkCuts(t *testing.T, m Message, b []byte) (Message, int, Verdict) {
	t.Helper()
	m1, n1, v1 := read(m, "x-foo", b)
	check := func(how string, m2 Message, n2 int, v2 Verdict) {
		t.Helper()
		switch {
		case v1 != v2 || m1.Reason != m2.Reason:
			t.Fatalf("%s: %v, %v; whole: %v, %v: %q", how, v2, m2.Reason, v1, m1.Reason, b)
		case v1 == Whole && (n1 != n2 || m1 != m2):
			t.Fatalf("%s: %d bytes of %+v; whole: %d of %+v: %q", how, n2, m2, n1, m1, b)
		}
	}
	m2, n2, v2 := read(m, "x-foo", single(b)...)
	check("byte by byte", m2, n2, v2)
	for i := range b {
		m2, n2, v2 := read(m, "x-foo", b[:i:i], b[i:])
		check(fmt.Sprintf("cut at %d", i), m2, n2, v2)
	}
	return m1, n1, v1
}

var verdictOf = map[string]Verdict{"sent": Whole, "malformed": Malformed, "unsupported": Unsupported, "other": NotHTTP}

// TestRequests: each odd request gets its verdict, however it is cut and whatever
// follows it; and no part of one that is sent is more than a part.
func TestRequests(t *testing.T) {
	for _, c := range http1test.Requests(t) {
		t.Run(c.Name, func(t *testing.T) {
			for _, next := range []string{"", "GET / HTTP/1.1\r\nX: \x00", "\r\n"} {
				m, n, v := checkCuts(t, Message{}, append(bytes.Clone(c.Raw), next...))
				if v != verdictOf[c.Want] {
					t.Fatalf("%v (%v), want %s", v, m.Reason, c.Want)
				}
				if v == Whole && (n != len(c.Raw) || m.Odd != c.Odd || m.Reason != ReasonNone) {
					t.Fatalf("%d of %d bytes, odd: %v, want %v, %v", n, len(c.Raw), m.Odd, c.Odd, m.Reason)
				}
				if v != Whole && m.Reason == ReasonNone {
					t.Fatal("no reason")
				}
			}
			for i := range c.Raw {
				if m, _, v := read(Message{}, "", c.Raw[:i]); c.Want == "sent" && (v != More || m.End() != More) {
					t.Fatalf("the first %d bytes: %v, %v at their end", i, v, m.End())
				}
			}
		})
	}
}

// TestReasons: the reasons of some rows of the table, two for most reasons.
func TestReasons(t *testing.T) {
	want := map[string]Reason{
		"method of 65 bytes":                ReasonStartLine,
		"no target":                         ReasonStartLine,
		"HTTP/0.9":                          ReasonVersion,
		"HTTP/2.0":                          ReasonVersion,
		"CR in a value":                     ReasonBareCR,
		"CR for an empty line":              ReasonBareCR,
		"NUL in a value":                    ReasonNUL,
		"NUL in the target":                 ReasonNUL,
		"signed length":                     ReasonLength,
		"length beyond 2^63-1":              ReasonLength,
		"two lengths":                       ReasonTwoLengths,
		"two lengths in a list":             ReasonTwoLengths,
		"chunked and length":                ReasonLengthAndChunked,
		"coding that is not chunked":        ReasonCoding,
		"chunked twice":                     ReasonCoding,
		"compressed and chunked":            ReasonCoding,
		"chunked in HTTP/1.0":               ReasonOldChunked,
		"folded length":                     ReasonFoldedFraming,
		"folded coding":                     ReasonFoldedFraming,
		"Content_Length":                    ReasonLooksLikeFraming,
		"Content-Length without a colon":    ReasonLooksLikeFraming,
		"folded line with a Content-Length": ReasonLooksLikeFraming,
		"blank before a Transfer-Encoding that is first": ReasonLooksLikeFraming,
		"chunk size missing":                             ReasonChunkSize,
		"chunk size beyond 2^64":                         ReasonChunkSize,
		"chunk line with a bare LF":                      ReasonChunkLine,
		"NUL in a chunk extension":                       ReasonChunkLine,
		"trailer with a bare LF":                         ReasonChunkLine,
		"chunk longer than its size":                     ReasonChunkEnd,
	}
	for _, c := range http1test.Requests(t) {
		r, ok := want[c.Name]
		if !ok {
			continue
		}
		delete(want, c.Name)
		if m, _, _ := read(Message{}, "", c.Raw); m.Reason != r {
			t.Errorf("%s: %v, want %v", c.Name, m.Reason, r)
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the table: %v", want)
	}
}

// TestStrings: each verdict and reason has words of its own, and a number that is
// none does not panic.
func TestStrings(t *testing.T) {
	seen := map[string]bool{}
	for v := More; v <= Unsupported+1; v++ {
		seen[v.String()] = true
	}
	for r := ReasonNone; r <= ReasonChunkEnd+1; r++ {
		seen[r.String()] = true
	}
	if want := int(Unsupported) + 2 + int(ReasonChunkEnd) + 2; len(seen) != want || seen[""] {
		t.Errorf("%d different strings, want %d: %v", len(seen), want, seen)
	}
}

// TestParts: what the accessors give of a request.
func TestParts(t *testing.T) {
	for _, tt := range []struct{ raw, line, method, target, proto, fields string }{
		{"GET /a HTTP/1.1\r\n\r\nrest", "GET /a HTTP/1.1", "GET", "/a", "HTTP/1.1", "\r\n"},
		{"GET /a HTTP/1.0\n\n", "GET /a HTTP/1.0", "GET", "/a", "HTTP/1.0", "\n"},
		{"FROB  a b\t HTTP/1.1 \t\r\nX: 1\r\n\r\n", "FROB  a b\t HTTP/1.1 \t", "FROB", "a b", "HTTP/1.1", "X: 1\r\n\r\n"},
		{"GET HTTP/1.1 HTTP/1.1\r\nX: 1\r\n y\r\n\r\n", "GET HTTP/1.1 HTTP/1.1", "GET", "HTTP/1.1", "HTTP/1.1", "X: 1\r\n y\r\n\r\n"},
		{"GET /\x01 HTTP/1.2\r\n\r\n", "GET /\x01 HTTP/1.2", "GET", "/\x01", "HTTP/1.2", "\r\n"},
	} {
		b := []byte(tt.raw)
		var m Message
		if v := m.Head(b, ""); v != Whole {
			t.Fatalf("%q: %v", b, v)
		}
		got := fmt.Sprintf("%q %q %q %q %q", m.Line(b), m.Method(b), m.Target(b), m.Proto(b), m.Fields(b))
		if want := fmt.Sprintf("%q %q %q %q %q", tt.line, tt.method, tt.target, tt.proto, tt.fields); got != want {
			t.Errorf("%q:\n got %s\nwant %s", b, got, want)
		}
	}
}

// TestStates: how far a message has come, byte for byte, and that its start line
// can be read as soon as it is there.
func TestStates(t *testing.T) {
	b := []byte("PUT /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
	line, head := bytes.IndexByte(b, '\n')+1, len(b)-2
	var m Message
	for i := 1; i <= head; i++ {
		v := m.Head(b[:i], "")
		if m.InLine() != (i < line) || m.InHead() != (i < head) || (v == Whole) != (i == head) {
			t.Fatalf("%q: %v, in the line: %v, in the head: %v", b[:i], v, m.InLine(), m.InHead())
		}
		if _, known := m.Left(); known != (i == head) {
			t.Fatalf("%q: length known: %v", b[:i], known)
		}
		if !m.InLine() && (string(m.Method(b[:i])) != "PUT" || string(m.Target(b[:i])) != "/a") {
			t.Fatalf("%q: %q %q", b[:i], m.Method(b[:i]), m.Target(b[:i]))
		}
	}
	if m.Head(b, "") != Whole || m.HeadLen != head {
		t.Errorf("read again: %d, want %d", m.HeadLen, head)
	}
	for i, want := range []int64{2, 1, 0} {
		if left, known := m.Left(); left != want || !known || m.BodyLen != int64(i) {
			t.Errorf("%d bytes in: %d left, %v, body %d", i, left, known, m.BodyLen)
		}
		n, v := m.Body(b[head+i:][:min(1, 2-i)])
		if wantV := map[bool]Verdict{false: More, true: Whole}[i > 0]; n != min(1, 2-i) || v != wantV {
			t.Errorf("byte %d: %d, %v", i, n, v)
		}
	}
	if m.End() != Whole {
		t.Error("not ended")
	}
}

// TestFlags: what the fields say that end nothing.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		fields                    string
		upgrade, watched, chunked bool
	}{
		{"Host: a\r\n", false, false, false},
		{"upGRADE: h2c\r\n", true, false, false},
		{"Upgrades: h2c\r\n", false, false, false},
		{"Upgrade : h2c\r\n", true, false, false},
		{"A: b\r\n Upgrade: h2c\r\n", false, false, false},
		{"gor-REPLAYED: 1\r\n", false, true, false},
		{"Gor-Replayed\t: 1\r\n", false, true, false},
		{"Gor-Replayed\r\n", false, false, false},
		{": 1\r\n", false, false, false},
		{"Gor-Replaye: 1\r\nX-Gor-Replayed: 1\r\n", false, false, false},
		{"Transfer-Encoding: chunked\r\nUpgrade: x\r\nGor-Replayed:\r\n", true, true, true},
	} {
		for _, end := range []string{"\r\n", "\n"} {
			b := []byte(strings.ReplaceAll("GET / HTTP/1.1\r\n"+tt.fields+"\r\n", "\r\n", end))
			var m Message
			if v := m.Head(b, "Gor-Replayed"); v != Whole || m.Upgrade != tt.upgrade || m.Watched != tt.watched || m.Chunked != tt.chunked {
				t.Errorf("%q: %v, %+v", b, v, m)
			}
			var unwatched Message
			if unwatched.Head(b, ""); unwatched.Watched {
				t.Errorf("%q: watched for nothing", b)
			}
		}
	}
	for version, old := range map[string]bool{"HTTP/1.0": true, "HTTP/1.1": false, "HTTP/1.2": false} {
		var m Message
		if m.Head([]byte("GET / "+version+"\r\n\r\n"), ""); m.HTTP10 != old {
			t.Errorf("%s is 1.0: %v", version, m.HTTP10)
		}
	}
}

// TestWatchFraming: a field can be watched that matters by itself.
func TestWatchFraming(t *testing.T) {
	for _, name := range []string{"host", "Content-Length", "transfer-encoding", "UPGRADE", "Expect"} {
		b := []byte("GET / HTTP/1.1\r\n" + strings.ToLower(name) + ": 5\r\n\r\n")
		if name == "transfer-encoding" {
			b = []byte("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
		}
		var m Message
		if v := m.Head(b, name); v != Whole || !m.Watched {
			t.Errorf("%s: %v, watched: %v", name, v, m.Watched)
		}
	}
}

// TestUnfinishedLine: it is known early that a stream begins with no request, and
// what is known of a long line is not searched again.
func TestUnfinishedLine(t *testing.T) {
	for in, want := range map[string]Verdict{
		"": More, "G": More, "GET": More, "GET ": More, "GET /\x00\x01": More, strings.Repeat("A", 64): More, strings.Repeat("A", 64) + " ": More,
		strings.Repeat("A", 65): NotHTTP, " ": NotHTTP, "GET\r": NotHTTP, "\x16": NotHTTP, "\r": NotHTTP, "a:": NotHTTP, "GET\t": NotHTTP,
	} {
		var m Message
		if v := m.Head([]byte(in), ""); v != want || !m.InLine() {
			t.Errorf("%q: %v, want %v", in, v, want)
		}
	}
	var m Message
	b := []byte("GET / HTTP/1.1\r\nX: " + strings.Repeat("d", 1000))
	for i := range b {
		if v := m.Head(b[:i], ""); v != More || int(m.head.scanned) != i {
			t.Fatalf("%d bytes: %v, %d known to have no line end", i, v, m.head.scanned)
		}
	}
	if want := len("GET / HTTP/1.1\r\n"); int(m.head.line) != want {
		t.Errorf("the unfinished line begins at %d, want %d", m.head.line, want)
	}
}

// TestLong: nothing is too long for the reader.
func TestLong(t *testing.T) {
	for name, raw := range map[string]string{
		"target": "GET /" + strings.Repeat("x", 1<<16) + " HTTP/1.1\r\n\r\n",
		"field":  "GET / HTTP/1.1\r\nX: " + strings.Repeat("0123456789abcdef", 1<<12) + "\r\n\r\n",
		"fields": "GET / HTTP/1.1\r\n" + strings.Repeat("X-Many: 0123456789\r\n", 3000) + "\r\n",
		"folds":  "GET / HTTP/1.1\r\nX:\r\n" + strings.Repeat(" \r\n", 30000) + "\r\n",
		"body":   "POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("\x00\xff binary \r\n", 100_000)[:1_000_000],
		"chunks": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", 10000) + "0\r\n" + strings.Repeat("T: u\r\n", 1000) + "\r\n",
	} {
		for _, size := range []int{1, 7, 1460, len(raw)} {
			var pieces [][]byte
			for b := []byte(raw); len(b) > 0; {
				k := min(size, len(b))
				pieces, b = append(pieces, b[:k]), b[k:]
			}
			if _, n, v := read(Message{}, "", pieces...); v != Whole || n != len(raw) {
				t.Errorf("%s in pieces of %d: %v, %d of %d bytes", name, size, v, n, len(raw))
			}
		}
	}
}

// TestSize: a Message is held for each request that is half read.
func TestSize(t *testing.T) {
	if got := reflect.TypeFor[Message]().Size(); got > 80 {
		t.Errorf("%d bytes", got)
	}
}

// TestAllocs: reading allocates nothing.
func TestAllocs(t *testing.T) {
	plain := []byte(browserGet)
	chunked := []byte("POST / HTTP/1.1\nTransfer-Encoding: chunked\nX\x01: a\n b\n\n5;x\r\nhello\r\n0\r\nT: u\r\n\r\n")
	fields, content := make([]Field, 0, 32), make([]byte, 0, 32)
	n := testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{plain, chunked} {
			var m Message
			m.Head(b[:20], "gor-replayed")
			if m.Head(b, "gor-replayed") != Whole {
				t.Fatal(m.Reason)
			}
			if _, v := m.Body(b[m.HeadLen:]); v != Whole || len(m.Target(b)) == 0 {
				t.Fatal(m.Reason)
			}
			AppendFields(fields, m.Fields(b))
			if m.Chunked {
				AppendContent(content, b[m.HeadLen:])
			}
			StartsRequest(b)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
