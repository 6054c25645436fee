package results

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gor/forward"
)

// random is a request of any kind, due at a time.
func random(rnd *rand.Rand, target int, due time.Duration) forward.Outcome {
	o := forward.Outcome{
		Target: target, Method: []byte("GET"), Path: fmt.Appendf(nil, "/%d/%c", rnd.IntN(100), 'a'+rune(rnd.IntN(5))), Due: due,
		Late: forward.Late{Target: time.Duration(rnd.IntN(1000)), Limit: time.Duration(rnd.IntN(1000)), Own: time.Duration(rnd.IntN(1000))},
	}
	o.Started = due + o.Late.Target + o.Late.Limit + o.Late.Own
	o.Ended = o.Started + time.Duration(rnd.IntN(1e7))
	if rnd.IntN(10) == 0 {
		o.Failure = forward.Failure(rnd.IntN(len(forward.Failures{})))
	} else {
		o.Status = 200 + 100*rnd.IntN(4)
	}
	return o
}

// Every request is in its target's tally, in one slot of the timeline and in one
// route, whoever takes it down and whatever else goes on.
func TestLedger(t *testing.T) {
	l := NewLedger(2)
	l.Begin(time.Second)
	const goroutines, each = 4, 5000
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(g), 1))
			for i := range each {
				o := random(rnd, i%2, time.Second+time.Duration(i)*7*time.Millisecond)
				l.Take(&o)
				if i%1000 == 0 {
					l.Sum()
				}
			}
		})
	}
	wg.Wait()
	r := &Run{Read: goroutines*each/2 + 60}
	r.Finish(l, []forward.TargetStats{{Target: "a", SampledOut: 10, Filtered: 20, Unsupported: 5}, {Target: "b"}})
	sum, late := l.Sum()
	if sum.Started() != goroutines*each || late.Own.Count() != goroutines*each || sum.Latency.Count() != goroutines*each {
		t.Errorf("%d started, %d late, %d latencies", sum.Started(), late.Own.Count(), sum.Latency.Count())
	}
	for i := range r.Targets {
		target := &r.Targets[i]
		var routes Tally
		for k := range target.Routes {
			routes.merge(&target.Routes[k].Tally)
			if k > 0 && target.Routes[k].Started() > target.Routes[k-1].Started() {
				t.Errorf("route %d has more requests than the one before", k)
			}
		}
		var due, ended, errors uint64
		for k := range target.Timeline.Slots {
			s := &target.Timeline.Slots[k]
			due, ended, errors = due+s.Due, ended+s.Ended, errors+s.Errors
			if s.Latency.Count() != s.Due {
				t.Errorf("slot %d: %d latencies of %d requests", k, s.Latency.Count(), s.Due)
			}
		}
		const n = goroutines * each / 2
		if target.Started() != n || routes.Started() != n || due != n || ended != n || errors != target.Errors() || routes.Errors() != errors || routes.Answered != target.Answered {
			t.Errorf("%d started; routes %d, due %d, ended %d; errors %d, %d, %d", target.Started(), routes.Started(), due, ended, target.Errors(), errors, routes.Errors())
		}
		if len(target.Routes) != 5 || target.Started()+target.SampledOut+target.Filtered+target.Unsupported+target.Skipped != r.Read {
			t.Errorf("%d routes; %d started, %d skipped of %d read", len(target.Routes), target.Started(), target.Skipped, r.Read)
		}
	}
}

// A timeline of any length has a bounded number of slots, and loses nothing.
func TestTimeline(t *testing.T) {
	for _, end := range []time.Duration{time.Second, time.Minute, 30 * time.Hour} {
		var l Timeline
		const n = 3000
		for i := range n {
			due := time.Duration(i) * (end / n)
			l.add(&forward.Outcome{Due: due, Started: due, Ended: due + time.Millisecond, Status: 200, Late: forward.Late{Own: time.Duration(i)}}, 0)
		}
		var due uint64
		for i := range l.Slots {
			due += l.Slots[i].Due
		}
		last := l.Slots[(end-end/n)/l.Width]
		if due != n || len(l.Slots) > maxSlots || last.Late.Own != n-1 || end > firstSlot*maxSlots && len(l.Slots) < maxSlots/2-1 {
			t.Errorf("%v: %d requests in %d slots of %v, the last late by %d", end, due, len(l.Slots), l.Width, last.Late.Own)
		}
	}
	var l Timeline
	l.add(&forward.Outcome{Due: -5, Started: -5, Ended: -1, Status: 200}, 0) // before the start: in the first slot
	if l.Slots[0].Due != 1 || l.Slots[0].Ended != 1 {
		t.Errorf("%+v", l.Slots)
	}
}

func TestTakeAllocs(t *testing.T) {
	l := NewLedger(1)
	o := answered(200, 5)
	l.Take(&o)
	if n := testing.AllocsPerRun(100, func() { l.Take(&o) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	l := NewLedger(1)
	o := answered(200, 5)
	o.Path = []byte("/api/v1/items/000042?expand=owner&page=7")
	b.ReportAllocs()
	for b.Loop() {
		o.Due += 50 * time.Microsecond
		o.Started, o.Ended = o.Due+1, o.Due+1e6
		l.Take(&o)
	}
}
