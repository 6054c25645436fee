package http1

import (
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
