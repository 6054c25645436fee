package compare

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"gor/forward/compare/diff"
)

// However many compare at once, only so many have room for it, and what a large pair took is not kept; a fault of one that
// compares takes no room from the others.
func TestDesk(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, tt := range []struct {
		memory int64
		want   int
	}{{1, 1}, {deskShare, 1}, {3*deskShare + 1, 3}, {100 * deskShare, 8}, {1 << 62, 8}} {
		if d := newDesk(tt.memory); cap(d.free) != tt.want {
			t.Errorf("%d at once with %d bytes, want %d", cap(d.free), tt.memory, tt.want)
		}
	}
	bomb := func(v int) *diff.Answer {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprintf(w, `{"a":%d,"list":[%s1]}`, v, strings.Repeat("1,", 20_000))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &diff.Answer{Status: 200, Body: b.Bytes(), BodyLen: int64(b.Len()), State: diff.Whole, Fields: []diff.Field{{Name: "content-encoding", Value: "gzip"}}}
	}
	d := newDesk(2 * deskShare)
	then, now := bomb(1), bomb(2)
	var mu sync.Mutex
	var at, most, found int
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			defer func() { recover() }()
			d.compare(then, now, func(f *findings) {
				mu.Lock()
				at++
				most, found = max(most, at), found+len(f.all)
				mu.Unlock()
				runtime.Gosched()
				mu.Lock()
				at--
				mu.Unlock()
				if i%3 == 0 {
					panic("a fault")
				}
			})
		})
	}
	wg.Wait()
	if most > 2 || found != 12 || len(d.free) != 2 {
		t.Errorf("%d at once, %d found, %d free", most, found, len(d.free))
	}
	for range 2 {
		if f := <-d.free; f.differ.Room() > maxIdle {
			t.Errorf("%d bytes are kept", f.differ.Room())
		}
	}
}
