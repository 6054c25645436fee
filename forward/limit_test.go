package forward

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimit offers three times the limit for some seconds.
func TestLimit(t *testing.T) {
	for _, tt := range []struct {
		rate    int
		seconds int
		latency time.Duration
	}{{10, 10, 5 * time.Millisecond}, {1000, 10, 20 * time.Millisecond}, {20_000, 2, 0}} {
		t.Run(strconv.Itoa(tt.rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = replyAfter(tt.latency)
				r := runVirtual(t, Config{Buffer: tt.rate, MaxWait: time.Hour}, []string{fmt.Sprintf("|%d", tt.rate)}, v)
				start := time.Now()
				batch := max(tt.rate*3/100, 1) // every 10 ms, or one at a time
				for n := 0; time.Since(start) < time.Duration(tt.seconds)*time.Second; {
					for range batch {
						r.submit(uint64(n%500), n, "GET /")
						n++
					}
					time.Sleep(time.Second * time.Duration(batch) / time.Duration(tt.rate*3))
				}
				if w := worstWindow(v.seen().arrivals); w > tt.rate {
					t.Errorf("%d starts in one second", w)
				}
				if n, want := v.arrived(), tt.rate*tt.seconds*97/100; n < want {
					t.Errorf("%d starts in %d s, want at least %d", n, tt.seconds, want)
				}
				s := r.finish()[0]
				if s.Limited == 0 || s.QueueFull != 0 || s.FailedTotal() != 0 {
					t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
				}
			})
		})
	}
}

// TestLimitForReal offers three times the limit to a server in another process
// by the real clock: for a second and a half, or for as long as GOR_LIMIT says
// (10s, say), when the limit is held to the request and the rate to be kept as
// well. At 20,000 per second the machine has to carry it.
func TestLimitForReal(t *testing.T) {
	length, exact := 1500*time.Millisecond, false
	if s := os.Getenv("GOR_LIMIT"); s != "" {
		var err error
		if length, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
		exact = true
	}
	for _, rate := range []int{10, 1000, 20_000} {
		t.Run(strconv.Itoa(rate), func(t *testing.T) {
			server := fastServer(t)
			f, err := New(Config{Targets: []TargetSpec{{URL: "http://" + server.addr, Rate: rate}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { f.Run(ctx) })
			start := time.Now()
			for n := 0; time.Since(start) < length; time.Sleep(2 * time.Millisecond) {
				for due := int(time.Since(start).Seconds() * 3 * float64(rate)); n < due; n++ { // a slow machine offers less
					f.Submit(&Request{Conn: mix(uint64(n % 500)), Raw: typical})
				}
			}
			end := time.Now()
			cancel()
			f.Close()
			wg.Wait()
			s := f.Stats()[0]
			checkBalance(t, &s)
			all := server.arrivals()
			within := 0
			for _, at := range all {
				if at < end.UnixNano() {
					within++
				}
			}
			want := float64(rate) * length.Seconds()
			worst := worstWindow(all)
			t.Logf("%d starts in %v, %.1f %% of the limit; at most %d in one second", within, length, 100*float64(within)/want, worst)
			most := rate + 1 // the clocks' edge
			if !exact {
				most += rate / 20 // where tests run side by side, the server may read late
			}
			if worst > most {
				t.Errorf("%d starts in one second", worst)
			}
			if exact && float64(within) < 0.97*want {
				t.Errorf("%d starts in %v, want at least 97 %% of %.0f", within, length, want)
			}
		})
	}
}

// TestBurstUnderLimit sends a minute's requests in bursts: all get through.
func TestBurstUnderLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{}, []string{"|10"}, v)
		for i := range 12 {
			for n := range 45 {
				r.submit(uint64(n), i, "GET /")
			}
			time.Sleep(5 * time.Second)
		}
		s := r.finish()[0]
		if s.Answered != 12*45 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
		if w := worstWindow(v.seen().arrivals); w > 10 {
			t.Errorf("%d starts in one second", w)
		}
	})
}

// TestShare: the same connections are taken by every Forwarder, all requests of them.
func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		va, vb := newVirtualTarget(), newVirtualTarget()
		ra := runVirtual(t, Config{}, []string{"|20%"}, va)
		rb := runVirtual(t, Config{}, []string{"|20%"}, vb)
		const conns = 2000
		for conn := range uint64(conns) {
			for n := range 2 {
				ra.submit(conn, n, "GET /")
				rb.submit(conn, n, "GET /")
			}
		}
		sa := ra.finish()[0]
		rb.finish()
		a, b := va.seen(), vb.seen()
		if n := len(a.numbers); n < conns*15/100 || n > conns*25/100 {
			t.Errorf("%d of %d connections taken", n, conns)
		}
		if sa.SampledOut+sa.Answered != 2*conns || sa.Answered != uint64(2*len(a.numbers)) {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{sa}))
		}
		for conn := range a.numbers {
			if len(b.numbers[conn]) != 2 || len(a.numbers[conn]) != 2 {
				t.Fatalf("connection %s: %d requests here, %d there", conn, len(a.numbers[conn]), len(b.numbers[conn]))
			}
		}
		if len(a.numbers) != len(b.numbers) {
			t.Errorf("%d connections here, %d there", len(a.numbers), len(b.numbers))
		}
	})
}
