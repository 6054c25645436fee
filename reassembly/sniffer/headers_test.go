package sniffer

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"gor/reassembly"
)

// Each field has a line, as it came, that steers no terminal and that no tool takes
// for a request's.
func TestAppendHeaders(t *testing.T) {
	m := newMaker()
	var p renderer
	for _, tt := range []struct{ name, head, want string }{
		{"none", "GET / HTTP/1.0\r\n\r\n", ""},
		{"as they came", "GET / HTTP/1.1\r\nhOST: a\r\nAccept:*/*\r\nX-A:  b c \r\nX-A: d\r\n\r\n", "  hOST: a\n  Accept: */*\n  X-A: b c\n  X-A: d\n"},
		{"without a value", "GET / HTTP/1.1\r\nHost:\r\nX: \r\n\r\n", "  Host:\n  X:\n"},
		{"folded", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\td\r\n\r\n", "  Host: a\n  X: b c d\n"},
		{"bare line ends", "GET / HTTP/1.1\nHost: a\n\n", "  Host: a\n"},
		{"a body is none", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nX: b\r\n", "  Host: a\n  Content-Length: 6\n"},
		{"not ASCII", "GET / HTTP/1.1\r\nHost: a\r\nX: é\x7f\t\\\r\n\r\n", "  Host: a\n  X: \\xc3\\xa9\\x7f\\x09\\\\\n"},
		{"an escape sequence", "GET / HTTP/1.1\r\nHost: a\r\nX: \x1b[2J\r\n\r\n", "  Host: a\n  X: \\x1b[2J\n"},
		{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnonsense here\r\n\r\n", "  Host: a\n  nonsense here\n"},
	} {
		if !m.request(tt.head, func(r *reassembly.Request) {
			if got := string(p.appendHeaders(nil, r)); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}) {
			t.Errorf("%s: %q is no request", tt.name, tt.head)
		}
	}
}

// Whatever byte a value has, it is printed on one line of visible characters.
func TestHeaderBytes(t *testing.T) {
	m := newMaker()
	var p renderer
	seen := 0
	for c := range 256 {
		m.request("GET / HTTP/1.1\r\nHost: a\r\nX: b"+string([]byte{byte(c)})+"e\r\n\r\n", func(r *reassembly.Request) {
			seen++
			got := string(p.appendHeaders(nil, r))
			for _, b := range []byte(got) {
				if b != '\n' && (b < ' ' || b > '~') {
					t.Errorf("byte %#x in %q", b, got)
				}
			}
			for line := range strings.Lines(got) {
				if !strings.HasPrefix(line, headerIndent) {
					t.Errorf("byte %#x: the line %q begins as a request's does", c, line)
				}
			}
		})
	}
	if seen < 200 {
		t.Errorf("only %d requests", seen)
	}
}

// No header costs an allocation once there is room.
func TestHeadersAllocateNothing(t *testing.T) {
	newMaker().request("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", func(r *reassembly.Request) {
		var p renderer
		var buf []byte
		if n := testing.AllocsPerRun(100, func() { buf = p.appendHeaders(buf[:0], r) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

// With headers a Printer counts requests, not lines.
func TestPrintHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewPrinter(t.Context(), PrinterConfig{Out: &out, Headers: true})
		print(p, 0, 3)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(out.String(), "bytes to a\n  Host: a\n"); got != 3 || strings.Count(out.String(), "\n") != 6 {
			t.Errorf("%d requests with a Host in %q", got, out.String())
		}
		if s := p.Stats(); s.Lines != 3 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// A partWriter takes some bytes and then no more.
type partWriter struct{ left int }

func (w *partWriter) Write(b []byte) (int, error) {
	n := min(len(b), w.left)
	if w.left -= n; n < len(b) {
		return n, errors.New("full")
	}
	return n, nil
}

// What is written of a text that was not written whole is counted by requests, with
// all their headers.
func TestPrintedInPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all bytes.Buffer
		p := NewPrinter(t.Context(), PrinterConfig{Out: &all, Headers: true})
		print(p, 0, 3)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		record := all.Len() / 3
		for cut := range all.Len() {
			p := NewPrinter(t.Context(), PrinterConfig{Out: &partWriter{cut}, Headers: true})
			print(p, 0, 3)
			if err := p.Close(t.Context()); err == nil {
				t.Fatal("no error")
			}
			if s := p.Stats(); s.Lines != uint64(cut/record) || s.Lines+s.Dropped != 3 {
				t.Errorf("%d bytes of %d: %+v", cut, all.Len(), s)
			}
		}
	})
}
