package forward

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A notebook keeps Outcomes, with copies of what is lent.
type notebook struct {
	mu  sync.Mutex
	all []Outcome
}

func (n *notebook) take(o *Outcome) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c := *o
	c.Method, c.Path = append([]byte(nil), o.Method...), append([]byte(nil), o.Path...)
	n.all = append(n.all, c)
}

// due submits a request of a connection that is due at a time after the start, of
// which its source was held for a while, and returns its number.
func (r *virtualRun) due(conn uint64, n int, due, held time.Duration) {
	r.t.Helper()
	err := r.SubmitWait(context.Background(), &Request{
		Conn: conn, Index: uint64(n), Due: r.Began().Add(due), Held: held, Time: 42,
		Raw: fmt.Appendf(nil, "GET /%d/%d HTTP/1.1\r\nHost: x\r\nX-Conn: %d\r\nX-N: %d\r\n\r\n", conn, n, conn, n),
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestLate: in virtual time this program takes none, so that what a request waited
// for is known to the nanosecond.
func TestLate(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		limit  string
		slots  int // requests in flight
		submit func(r *virtualRun)
		want   []Late // by the order in which they ended
	}{
		{"nothing", "", 8, func(r *virtualRun) {
			for i := range 3 {
				time.Sleep(ms)
				r.due(uint64(i), 0, time.Since(r.Began()), 0)
			}
		}, []Late{{}, {}, {}}},
		{"the request before", "", 8, func(r *virtualRun) {
			for i := range 3 {
				r.due(1, i, 0, 0)
			}
		}, []Late{{}, {Target: 100 * ms}, {Target: 200 * ms}}},
		{"a free place", "", 1, func(r *virtualRun) {
			r.due(1, 0, 0, 0)
			time.Sleep(30 * ms)
			r.due(2, 0, 30*ms, 0)
			r.due(3, 0, 30*ms, 0)
		}, []Late{{}, {Target: 70 * ms}, {Target: 170 * ms}}},
		{"the request before and a free place", "", 1, func(r *virtualRun) {
			r.due(1, 0, 0, 0)
			r.due(2, 0, 0, 0)
			r.due(1, 1, 0, 0)
		}, []Late{{}, {Target: 100 * ms}, {Target: 200 * ms}}},
		{"the limit, which lets one start in 1.015 s", "|1", 8, func(r *virtualRun) {
			for i := range 3 {
				r.due(uint64(i), 0, 0, 0)
			}
		}, []Late{{}, {Limit: 1015 * ms}, {Limit: 2030 * ms}}},
		{"the limit and the request before", "|1", 8, func(r *virtualRun) {
			for i := range 3 {
				r.due(1, i, 0, 0)
			}
		}, []Late{{}, {Target: 100 * ms, Limit: 915 * ms}, {Target: 200 * ms, Limit: 1830 * ms}}},
		{"gor", "", 8, func(r *virtualRun) {
			time.Sleep(50 * ms)
			r.due(1, 0, 20*ms, 0)
		}, []Late{{Own: 30 * ms}}},
		{"room, then gor", "", 8, func(r *virtualRun) {
			time.Sleep(50 * ms)
			r.due(1, 0, 20*ms, 25*ms)
		}, []Late{{Target: 25 * ms, Own: 5 * ms}}},
		{"room that the limit makes", "|9", 8, func(r *virtualRun) {
			time.Sleep(50 * ms)
			r.due(1, 0, 20*ms, 40*ms)
		}, []Late{{Limit: 30 * ms}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v, notes := newVirtualTarget(), &notebook{}
				v.reply = replyAfter(100 * ms)
				r := runVirtual(t, Config{Concurrency: tt.slots, Outcome: notes.take}, []string{tt.limit}, v)
				tt.submit(r)
				r.finish()
				if len(notes.all) != len(tt.want) {
					t.Fatalf("%d outcomes, want %d", len(notes.all), len(tt.want))
				}
				for i, o := range notes.all {
					if o.Late.Target.Round(ms) != tt.want[i].Target || o.Late.Limit.Round(ms) != tt.want[i].Limit || o.Late.Own != tt.want[i].Own {
						t.Errorf("request %d was late by %+v, want %+v", i, o.Late, tt.want[i])
					}
					if o.Service().Round(ms) != 100*ms || o.Status != 200 || o.Time != 42 || string(o.Method) != "GET" || string(o.Path) != fmt.Sprintf("/%d/%d", o.Conn, o.Index) {
						t.Errorf("request %d: %+v", i, o)
					}
				}
				checkSums(t, notes.all)
			})
		})
	}
}

