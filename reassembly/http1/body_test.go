package http1

import (
	"math"
	"strings"
	"testing"

	"gor/reassembly/http1/http1test"
)

// started returns a message whose head said how its body ends.
func started(t *testing.T, m Message, head string) Message {
	t.Helper()
	if v := m.Head([]byte(head), ""); v != Whole || m.HeadLen != len(head) {
		t.Fatalf("%q: %v, %v", head, v, m.Reason)
	}
	return m
}

const (
	lengthHead  = "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n"
	chunkedHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	closeHead   = "HTTP/1.1 200 OK\r\n\r\n"
)

// TestGap loses bytes of bodies: content may be lost, framing may not.
func TestGap(t *testing.T) {
	for _, tt := range []struct {
		name, head, before string
		gap                int64
		known              bool
		after              string
		body               int64 // of content, the lost included
	}{
		{"all of a length", lengthHead, "", 10, true, "", 10},
		{"the beginning", lengthHead, "", 3, true, "3456789", 10},
		{"the middle", lengthHead, "012", 4, true, "789", 10},
		{"the end", lengthHead, "012", 7, true, "", 10},
		{"beyond the end", lengthHead, "012", 8, false, "", 0},
		{"nothing", lengthHead, "012", 0, true, "3456789", 10},
		{"all of a chunk's data", chunkedHead, "5\r\n", 5, true, "\r\n0\r\n\r\n", 5},
		{"the middle of a chunk's data", chunkedHead, "a\r\n01", 5, true, "789\r\n1\r\nx\r\n0\r\n\r\n", 11},
		{"a chunk's data and its end", chunkedHead, "5\r\n", 6, false, "", 0},
		{"a chunk's size", chunkedHead, "", 1, false, "", 0},
		{"a digit of a chunk's size", chunkedHead, "1", 1, false, "", 0},
		{"of an extension", chunkedHead, "1;a", 1, false, "", 0},
		{"behind a chunk's line", chunkedHead, "1;a\r", 1, false, "", 0},
		{"the CR behind the data", chunkedHead, "1\r\nx", 1, false, "", 0},
		{"the LF behind the data", chunkedHead, "1\r\nx\r", 1, false, "", 0},
		{"of the trailers", chunkedHead, "0\r\nX", 1, false, "", 0},
		{"the last line", chunkedHead, "0\r\n", 2, false, "", 0},
		{"nothing in a chunk's size", chunkedHead, "1", 0, true, "\r\nx\r\n0\r\n\r\n", 1},
		{"behind the end", chunkedHead, "0\r\n\r\n", 1, false, "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := started(t, Message{}, tt.head)
			if n, v := m.Body([]byte(tt.before)); n != len(tt.before) || v == Malformed {
				t.Fatalf("%d, %v", n, v)
			}
			if known := m.Gap(tt.gap); known != tt.known {
				t.Fatalf("end known: %v", known)
			}
			if !tt.known {
				return
			}
			if n, v := m.Body([]byte(tt.after + "GET")); n != len(tt.after) || v != Whole || m.BodyLen != tt.body || m.End() != Whole {
				t.Errorf("%d bytes, %v, content %d, want %d", n, v, m.BodyLen, tt.body)
			}
		})
	}
	var head Message
	if head.Gap(1) {
		t.Error("the end is known of a message that has not begun")
	}
	m := started(t, Response("GET"), closeHead)
	if !m.Gap(1<<40) || m.BodyLen != 1<<40 || m.End() != Whole {
		t.Errorf("until close: %+v", m)
	}
}

// TestLargest: the largest length and the largest chunk are held without overflow.
func TestLargest(t *testing.T) {
	m := started(t, Message{}, "POST / HTTP/1.1\r\nContent-Length: 9223372036854775807\r\n\r\n")
	if n, v := m.Body([]byte("x")); n != 1 || v != More {
		t.Errorf("%d, %v", n, v)
	}
	if left, known := m.Left(); left != math.MaxInt64-1 || !known {
		t.Errorf("%d left, %v", left, known)
	}
	if !m.Gap(math.MaxInt64-1) || m.BodyLen != math.MaxInt64 || m.End() != Whole {
		t.Errorf("%+v", m)
	}
	m = started(t, Message{}, chunkedHead)
	if n, v := m.Body([]byte("7fffffffffffffff\r\nx")); n != 19 || v != More || m.BodyLen != 1 {
		t.Errorf("%d, %v, %d", n, v, m.BodyLen)
	}
	if _, known := m.Left(); known {
		t.Error("the length of a chunked body is known")
	}
	if !m.Gap(math.MaxInt64-1) || m.BodyLen != math.MaxInt64 || m.End() != More {
		t.Errorf("%+v", m)
	}
}

// TestAppendContent: the content of chunked bodies, and their trailers.
func TestAppendContent(t *testing.T) {
	for _, tt := range []struct{ body, content, trailers string }{
		{"0\r\n\r\n", "", "\r\n"},
		{"000;x=y\r\n\r\n", "", "\r\n"},
		{"3\r\nabc\r\n0\r\n\r\n", "abc", "\r\n"},
		{"A ; x\r\n0123456789\r\n00b\t\r\n0123456789a\r\n0\r\nX: 1\r\n y\r\n\r\n", "01234567890123456789a", "X: 1\r\n y\r\n\r\n"},
		{"4\r\n\r\n\r\n\r\n1;0\r\n0\r\n0\r\n\r\n", "\r\n\r\n0", "\r\n"},
		{strings.Repeat("1\r\nx\r\n", 1000) + "0\r\n\r\n", strings.Repeat("x", 1000), "\r\n"},
	} {
		m := started(t, Message{}, chunkedHead)
		if n, v := m.Body([]byte(tt.body)); n != len(tt.body) || v != Whole || m.BodyLen != int64(len(tt.content)) {
			t.Fatalf("%q: %d, %v, content %d", tt.body, n, v, m.BodyLen)
		}
		content, trailers := AppendContent([]byte("to "), []byte(tt.body))
		if string(content) != "to "+tt.content || string(trailers) != tt.trailers {
			t.Errorf("%q: %q, %q", tt.body, content, trailers)
		}
	}
}

// TestAppendContentOfAnything: a body that Body never saw does no harm.
func TestAppendContentOfAnything(t *testing.T) {
	for _, body := range []string{"", "5", "5\r\n", "5\r\nhell", "5\r\nhello", "5\r\nhello\r", "x", "\r\n", "ffffffffffffffff\r\nx", "7fffffffffffffff\r\nx", "8000000000000000\r\n"} {
		if content, _ := AppendContent(nil, []byte(body)); len(content) > len(body) {
			t.Errorf("%q: %q", body, content)
		}
	}
	for _, c := range http1test.Requests(t) {
		for i := range c.Raw {
			if content, trailers := AppendContent(nil, c.Raw[i:]); len(content)+len(trailers) > len(c.Raw) {
				t.Errorf("%q: %q, %q", c.Raw[i:], content, trailers)
			}
		}
	}
}
