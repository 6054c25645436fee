package http1

import (
	"testing"

	"gor/reassembly/http1/http1test"
)

// FuzzMessage reads the same bytes whole, byte by byte and cut at every byte,
// which has to come to the same. The content, the trailers and the fields of what
// is whole have to agree with what was counted.
func FuzzMessage(f *testing.F) {
	for _, c := range http1test.Requests(f) {
		f.Add(c.Raw, byte(0))
	}
	for _, s := range []string{
		"GET / HTTP/1.1\r\nCookie: a\r\nUser-Agent:\r\n b\r\ncookie: c\r\nForwarded:\nAuthorization : d\r\nX-Forwarded-For:e\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.0 204 \n\n", "HTTP/1.1 101\r\nUpgrade: x\r\n\r\n\x81",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\nX: y\r\n\r\n",
	} {
		for to := range toCONNECT + 1 {
			f.Add([]byte(s), byte(to))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, to byte) {
		if len(b) > 1<<10 {
			return
		}
		m, n, v := checkCuts(t, Message{to: answered(to % 4)}, b)
		if n > len(b) {
			t.Fatalf("%d of %d bytes", n, len(b))
		}
		StartsRequest(b)
		if m.InHead() || v != Whole && v != More {
			return
		}
		if m.to == toRequest {
			b = b[EmptyLines(b):]
			checkTarget(t, &m, b)
		}
		checkTiles(t, m.Fields(b))
		checkNotes(t, &m, b)
		if v == Whole {
			checkBody(t, &m, b)
		}
	})
}

// checkTarget: the start line holds its parts in order, and it is on its strictest
// reading the one that a stream is joined at.
func checkTarget(t *testing.T, m *Message, b []byte) {
	line, method, target, proto := m.Line(b), m.Method(b), m.Target(b), m.Proto(b)
	if !IsToken(method) || len(method) > MaxMethod || len(target) == 0 || !isVersion(proto) || len(Trim(target)) != len(target) {
		t.Fatalf("%q, %q, %q", method, target, proto)
	}
	exact := string(method) + " " + string(target) + " " + string(proto)
	if !m.Odd && exact != string(line) {
		t.Fatalf("%q is %q", line, exact)
	}
	if !m.Odd && !isTornMethod(method) && !StartsRequest(b) {
		t.Fatalf("%q begins no request", line)
	}
}

// checkBody: the body of a whole message is as long as it says, and its content,
// if chunked, too.
func checkBody(t *testing.T, m *Message, b []byte) {
	again := *m
	if n, v := again.Body([]byte("GET")); n != 0 || v != Whole || again != *m || m.End() != Whole {
		t.Fatalf("a message goes on behind its end: %d, %v", n, v)
	}
	_, n, _ := read(Message{to: m.to}, "", b)
	body := b[m.HeadLen:n]
	for size := 1; size <= len(body); size += 1 + len(body)/3 {
		if got := contentOf(t, Message{to: m.to}, b, size); int64(len(got)) != m.BodyLen || !m.Chunked && string(got) != string(body) {
			t.Fatalf("content in pieces of %d: %q of %q", size, got, body)
		} else if want, _ := AppendContent(nil, body); m.Chunked && string(got) != string(want) {
			t.Fatalf("content in pieces of %d: %q, want %q", size, got, want)
		}
	}
	if !m.Chunked {
		if m.BodyLen != int64(len(body)) {
			t.Fatalf("content %d, body %d", m.BodyLen, len(body))
		}
		return
	}
	content, trailers := AppendContent(nil, body)
	if m.BodyLen != int64(len(content)) {
		t.Fatalf("content %d: %q", m.BodyLen, content)
	}
	checkTrailers(t, trailers)
}

// checkTrailers: trailers are lines, the last of them empty. A first one may begin
// with a blank, and then nothing is before it that it continues.
func checkTrailers(t *testing.T, trailers []byte) {
	checkTiles(t, trailers)
	for _, f := range AppendFields(nil, trailers) {
		if n := len(f.Line); n < 2 || string(f.Line[n-2:]) != "\r\n" {
			t.Fatalf("%q in %q", f.Line, trailers)
		}
	}
}

// contentOf is what Content returns of the message that b begins with, whose body
// comes in pieces of a size.
func contentOf(t *testing.T, m Message, b []byte, size int) (all []byte) {
	if m.Head(b, "") != Whole {
		t.Fatal("no head")
	}
	for b = b[m.HeadLen:]; ; {
		piece := b[:min(size, len(b))]
		content, n, v := Content(&m, piece)
		all, b = append(all, content...), b[n:]
		if v == Whole {
			return all
		}
		if v != More || n == 0 {
			t.Fatalf("%v behind %q, %d of %q", v, all, n, piece)
		}
	}
}
