package forward

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// wait offers request n of connection conn, patiently.
func (r *virtualRun) wait(conn uint64, n int) error {
	return r.SubmitWait(context.Background(), &Request{
		Conn: conn << 32, Raw: fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: x\r\nX-Conn: %d\r\nX-N: %d\r\n\r\n", conn, n),
	})
}

// read offers n requests on 50 connections, and checks that no target holds more
// than its place has room for. It returns how many were taken.
func (r *virtualRun) read(n int) int {
	r.t.Helper()
	before := int(r.Stats()[0].Received)
	for i := range n {
		if err := r.wait(uint64(i%50), (before+i)/50); err != nil {
			if !errors.Is(err, ErrAway) {
				r.t.Error(err)
			}
			return i
		}
		for k, t := range r.targets {
			if s := r.Stats()[k]; i%100 == 0 && s.Queue > t.queues.patient.maxCount {
				r.t.Fatalf("%d wait for %s", s.Queue, t.name)
			}
		}
	}
	return n
}

// inOrder checks that each connection's requests have come in order, all of them
// if so many are given.
func inOrder(t *testing.T, v *virtualTarget, each int) {
	t.Helper()
	for conn, numbers := range v.seen().numbers {
		if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) || each > 0 && len(numbers) != each {
			t.Fatalf("connection %s: %v", conn, numbers)
		}
	}
}

// gone makes the target refuse connections, and closes those that are open.
func (v *virtualTarget) gone() {
	v.set(func() {
		v.refuse = true
		for c := range v.open {
			c.Close()
		}
	})
}

// TestPatient: a source that can wait sees every request answered, however small
// the buffer and the longest wait, at the pace of the slowest target.
func TestPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fast, slow := newVirtualTarget(), newVirtualTarget()
		slow.reply = replyAfter(10 * time.Millisecond)
		r := runVirtual(t, Config{Buffer: 800, MaxWait: time.Second, Concurrency: 8}, []string{"", "|500", ""}, fast, newVirtualTarget(), slow)
		start := time.Now()
		if n := r.read(5000); n != 5000 {
			t.Fatalf("%d taken", n)
		}
		if lead := len(fast.seen().arrivals) - len(slow.seen().arrivals); lead > 800/patientShare+50 {
			t.Errorf("the fast target is %d requests ahead of the slow one", lead)
		}
		for _, s := range r.finish() {
			if s.Answered != 5000 {
				t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
			}
		}
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10500*time.Millisecond {
			t.Errorf("5,000 requests at 500 per second took %v", took)
		}
		inOrder(t, slow, 100)
	})
}

// TestPatientBesideOneThatIsGone: a target that cannot be reached holds nothing
// back after five seconds: what is for it fails with the reason, and is probed for
// singly, while the other target gets everything. When it is back it counts again.
func TestPatientBesideOneThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := newVirtualTarget(), newVirtualTarget()
		good.reply = replyAfter(time.Millisecond)
		bad.gone()
		var log bytes.Buffer
		r := runVirtual(t, Config{Buffer: 800, Concurrency: 4, Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{"|1000", ""}, good, bad)
		start := time.Now()
		r.read(300)
		if took := time.Since(start); took < 5*time.Second || took > 5500*time.Millisecond {
			t.Errorf("the source was held back for %v", took)
		}
		if n := len(bad.seen().dialled); n > 50 {
			t.Errorf("%d attempts to reach it in five seconds", n)
		}
		before := len(bad.seen().dialled)
		r.read(5000)
		if took := time.Since(start); took > 11*time.Second {
			t.Errorf("all took %v", took)
		}
		if n := len(bad.seen().dialled) - before; n < 10 || n > 30 {
			t.Errorf("%d probes in five seconds", n)
		}
		if s := r.Stats()[1]; s.Received != 5300 || s.Failed[FailRefused] < 5000 || !s.Failing {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
		bad.set(func() { bad.refuse, bad.reply = false, replyAfter(40*time.Millisecond) })
		r.read(1000) // finds it at the next probe
		time.Sleep(2 * time.Second)
		answered := r.Stats()[1].Answered
		start = time.Now()
		r.read(1000)
		if took := time.Since(start); took < 8*time.Second {
			t.Errorf("a slow target that is back holds the source back for %v only", took)
		}
		stats := r.finish()
		if stats[0].Answered != 7300 || stats[1].Answered < answered+1000 || stats[1].FailedTotal()+stats[1].Answered != 7300 {
			t.Errorf("fates: %s", AppendLine(nil, stats))
		}
		if strings.Count(log.String(), "nothing waits for it") != 1 {
			t.Errorf("%s", log.String())
		}
		inOrder(t, good, 0)
		inOrder(t, bad, 0)
	})
}

