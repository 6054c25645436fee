package compare

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// maxBeside is what an engine takes beside Config.Memory at most, however hostile the answers are: the accounts of all
// routes with all their places, and what is remembered of users, hosts and cookies.
const maxBeside = 16 << 20

// Whatever answers and requests hold, the memory that comes of them is bounded: other paths, routes, hosts, users, cookies and
// names of fields and members each time, answers of 64 kB, halves that nothing comes for.
func TestHostileMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("it has one goroutine, and the race detector has memory of its own")
	}
	const memory = 8 << 20
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	e := newEngine(t, Config{Memory: memory, Targets: []string{"http://staging"}, Baseline: -1, EchoShare: 1, Echo: func(*Exchange) {}})
	rnd := rand.New(rand.NewPCG(1, 9))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'g' + byte(rnd.IntN(20))
		}
		return string(b)
	}
	filler := strings.Repeat("x", 60_000)
	answer := func(size int) *diff.Answer {
		var b strings.Builder
		b.WriteString(`{"filler":"` + filler[:size] + `"`)
		for range 30 {
			fmt.Fprintf(&b, `,"%s":{"%s":%d}`, word(60), word(60), rnd.IntN(9))
		}
		b.WriteString("}")
		return &diff.Answer{Status: 200, Body: []byte(b.String()), State: diff.Whole, BodyLen: int64(b.Len()), At: began, Took: time.Duration(rnd.Int64()),
			Fields: []diff.Field{{Name: "x-" + word(100), Value: word(200)}, {Name: "set-cookie", Value: word(30) + "=" + word(40)}}}
	}
	for i := range uint64(12_000) {
		size := 0
		if i%20 == 0 {
			size = len(filler)
		}
		path := "/" + word(1+rnd.IntN(2)) + "/" + word(40) + "?" + word(200)
		raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s.example\r\nCookie: %s=%s\r\n\r\n", []string{"GET", "POST", word(8)}[i%3], path, word(60), word(20), word(60))
		method, _, _ := strings.Cut(raw, " ")
		response := &Exchange{Key: Key{1, i}, User: rnd.Uint64(), Method: []byte(method), Path: []byte(path), Raw: []byte(raw), Time: began + int64(i)*int64(time.Millisecond), Answer: answer(size)}
		if i%4 != 0 {
			e.Original(response.Key, answer(size))
		}
		if i%4 != 1 {
			e.Response(response)
		}
		e.Wrote(rnd.Uint64(), began)
		if i%100 == 0 {
			e.Advance(time.Duration(i) * time.Millisecond)
			if i%3000 == 0 {
				e.Report()
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d MB", grown>>20)
	if grown > memory+maxBeside {
		t.Errorf("%d bytes for a memory of %d", grown, memory)
	}
	if f := e.Fates(0); f.Compared < 5000 || f.Expired == 0 {
		t.Errorf("%+v", f)
	}
	runtime.KeepAlive(e)
}
