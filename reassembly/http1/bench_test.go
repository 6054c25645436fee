package http1

import (
	"fmt"
	"strings"
	"testing"
)

// browserGet is about as long as what browsers send.
var browserGet = "GET /api/v1/users/1234567 HTTP/1.1\r\nHost: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate\r\n" +
	"Connection: keep-alive\r\nCookie: sid=" + strings.Repeat("0123456789abcdef", 8) + "\r\n\r\n"

// BenchmarkHead reads the head of what most requests are.
func BenchmarkHead(b *testing.B) {
	head := []byte(browserGet)
	b.SetBytes(int64(len(head)))
	b.ReportAllocs()
	for b.Loop() {
		if m := (Message{}); m.Head(head, "Gor-Replayed") != Whole {
			b.Fatal("not a head")
		}
	}
}

// BenchmarkFields takes apart what Head has read.
func BenchmarkFields(b *testing.B) {
	head := []byte(browserGet)
	var m Message
	if m.Head(head, "") != Whole {
		b.Fatal("not a head")
	}
	var fields []Field
	b.ReportAllocs()
	for b.Loop() {
		fields = AppendFields(fields[:0], m.Fields(head))
	}
}

// BenchmarkDrip reads a head of which two bytes come at a time, in one line and
// in many. It has to cost the same per byte whatever the length.
func BenchmarkDrip(b *testing.B) {
	for name, part := range map[string]string{"line": "0123456789abcdef", "lines": "X: 0123456789\r\n"} {
		for _, kib := range []int{4, 64, 1024} {
			head := []byte("GET / HTTP/1.1\r\nX: " + strings.Repeat(part, kib<<10/len(part)) + "Y\r\n\r\n")
			b.Run(fmt.Sprintf("%s/%dKiB", name, kib), func(b *testing.B) {
				b.SetBytes(int64(len(head)))
				for b.Loop() {
					var m Message
					for n := 0; n < len(head); n = min(n+2, len(head)) {
						if v := m.Head(head[:n], ""); v != More {
							b.Fatal(v)
						}
					}
				}
			})
		}
	}
}

// BenchmarkChunks reads the framing of chunks of 16 bytes and of 16 KiB.
func BenchmarkChunks(b *testing.B) {
	for _, size := range []int{16, 16 << 10} {
		body := []byte(strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size)), 1<<20/size) + "0\r\n\r\n")
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				m := Message{progress: progress{state: inSize}}
				if _, v := m.Body(body); v != Whole {
					b.Fatal(v)
				}
			}
		})
	}
}