// TestPatientOutlivesARestart: a target that refuses for less than five seconds
// loses nothing of a source that can wait.
func TestPatientOutlivesARestart(t *testing.T) {
	for _, away := range []struct {
		name      string
		come, end func(v *virtualTarget)
	}{
		{"refusing", (*virtualTarget).gone, func(v *virtualTarget) { v.set(func() { v.refuse = false }) }},
		{"no name", func(v *virtualTarget) { v.set(func() { v.nowhere = true }); v.gone() },
			func(v *virtualTarget) { v.set(func() { v.refuse, v.nowhere = false, false }) }},
	} {
		t.Run(away.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				r := runVirtual(t, Config{Buffer: 800, Concurrency: 8}, []string{"|200"}, v)
				taken := make(chan int)
				go func() { taken <- r.read(3000) }()
				for range 3 {
					time.Sleep(time.Second)
					away.come(v)
					time.Sleep(4700 * time.Millisecond)
					away.end(v)
				}
				n := <-taken
				s := r.finish()[0]
				// those that were under way when it closed the connections may have been processed
				if n != 3000 || s.Answered+s.Failed[FailReset] != 3000 || s.Failed[FailReset] > 3*8 {
					t.Errorf("%d taken; fates: %s", n, AppendLine(nil, []TargetStats{s}))
				}
				inOrder(t, v, 0)
			})
		})
	}
}

// TestNoTarget: when there is no target to wait for, a source learns it in time,
// few requests or many, whether the target refuses, has no address or is silent;
// and what it had submitted has its true fate.
func TestNoTarget(t *testing.T) {
	silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, tt := range []struct {
		name    string
		kind    Failure
		within  time.Duration
		prepare func(v *virtualTarget, r *virtualRun)
	}{
		{"refusing", FailRefused, 6 * time.Second, func(v *virtualTarget, _ *virtualRun) { v.gone() }},
		{"without an address", FailDNS, 6 * time.Second, func(v *virtualTarget, _ *virtualRun) { v.set(func() { v.nowhere = true }) }},
		{"silent", FailTimeout, 12 * time.Second, func(_ *virtualTarget, r *virtualRun) { r.targets[0].route.dialer.connect = silent }},
	} {
		for _, n := range []int{3, 10_000} {
			t.Run(fmt.Sprint(tt.name, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVirtualTarget()
					r := runVirtual(t, Config{Buffer: 800}, []string{""}, v)
					tt.prepare(v, r)
					start := time.Now()
					taken := r.read(n)
					for r.Reachable() && time.Since(start) < time.Minute {
						time.Sleep(10 * time.Millisecond)
					}
					if took := time.Since(start); took > tt.within {
						t.Errorf("it took %v to see that there is no target", took)
					}
					if taken == 10_000 || r.wait(0, 0) != ErrAway {
						t.Errorf("%d taken", taken)
					}
					if s := r.finish()[0]; s.Failed[tt.kind] != uint64(taken) || s.Received != uint64(taken) {
						t.Errorf("%d taken; fates: %s", taken, AppendLine(nil, []TargetStats{s}))
					}
				})
			})
		}
	}
}