// checkSums checks that each request was late by what it waited for.
func checkSums(t *testing.T, all []Outcome) {
	t.Helper()
	for _, o := range all {
		if sum := o.Late.Target + o.Late.Limit + o.Late.Own; sum != o.Started-o.Due || o.Ended < o.Started {
			t.Fatalf("late by %+v, but due after %v, started after %v, ended after %v", o.Late, o.Due, o.Started, o.Ended)
		}
	}
}

// TestLateAnyLoad: whatever load, limit and target, all that a request waits for is
// the target or the limit, and a source that is held up by them knows it.
func TestLateAnyLoad(t *testing.T) {
	for seed := range uint64(30) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			v, notes := newVirtualTarget(), &notebook{}
			var mu sync.Mutex
			v.reply = func(n int, hr *http.Request, c net.Conn) bool {
				mu.Lock()
				took, dies := time.Duration(rnd.ExpFloat64()*2e7), rnd.IntN(50) == 0
				mu.Unlock()
				time.Sleep(took)
				return replyOK(n, hr, c) && !dies
			}
			limit := []string{"", "|100", "|1000"}[rnd.IntN(3)]
			cfg := Config{Concurrency: 1 + rnd.IntN(20), Outcome: notes.take}
			if rnd.IntN(2) == 0 {
				cfg.Buffer = 8 * (1 + rnd.IntN(50)) // the source is held up
			}
			r := runVirtual(t, cfg, []string{limit}, v)
			var due, free time.Duration
			const n = 500
			for i := range n {
				mu.Lock()
				due += time.Duration(rnd.ExpFloat64() * 5e6)
				conn := rnd.Uint64N(40)
				mu.Unlock()
				time.Sleep(due - time.Since(r.Began()))
				q := &Request{Conn: conn, Index: uint64(i), Due: r.Began().Add(due), Held: max(free-due, 0), Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}
				held := q.Held
				if err := r.SubmitWait(context.Background(), q); err != nil {
					t.Fatal(err)
				}
				if q.Held > held {
					free = time.Since(r.Began())
				}
			}
			s := r.finish()[0]
			if len(notes.all) != n || s.Answered+s.FailedTotal() != n {
				t.Fatalf("%d outcomes: %s", len(notes.all), AppendLine(nil, []TargetStats{s}))
			}
			checkSums(t, notes.all)
			for i, o := range notes.all {
				if o.Late.Own != 0 || limit == "" && o.Late.Limit != 0 {
					t.Fatalf("seed %d, limit %q, %d in flight: request %d was late by %+v", seed, limit, cfg.Concurrency, i, o.Late)
				}
			}
		})
	}
}

// TestOutcomes: each request that was started has an outcome, and nothing else has.
func TestOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad, notes := newVirtualTarget(), newVirtualTarget(), &notebook{}
		bad.refuse = true
		filter, err := NewFilter(FilterConfig{DenyPath: []string{"^/denied"}})
		if err != nil {
			t.Fatal(err)
		}
		r := runVirtual(t, Config{Outcome: notes.take, Filter: filter}, []string{"", ""}, good, bad)
		submit := func(raw string) {
			t.Helper()
			if err := r.SubmitWait(context.Background(), &Request{Due: time.Now(), Raw: []byte(raw)}); err != nil {
				t.Fatal(err)
			}
		}
		for range 40 {
			submit("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
			submit("GET /denied HTTP/1.1\r\nHost: x\r\n\r\n")
			submit("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n") // for a target out of reach nobody looks at it
		}
		stats := r.finish()
		var answered, failed, forsaken, unsupported int
		for _, o := range notes.all {
			switch {
			case o.Target == 1 && string(o.Method) == "CONNECT" && o.Failure == FailRefused:
				unsupported++
			case string(o.Method) != "GET" || string(o.Path) != "/a":
				t.Errorf("%+v", o)
			case o.Target == 0 && o.Status == 200:
				answered++
			case o.Target == 1 && o.Status == 0 && o.Failure == FailRefused:
				failed++
				if o.Service() == 0 && o.Latency() >= 5*time.Second {
					forsaken++
				}
			default:
				t.Errorf("%+v", o)
			}
			if o.Late.Own != 0 {
				t.Errorf("late by %+v", o.Late)
			}
		}
		if answered != 40 || uint64(failed+unsupported) != stats[1].FailedTotal() || failed != 40 || forsaken == 0 {
			t.Errorf("%d answered, %d failed, %d of them never sent: %s", answered, failed, forsaken, AppendLine(nil, stats))
		}
		checkSums(t, notes.all)
	})
}

