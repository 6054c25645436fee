package reassembly

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// plainLine does what a lineScanner does, byte by byte.
func plainLine(b []byte, i int) (end, next int, ok bool) {
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\n':
			return i, i + 1, true
		case c == '\r' && i+1 == len(b):
			return -1, i, true
		case c == '\r':
			return i, i + 2, b[i+1] == '\n'
		case c < 0x20 && c != '\t' || c == 0x7f:
			return 0, 0, false
		}
	}
	return -1, i, true
}

// checkLines compares the two from i on.
func checkLines(t *testing.T, b []byte, i int) {
	t.Helper()
	var s lineScanner
	s.start(b, i)
	for {
		wantEnd, wantNext, want := plainLine(b, i)
		end, next, ok := s.next()
		if ok != want || ok && (end != wantEnd || next != wantNext) {
			t.Fatalf("from %d of %q: line ends at %d, next %d, %v; byte by byte %d, %d, %v", i, b, end, next, ok, wantEnd, wantNext, want)
		}
		if !ok || end < 0 {
			return
		}
		i = next
	}
}

// TestLines: text with all that matters in it, of lengths around those of words
// and blocks, and begun anywhere.
func TestLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := range 1200 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(' ' + r.IntN(95))
			if r.IntN(20) == 0 {
				b[i] = "\t\x80\xff\n\n\n\r\r"[r.IntN(8)]
			}
			if i > 0 && b[i-1] == '\r' && r.IntN(30) > 0 {
				b[i] = '\n'
			}
		}
		if n > 0 && r.IntN(3) == 0 {
			b[r.IntN(n)] = "\x00\x01\x1f\x7f\r"[r.IntN(5)]
		}
		checkLines(t, b, 0)
		checkLines(t, b, r.IntN(n+1))
	}
}

// TestMarkBytes: every byte, in every place, beside one that would spoil a carry.
func TestMarkBytes(t *testing.T) {
	for c := range 256 {
		for at := range 64 {
			b := bytes.Repeat([]byte{'~'}, 64)
			b[63-at] = 0xff
			b[at] = byte(c)
			var want marks
			if c < 0x20 || c == 0x7f {
				want.controls = 1 << at
			}
			if c == '\n' {
				want.feeds = 1 << at
			}
			if got, short := markBytes(b), markBytes(b[:at+1]); got != want || short != want {
				t.Fatalf("byte %#x at %d: %x and %x, want %x", c, at, got, short, want)
			}
		}
	}
}

// FuzzLines looks for what the random text has not.
func FuzzLines(f *testing.F) {
	f.Add([]byte(browserGet), 0)
	f.Add([]byte("a\r\n\tb\x00\n\r\r\n"), 1)
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		if i >= 0 && i <= len(b) {
			checkLines(t, b, i)
		}
	})
}