// TestAwayLapses: that a target was out of reach is not known for ever: when nobody
// has asked for five seconds, the next source finds out for itself, and is not told
// that there is none before five seconds have shown it.
func TestAwayLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.gone()
		r := runVirtual(t, Config{Buffer: 800}, []string{""}, v)
		r.read(1000)
		if n, _ := r.Room(); n != 0 || r.Reachable() {
			t.Fatalf("there is room for %d", n)
		}
		time.Sleep(6 * time.Second)
		if n, bytes := r.Room(); n != 100 || bytes == 0 || !r.Reachable() {
			t.Errorf("six seconds later there is room for %d", n)
		}
		start := time.Now()
		r.read(1000)
		if took := time.Since(start); took < 5*time.Second || took > 6*time.Second {
			t.Errorf("given up after %v", took)
		}
		time.Sleep(time.Hour)
		v.set(func() { v.refuse = false })
		before := r.Stats()[0].Answered
		if n := r.read(1000); n != 1000 {
			t.Errorf("%d taken when it was back", n)
		}
		if s := r.finish()[0]; s.Answered-before != 1000 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestAwayNeedsProof: single failures far apart, or requests that are not answered
// in time by a target that answers others, do not make it one that cannot be reached.
func TestAwayNeedsProof(t *testing.T) {
	second := int64(time.Second)
	for _, tt := range []struct {
		name string
		do   func(b *backoff)
		at   int64 // when it is asked
		away bool
	}{
		{"one attempt of four seconds", func(b *backoff) { b.failed(5*second, miss{began: second}) }, 5 * second, false},
		{"one attempt of five seconds", func(b *backoff) { b.failed(6*second, miss{began: second}) }, 6 * second, true},
		{"reached between two", func(b *backoff) {
			b.failed(1*second, miss{began: second})
			b.alive(2 * second)
			b.failed(7*second, miss{began: 6 * second})
		}, 7 * second, false},
		{"a response that did not come", func(b *backoff) { b.failed(16*second, miss{began: second, reached: true}) }, 16 * second, false},
		{"ten that did not come", func(b *backoff) {
			for range failuresToBackOff {
				b.failed(16*second, miss{began: second, reached: true})
			}
		}, 16 * second, false},
		{"and five seconds more", func(b *backoff) {
			for range failuresToBackOff {
				b.failed(16*second, miss{began: second, reached: true})
			}
			b.failed(21*second, miss{began: 17 * second, reached: true})
		}, 21 * second, true},
		{"silent", func(b *backoff) { b.trip(second); b.failed(6*second, miss{began: second, reached: true}) }, 6 * second, true},
		{"silent for less", func(b *backoff) { b.trip(second); b.failed(5*second, miss{began: second, reached: true}) }, 5 * second, false},
	} {
		var b backoff
		tt.do(&b)
		if got := b.away(tt.at); got != tt.away {
			t.Errorf("%s: away %v", tt.name, got)
		}
	}
}