// TestOutcomeLive: a request that is not due at any time has no delay.
func TestOutcomeLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, notes := newVirtualTarget(), &notebook{}
		v.reply = replyAfter(time.Second)
		r := runVirtual(t, Config{Outcome: notes.take, Concurrency: 1}, []string{""}, v)
		for range 3 {
			r.Submit(&Request{Raw: []byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")})
		}
		r.finish()
		for _, o := range notes.all {
			if o.Late != (Late{}) || o.Due != o.Started || o.Latency() != o.Service() || o.Latency() < time.Second {
				t.Errorf("%+v", o)
			}
		}
		if len(notes.all) != 3 {
			t.Errorf("%d outcomes", len(notes.all))
		}
	})
}

// A hold-up that ended with nothing being sent is over, and one that goes on counts up
// to now.
func TestHeldClock(t *testing.T) {
	var c heldClock
	if c.read(5) != [holdUps]int64{} {
		t.Errorf("%v before anything", c.read(5))
	}
	c.hold(heldByTarget, 10)
	if got := c.read(25); got != [holdUps]int64{15, 0} {
		t.Errorf("%v after 15 of the target", got)
	}
	c.hold(heldByLimit, 30)
	c.release(37)
	c.release(50)
	if got := c.read(60); got != [holdUps]int64{20, 7} {
		t.Errorf("%v after 20 of the target and 7 of the limit", got)
	}
}

// TestDelayOfUser: while an earlier request of its user holds it up, on whichever
// connection, a request waits for the target.
func TestDelayOfUser(t *testing.T) {
	var c heldClock
	b := newBuffer(100, 1<<20, &c)
	for conn := range uint64(2) {
		it := newItem("x")
		it.at = 10
		c.setOut(it, &Request{}, time.Time{})
		b.push(it, write(conn))
	}
	first := b.pop(20)
	if got := c.late(first, 20, false); got != (Late{Own: 10}) {
		t.Errorf("the first was late by %+v", got)
	}
	b.release(first, 100)
	if got := c.late(b.pop(105), 105, false); got != (Late{Target: 90, Own: 5}) {
		t.Errorf("the second was late by %+v", got)
	}
}

// TestDelay: what passes between a request's turn and its start, while nothing is held
// up, is this program's own; in virtual time none does.
func TestDelay(t *testing.T) {
	var c heldClock
	b := newBuffer(100, 1<<20, &c)
	push := func(at int64, conn uint64) *item {
		it := &item{at: at}
		c.setOut(it, &Request{}, time.Time{})
		b.push(it, connOf(conn))
		return it
	}
	first, second, other := push(10, 1), push(20, 1), push(30, 2)
	if b.pop(15) != first {
		t.Fatal("not the first")
	}
	if got := c.late(first, 15, false); got != (Late{Own: 5}) {
		t.Errorf("the first was late by %+v", got)
	}
	c.hold(heldByTarget, 40)
	b.release(first, 100)
	c.release(150)
	if got := c.late(second, 170, false); got != (Late{Target: 80 + 50, Own: 20}) {
		t.Errorf("the second was late by %+v", got)
	}
	c.hold(heldByLimit, 170)
	c.release(200)
	if got := c.late(other, 210, true); got != (Late{Target: 110, Limit: 30, Own: 10 + 20 + 10}) {
		t.Errorf("the other was late by %+v", got)
	}
	if b.pop(210) != other || b.pop(210) != second {
		t.Fatal("not the second")
	}
	b.putBack(second, 300) // the target was not reached
	if got := c.late(second, 320, false); got.Own != 20 || got.Target+got.Limit != 280 {
		t.Errorf("the second was late by %+v", got)
	}
}
