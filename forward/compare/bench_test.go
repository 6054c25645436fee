package compare

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// BenchmarkExchange is what one exchange costs, from production's head and the target's fields on: of heads alone, of JSON of 4 kB
// that is the same, and of such JSON with a time, an id and a counter in it.
func BenchmarkExchange(b *testing.B) {
	var items strings.Builder
	for i := range 40 {
		fmt.Fprintf(&items, `,{"id":%d,"name":"thing %d","price":%d.5,"tags":["red","round"],"text":"as good as new"}`, i, i, 3*i)
	}
	body := func(n int) []byte {
		return fmt.Appendf(nil, `{"now":%d,"request":"%016x","count":%d,"items":[{}%s]}`, 1772600767+n/1000, uint64(n)*0x9e3779b97f4a7c15, n, items.String())
	}
	for _, kind := range []struct {
		name   string
		bodies bool
		noise  int
	}{{"heads", false, 0}, {"the same JSON", true, 0}, {"noisy JSON", true, 1}} {
		b.Run(kind.name, func(b *testing.B) {
			e, err := New(Config{Targets: []string{"http://staging:8000"}, Baseline: -1})
			if err != nil {
				b.Fatal(err)
			}
			var bodies [64][]byte
			for i := range bodies {
				bodies[i] = body(i * kind.noise)
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				then, now := bodies[n%64], bodies[(n+1)%64]
				head := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Mar 2026 10:00:%02d GMT\r\nContent-Type: application/json; charset=utf-8\r\n"+
					"Content-Length: %d\r\nVary: Accept-Encoding, Origin\r\nCache-Control: private\r\nX-Request-Id: %d\r\nX-Frame-Options: SAMEORIGIN\r\n\r\n", n%60, len(then), n)
				x := Exchange{
					Key: Key{1, uint64(n)}, User: uint64(n % 500), Method: []byte("GET"), Path: fmt.Appendf(nil, "/api/%s/%d", []string{"items", "users", "prices"}[n%3], n%50),
					Time: began + int64(n)*int64(time.Millisecond),
				}
				x.Raw = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: */*\r\n"+
					"Accept-Language: en\r\nAccept-Encoding: gzip\r\nReferer: https://www.example.com/\r\nCookie: sid=%x; theme=dark\r\n\r\n", x.Path, n%500)
				header := http.Header{
					"Server": {"nginx"}, "Date": {"Mon, 02 Mar 2026 10:01:00 GMT"}, "Content-Type": {"application/json; charset=utf-8"}, "Content-Length": {fmt.Sprint(len(now))},
					"Vary": {"Accept-Encoding, Origin"}, "Cache-Control": {"private"}, "X-Request-Id": {"7"}, "X-Frame-Options": {"SAMEORIGIN"},
				}
				original, err := diff.FromHead(head)
				if err != nil {
					b.Fatal(err)
				}
				response := diff.FromHeader(200, header)
				response.Body, response.State = now, diff.Whole
				if kind.bodies {
					original.Body, original.State = then, diff.Whole
				}
				x.Answer = &response
				e.Original(x.Key, &original)
				e.Response(&x)
			}
			if f := e.Fates(0); f.Compared != uint64(n) {
				b.Errorf("%+v", f)
			}
		})
	}
}