// TestLiveBesidePatient: live requests beside a source that fills whatever it can
// wait no longer than for the next free worker and the next turn of the limit, and
// none is dropped for want of room that the source took.
func TestLiveBesidePatient(t *testing.T) {
	for _, tt := range []struct {
		limit   string
		latency time.Duration
		longest time.Duration // that a live request may wait
	}{{"", 20 * time.Millisecond, 25 * time.Millisecond}, {"|500", 20 * time.Millisecond, 25 * time.Millisecond}, {"", time.Second, 1100 * time.Millisecond}} {
		t.Run(fmt.Sprint(tt.limit, tt.latency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = replyAfter(tt.latency)
				r := runVirtual(t, Config{Buffer: 64, Concurrency: 16, MaxWait: tt.longest}, []string{tt.limit}, v)
				ctx, cancel := context.WithCancelCause(context.Background())
				enough := errors.New("enough")
				waited, read := make(chan error), 0
				go func() {
					for {
						err := r.SubmitWait(ctx, &Request{Conn: uint64(read % 40), Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\nX-Conn: file\r\n\r\n")})
						if err != nil {
							waited <- err
							return
						}
						read++
					}
				}()
				live := 0
				for end := time.Now().Add(10 * time.Second); time.Now().Before(end); live++ {
					r.submit(1000+uint64(live), live, "GET /")
					time.Sleep(100 * time.Millisecond)
				}
				cancel(enough)
				if err := <-waited; err != enough {
					t.Errorf("the source was told %v", err)
				}
				s := r.finish()[0]
				if s.QueueFull+s.Limited != 0 || s.Answered != uint64(live+read) || read < 50 {
					t.Errorf("%d live, %d read; fates: %s", live, read, AppendLine(nil, []TargetStats{s}))
				}
			})
		})
	}
}

// TestPatientStops: what waits when the run is over has that fate, and a source that
// waits for room returns.
func TestPatientStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyNothing
		f, err := New(Config{Targets: []TargetSpec{{URL: "http://target"}}, Buffer: 80, Concurrency: 2})
		if err != nil {
			t.Fatal(err)
		}
		f.targets[0].route.dialer.lookup, f.targets[0].route.dialer.connect = v.lookup, v.connect
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { f.Run(ctx); close(done) }()
		r := &virtualRun{Forwarder: f, t: t, done: done}
		taken := make(chan int)
		go func() { taken <- r.read(13) }()
		time.Sleep(2 * time.Second)
		cancel()
		<-done
		if n := <-taken; n != 13 {
			t.Errorf("%d taken", n)
		}
		if s := r.finish()[0]; s.Stopped != 13 {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestRoom: it is that of the target with the least, and a large request fits while
// there is any.
func TestRoom(t *testing.T) {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://a"}, {URL: "http://b", Percent: 0.0001}}, Buffer: 80, BufferBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(requests int, bytes int64) {
		t.Helper()
		if n, b := f.Room(); n != requests || b != bytes {
			t.Errorf("room for %d requests and %d bytes, want %d and %d", n, b, requests, bytes)
		}
	}
	expect(10, 1<<20)
	for i := range 3 {
		if err := f.SubmitWait(context.Background(), &Request{Conn: 1 << 40, Index: uint64(i), Raw: make([]byte, 200)}); err != nil {
			t.Fatal(err)
		}
	}
	expect(7, 1<<20-3*(256+itemOverhead))
	f.Submit(&Request{Conn: 1, Raw: make([]byte, 200)})
	expect(7, 1<<20-3*(256+itemOverhead))
	if err := f.SubmitWait(context.Background(), &Request{Conn: 2, Raw: make([]byte, 2<<20)}); err != nil {
		t.Fatal(err)
	}
	expect(0, 0)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := f.SubmitWait(ctx, &Request{Conn: 2, Raw: make([]byte, 200)}); err != context.Canceled {
		t.Errorf("it waited, or %v", err)
	}
}

// TestPatienceEnds: a source that says that it waits, and does not, cannot make a
// target hold more than a bound, and loses what comes beyond it.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyAfter(100 * time.Millisecond)
		r := runVirtual(t, Config{Buffer: 80, Concurrency: 2}, []string{""}, v)
		for n := range 1000 {
			r.Submit(&Request{Conn: uint64(n), Patient: true, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")})
		}
		const most = patientExcess*80/patientShare + 80
		if s := r.Stats()[0]; s.Queue > most || s.Queue < most-2 {
			t.Errorf("%d wait, want %d", s.Queue, most)
		}
		if s := r.finish()[0]; s.QueueFull != 1000-s.Answered || s.Answered < most {
			t.Errorf("fates: %s", AppendLine(nil, []TargetStats{s}))
		}
	})
}
