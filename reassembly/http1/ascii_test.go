package http1

import (
	"bytes"
	"strings"
	"testing"
)

// TestToken checks every byte against the RFC's list.
func TestToken(t *testing.T) {
	const tchar = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for c := range 256 {
		want := strings.IndexByte(tchar, byte(c)) >= 0
		b := []byte{'a', byte(c), 'b'}
		if wantLen := map[bool]int{true: 3, false: 1}[want]; IsTokenByte(byte(c)) != want || IsToken(b) != want || TokenLen(b) != wantLen {
			t.Errorf("%q: %v, %v, %d", b, IsTokenByte(byte(c)), IsToken(b), TokenLen(b))
		}
	}
	if IsToken(nil) || TokenLen(nil) != 0 {
		t.Error("nothing is a token")
	}
}

// TestEqualFold: only letters have a case.
func TestEqualFold(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			x, y := []byte{'x', byte(a)}, []byte{'X', byte(b)}
			want := a == b || bytes.EqualFold(x, y) && a < 0x80 && b < 0x80
			if got := EqualFold(x, string(y)); got != want {
				t.Fatalf("%q and %q: %v", x, y, got)
			}
		}
	}
	if EqualFold([]byte("ab"), "a") || EqualFold(nil, "a") || !EqualFold(nil, "") {
		t.Error("lengths do not matter")
	}
}

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{"": "", " ": "", " \t": "", "a": "a", " a\t b \t": "a\t b", "\na\r ": "\na\r"} {
		if got := string(Trim([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestHasToken(t *testing.T) {
	for in, want := range map[string]bool{
		"": false, "close": true, "CLOSE": true, " close\t": true, "a, close": true, "close,a": true, ",,Close,": true,
		"closed": false, "a close": false, "close;a": false, "clos": false, ",": false,
	} {
		if got := HasToken([]byte(in), "close"); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// TestIsPlain: every byte, in every place of lines of many lengths, among bytes
// from which the search for it may borrow.
func TestIsPlain(t *testing.T) {
	for _, filler := range []byte{' ', '~', 0x80, 0xff} {
		for n := range 28 {
			b := bytes.Repeat([]byte{filler}, n)
			if !isPlain(b) {
				t.Fatalf("%q is not plain", b)
			}
			for at := range b {
				for c := range 256 {
					b[at] = byte(c)
					if want := c >= 0x20 && c != 0x7f; isPlain(b) != want {
						t.Fatalf("%q: plain: %v", b, !want)
					}
				}
				b[at] = filler
			}
		}
	}
}

func TestHexValue(t *testing.T) {
	for c := range 256 {
		want := int64(strings.IndexByte("0123456789abcdef", lower(byte(c))))
		if got := hexValue(byte(c)); got != want {
			t.Errorf("%#x: %d, want %d", c, got, want)
		}
	}
}
