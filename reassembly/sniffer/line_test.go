package sniffer

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"gor/reassembly"
)

// TestAppendLine: whatever byte a target has, and wherever, it is printed so
// that it steers no terminal and can be read back.
func TestAppendLine(t *testing.T) {
	var p renderer
	m := newMaker()
	seen := map[int]bool{}
	for i := range 256 * 20 {
		c, at := i/20, i%20
		for _, n := range []int{at + 1, 20} {
			target := []byte("/0123456789abcdefghi")[:n]
			target[at] = byte(c)
			printed := string(target)
			if c <= 0x20 || c >= 0x7f || c == '\\' {
				escaped := fmt.Sprintf(`\x%02x`, c)
				if c == '\\' {
					escaped = `\\`
				}
				printed = string(target[:at]) + escaped + string(target[at+1:])
			}
			raw := fmt.Sprintf("GET %s HTTP/1.1\r\nHost: a\r\nX: ", target)
			raw += strings.Repeat("x", []int{1234, 999, 100, 99, 64}[i%5]-4) + "\r\n\r\n"
			m.request(raw, func(r *reassembly.Request) {
				if string(r.Target()) != string(target) {
					return // blanks around it are not the target's
				}
				seen[c] = true
				want := fmt.Sprintf("1970-01-01T00:00:00.000000001Z %v > %v GET %s HTTP/1.1 %d bytes to a\n", r.Client, r.Server, printed, len(r.Raw))
				if got := string(p.appendLine(nil, r)); got != want {
					t.Fatalf("byte %#x at %d: %q, want %q", c, at, got, want)
				}
				back, err := strconv.Unquote(`"` + printed + `"`)
				if c != '"' && (err != nil || back != string(target)) {
					t.Fatalf("%q reads back as %q: %v", printed, back, err)
				}
			})
		}
	}
	for c := 0x21; c < 256; c++ {
		if !seen[c] && c != 0x7f {
			t.Errorf("no request with the byte %#x in its target", c)
		}
	}
}

// TestLineHost: the host stands at the end of the line, as it is or so that it can be
// read back; where there is none, nothing does.
func TestLineHost(t *testing.T) {
	var p renderer
	m := newMaker()
	for fields, want := range map[string]string{
		"Host: shop.example\r\n":           " to shop.example",
		"Host: [::1]:8080\r\nA: b\r\n":     " to [::1]:8080",
		"A: b\r\nhost:shop.example:80\r\n": " to shop.example:80",
		"Host: a\r\n b\r\n":                ` to a\x20b`,
		"Host: \xffa\x7f\\\r\n":            ` to \xffa\x7f\\`,
		"Host:\r\n":                        "",
		"":                                 "",
	} {
		raw := "GET / HTTP/1.0\r\n" + fields + "\r\n"
		if !m.request(raw, func(r *reassembly.Request) {
			line := string(p.appendLine(nil, r))
			if _, got, _ := strings.Cut(line, fmt.Sprintf(" GET / HTTP/1.0 %d bytes", len(raw))); got != want+"\n" {
				t.Errorf("%q: %q, want %q at its end", fields, line, want)
			}
		}) {
			t.Logf("%q is no request", fields)
		}
	}
}

// TestLineLengths: request lines of all lengths, requests of all sizes.
func TestLineLengths(t *testing.T) {
	var p renderer
	m := newMaker()
	for n := range 200 {
		target := "/" + strings.Repeat("t", n)
		for _, method := range []string{"G", "GET", "PROPPATCH"} {
			raw := method + " " + target + " HTTP/1.0\r\n\r\n"
			if !m.request(raw, func(r *reassembly.Request) {
				want := fmt.Sprintf("1970-01-01T00:00:00.000000001Z 10.0.0.1:%d > 10.0.0.2:80 %s %s HTTP/1.0 %d bytes\n", m.port, method, target, len(raw))
				if got := string(p.appendLine(nil, r)); got != want {
					t.Errorf("%q, want %q", got, want)
				}
			}) {
				t.Errorf("%q is no request", raw)
			}
		}
	}
}

// TestIsPrintable compares all short texts with one odd byte with the plain way
// to say it.
func TestIsPrintable(t *testing.T) {
	for n := range 40 {
		for at := range n {
			for c := range 256 {
				s := []byte(strings.Repeat("a", n))
				s[at] = byte(c)
				if got, want := isPrintable(s), string(appendPrintable(nil, s)) == string(s); got != want {
					t.Fatalf("%q: %v, want %v", s, got, want)
				}
			}
		}
	}
}

// TestNothingAllocated: the output has room once it has grown.
func TestNothingAllocated(t *testing.T) {
	newMaker().request(get(1), func(r *reassembly.Request) {
		var p renderer
		var buf []byte
		if n := testing.AllocsPerRun(100, func() { buf = p.appendLine(p.appendJSON(buf[:0], r), r) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	raw := "GET /api/v1/users/1234567 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n" +
		"Accept: text/html,application/json;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\nCookie: sid=0123456789abcdef0123456789abcdef\r\n\r\n"
	for name, render := range map[string]func(*renderer, []byte, *reassembly.Request) []byte{
		"line": (*renderer).appendLine, "json": (*renderer).appendJSON,
	} {
		b.Run(name, func(b *testing.B) {
			newMaker().request(raw, func(r *reassembly.Request) {
				var p renderer
				var buf []byte
				b.ReportAllocs()
				for b.Loop() {
					buf = render(&p, buf[:0], r)
				}
			})
		})
	}
}
