package forward

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecovery: when a target that failed is back it gets all that it may have at a
// time, within a probe's distance, though nothing new comes that would call anybody:
// a recording is wholly submitted, or held up by what waits. Where there are few places
// in flight, the one that waits for the next probe counts, and comes free by then.
func TestRecovery(t *testing.T) {
	const took, ms = 40 * time.Millisecond, time.Millisecond
	for _, tt := range []struct {
		limit string
		slots int
		ready int // lanes, each with one request
		gone  func(v *virtualTarget)
		back  func(v *virtualTarget)
		all   time.Duration // until all are answered, once it is back
	}{
		{"", 128, 1280, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, 10 * took},
		{"", 128, 30, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, took},
		{"", 2, 200, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, 100 * took},
		{"", 1, 10, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, 10 * took},
		{"|1000", 128, 1000, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, 1015*ms + took},
		{"|100", 2, 40, (*virtualTarget).gone, func(v *virtualTarget) { v.refuse = false }, probeMax + 20*took},
		{"", 128, 1280, func(v *virtualTarget) { v.nowhere = true }, func(v *virtualTarget) { v.nowhere = false }, 10 * took},
	} {
		t.Run(fmt.Sprint(tt.limit, " ", tt.slots, " in flight, ", tt.ready), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = replyAfter(took)
				r := runVirtual(t, Config{Concurrency: tt.slots, Buffer: patientShare * tt.ready}, []string{tt.limit}, v)
				tt.gone(v)
				for n := range tt.ready {
					if err := r.wait(uint64(n), 0); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(3 * time.Second)
				if s := r.Stats()[0]; !s.Failing || s.Queue < tt.ready-1 {
					t.Fatalf("before: %s", AppendLine(nil, []TargetStats{s}))
				}
				v.set(func() { tt.back(v) })
				time.Sleep(probeMax + took + tt.all + 5*ms)
				if s := r.Stats()[0]; s.Answered != uint64(tt.ready) {
					t.Errorf("behind: %s", AppendLine(nil, []TargetStats{s}))
				}
				r.finish()
			})
		})
	}
}

// TestRecoveryOfASilentTarget: so it is when what ends the failure is the response to
// a request that was in flight all the time, and the next probe has not gone yet.
func TestRecoveryOfASilentTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{Concurrency: 8}, []string{""}, v)
		silent, stop := context.WithCancel(context.Background())
		v.reply = replyOK
		r.submit(1000, 0, "GET /")
		time.Sleep(time.Second)
		v.set(func() {
			v.reply = func(n int, q *http.Request, c net.Conn) bool {
				<-silent.Done()
				return replyOK(n, q, c)
			}
		})
		for n := range 400 {
			r.submit(uint64(n), 0, "GET /")
		}
		time.Sleep(8 * time.Second)
		if s := r.Stats()[0]; !s.Failing {
			t.Fatalf("before: %s", AppendLine(nil, []TargetStats{s}))
		}
		v.set(func() { v.reply = replyAfter(10 * time.Millisecond) })
		stop()
		time.Sleep(400/8*10*time.Millisecond + 10*time.Millisecond)
		if s := r.Stats()[0]; s.Answered != 401 {
			t.Errorf("behind: %s", AppendLine(nil, []TargetStats{s}))
		}
		r.finish()
	})
}
