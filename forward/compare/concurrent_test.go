package compare

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// Halves come from any goroutine while others ask what is known: each exchange has
// one fate.
func TestConcurrent(t *testing.T) {
	const each, goroutines = 500, 4
	w := newWorld(t, 7, true, .1)
	var mu sync.Mutex
	var asked []*Exchange
	e := newEngine(t, Config{Targets: []string{"http://a", "http://b"}, Baseline: -1, EchoShare: .5, Echo: func(x *Exchange) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, x.clone())
	}})
	var all []*Exchange
	for i := range each * goroutines {
		method, path, user := w.request()
		x := &Exchange{Key: Key{9, uint64(i)}, User: uint64(user), Method: []byte(method), Path: []byte(path), Time: began + int64(i)*int64(time.Millisecond),
			Raw: fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: a\r\n\r\n", method, path), Answer: w.answer(1, method, path, began)}
		all = append(all, x)
	}
	original := w.answer(0, "GET", "/api/items", began)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for _, x := range all[g*each : (g+1)*each] {
				e.Response(x)
			}
		})
		wg.Go(func() {
			for _, x := range all[g*each : (g+1)*each] {
				e.Original(x.Key, original)
			}
		})
		wg.Go(func() {
			for _, x := range all[g*each : (g+1)*each] {
				other := *x
				other.Target = 1
				e.Response(&other)
			}
		})
	}
	wg.Go(func() {
		for i := range 50 {
			e.Advance(time.Duration(i) * time.Second)
			e.Fates(0)
			e.Report()
			mu.Lock()
			echoes := asked
			asked = nil
			mu.Unlock()
			for _, x := range echoes {
				e.Echo(x)
			}
		}
	})
	wg.Wait()
	e.Close()
	for target := range 2 {
		if f := e.Fates(target); f.Compared+f.NoOriginal != each*goroutines || f.Waiting != 0 {
			t.Errorf("%+v", f)
		}
	}
}

// An exchange costs no memory but what is kept of it.
func TestAllocations(t *testing.T) {
	w := newWorld(t, 1, false, 0)
	w.run(2000)
	then, now := w.answer(0, "GET", "/api/cart", w.now), w.answer(1, "GET", "/api/cart", w.now)
	x := &Exchange{Method: []byte("GET"), Path: []byte("/api/cart"), Raw: []byte("GET /api/cart HTTP/1.1\r\nHost: a\r\n\r\n"), Answer: now}
	n := testing.AllocsPerRun(500, func() {
		x.Key.Index++
		w.engine.Original(x.Key, then)
		w.engine.Response(x)
	})
	if n > 30 && !raceEnabled { // pools drop items at random
		t.Errorf("%g allocations for one exchange", n)
	}
}
