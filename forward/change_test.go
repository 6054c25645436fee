package forward

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// since are the sorted times from one on.
func since(times []int64, from int64) []int64 {
	i, _ := slices.BinarySearch(times, from)
	return times[i:]
}

// TestLimitChange changes the limit while 5,000 requests come a second: each limit is in
// force at once, no request is lost, and all of a connection stay in their order.
func TestLimitChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = replyAfter(time.Millisecond)
		r := runVirtual(t, Config{Buffer: 1 << 20, BufferBytes: 1 << 40, MaxWait: time.Hour}, []string{""}, v)
		n := 0
		offer := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Millisecond) {
				for range 5 {
					r.submit(uint64(n%200), n/200, "GET /")
					n++
				}
			}
		}
		offer(time.Second)
		before := "off"
		for _, limit := range []string{"1000", "100", "7000", "1", "2000", "off"} {
			changed := time.Now().UnixNano()
			l, err := ParseLimit(limit)
			if err != nil {
				t.Fatal(err)
			}
			if was, err := r.SetLimit("http://target0", l); err != nil || was.String() != before {
				t.Fatalf("the limit before %s was %v, want %s; %v", limit, was, before, err)
			}
			before = limit
			if s := r.Stats()[0]; s.Limit != l || s.LimitRate != l.Rate {
				t.Errorf("the accounts say %v", s.Limit)
			}
			offer(3 * time.Second)
			starts := since(v.seen().arrivals, changed)
			late := since(starts, changed+int64(time.Second)) // one second to be in force
			rate := float64(len(late)) / 2
			if l.Rate == 0 {
				if rate < 5000 {
					t.Errorf("%s: %.0f starts a second", limit, rate)
				}
			} else if w := worstWindow(starts); w > l.Rate {
				t.Errorf("%s: %d starts in one second", limit, w)
			} else if rate < 0.97*float64(l.Rate)-1 {
				t.Errorf("%s: %.0f starts a second", limit, rate)
			}
		}
		s := r.finish()[0]
		if s.Answered != uint64(n) || s.Limit.Rate != 0 {
			t.Errorf("%d of %d requests answered: %s", s.Answered, n, AppendLine(nil, []TargetStats{s}))
		}
		inOrder(t, v, n/200)
	})
}

// TestLimitChangeWhileAsleep: nobody sleeps through a change, though the only worker waits
// for a turn that is a second away.
func TestLimitChangeWhileAsleep(t *testing.T) {
	for _, concurrency := range []int{1, 8} {
		for _, limit := range []string{"100", "off"} {
			t.Run(fmt.Sprint(concurrency, limit), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					v := newVirtualTarget()
					r := runVirtual(t, Config{Concurrency: concurrency}, []string{"|1"}, v)
					for n := range 10 {
						r.submit(uint64(n), 0, "GET /")
					}
					time.Sleep(100 * time.Millisecond) // one is out, a worker sleeps
					l, _ := ParseLimit(limit)
					r.SetLimit("http://target0", l)
					time.Sleep(500 * time.Millisecond)
					if n := v.arrived(); n != 10 {
						t.Errorf("%d of 10 requests arrived", n)
					}
					r.finish()
				})
			})
		}
	}
}

// TestPause: nothing starts in a pause, all that waits does when it ends, and what comes
// beyond the bounds counts as limited.
func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, other := newVirtualTarget(), newVirtualTarget()
		r := runVirtual(t, Config{Buffer: 50}, []string{"", ""}, v, other)
		r.submit(1, 0, "GET /")
		synctest.Wait()
		if was, err := r.Pause("http://target0"); was || err != nil {
			t.Fatal(was, err)
		}
		if was, _ := r.Pause("http://target0"); !was {
			t.Error("a second pause knows nothing of the first")
		}
		for n := range 60 {
			r.submit(uint64(n+2), 0, "GET /")
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		s := r.Stats()
		if v.arrived() != 1 || other.arrived() != 61 || !s[0].Paused || s[0].Queue != 50 || s[0].Limited != 10 || s[1].Paused {
			t.Errorf("paused: %d arrived, %d at the other: %s", v.arrived(), other.arrived(), AppendLine(nil, s))
		}
		if full := r.Load(); full != 0 {
			t.Errorf("a target that is paused holds up the listeners: %.2f", full)
		}
		if was, err := r.Resume("http://target0"); !was || err != nil {
			t.Fatal(was, err)
		}
		synctest.Wait()
		if v.arrived() != 51 {
			t.Errorf("resumed: %d arrived", v.arrived())
		}
		if s := r.finish()[0]; s.Answered != 51 || s.Paused {
			t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestPauseAtTheEnd: a Forwarder that gets no more waits for the end of a pause, unless
// nothing is left to be sent, or its time is over.
func TestPauseAtTheEnd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		begun   bool // workers are there when the pause begins
		then    func(r *virtualRun)
		arrived int
		fates   string
	}{
		{"resumed", false, func(r *virtualRun) { r.Resume("http://target0") }, 3, "answered 3"},
		{"resumed, with idle workers", true, func(r *virtualRun) { r.Resume("http://target0") }, 4, "answered 4"},
		{"resumed when all is too old", true, func(r *virtualRun) { time.Sleep(time.Minute) }, 1, "limited 3"},
		{"all too old", false, func(r *virtualRun) { time.Sleep(time.Minute) }, 0, "limited 3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				r := runVirtual(t, Config{}, []string{""}, v)
				if tt.begun {
					r.submit(9, 0, "GET /")
				}
				synctest.Wait()
				r.Pause("http://target0")
				for n := range 3 {
					r.submit(uint64(n), 0, "GET /")
				}
				r.Close()
				time.Sleep(5 * time.Second)
				select {
				case <-r.done:
					t.Error("it has ended in the pause")
				default:
				}
				tt.then(r)
				time.Sleep(time.Second)
				select {
				case <-r.done:
				default:
					t.Fatal("it has not ended")
				}
				s := r.finish()[0]
				if got := []string{fmt.Sprint("answered ", s.Answered), fmt.Sprint("limited ", s.Limited)}; v.arrived() != tt.arrived || !slices.Contains(got, tt.fates) {
					t.Errorf("%d arrived, want %d; %v, want %s", v.arrived(), tt.arrived, got, tt.fates)
				}
			})
		})
	}
}

// TestPauseHoldsRecordings: what can wait does, and nothing of it is lost.
func TestPauseHoldsRecordings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{Buffer: 80}, []string{""}, v)
		r.Pause("http://target0")
		read := make(chan int)
		go func() { read <- r.read(100) }()
		time.Sleep(time.Hour)
		select {
		case n := <-read:
			t.Errorf("%d requests were read in the pause", n)
		default:
		}
		r.Resume("http://target0")
		if n := <-read; n != 100 {
			t.Errorf("%d of 100 read", n)
		}
		if s := r.finish()[0]; s.Answered != 100 {
			t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
		}
	})
}

// TestShareChange: a share that grows keeps the users that it had.
func TestShareChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{}, []string{"|10%"}, v)
		var before map[string][]int
		for round, limit := range []string{"10%", "30%", "100%", "off"} {
			l, err := ParseLimit(limit)
			if err != nil {
				t.Fatal(err)
			}
			r.SetLimit("http://target0", l)
			for conn := range uint64(500) {
				r.submit(conn, round, "GET /")
			}
			synctest.Wait()
			now := v.seen().numbers
			for conn, numbers := range before {
				if len(now[conn]) != len(numbers)+1 {
					t.Fatalf("%s: user %s was there, and is no more", limit, conn)
				}
			}
			if len(now) <= len(before) && len(before) < 500 {
				t.Errorf("%s: %d users", limit, len(now))
			}
			before = now
		}
		if s := r.finish()[0]; len(before) != 500 || s.LimitShare != 1_000_000 {
			t.Errorf("%d users, share %d", len(before), s.LimitShare)
		}
	})
}

// TestDenyPath: what is denied at run time is filtered from then on.
func TestDenyPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		r := runVirtual(t, Config{}, []string{""}, v)
		r.submit(1, 0, "GET /admin")
		if err := r.DenyPath("("); err == nil {
			t.Error("no error for a bad expression")
		}
		if err := errors.Join(r.DenyPath("^/admin"), r.DenyPath(`\.png$`)); err != nil {
			t.Fatal(err)
		}
		for i, line := range []string{"GET /admin", "GET //admin", "GET /a.png", "GET /"} {
			r.submit(1, i+1, line)
		}
		if s := r.finish()[0]; s.Filtered != 3 || s.Answered != 2 || !slices.Equal(r.Denied(), []string{"^/admin", `\.png$`}) {
			t.Errorf("%s; denied %q", AppendLine(nil, []TargetStats{s}), r.Denied())
		}
		for _, everything := range []string{"", ".*", "x?"} {
			if err := r.DenyPath(everything); err == nil {
				t.Errorf("%q may deny everything", everything)
			}
		}
		if err := r.DenyPath("^/admin"); err != nil || len(r.Denied()) != 2 {
			t.Errorf("the same once more: %v, %q", err, r.Denied())
		}
		n := 0
		for err := error(nil); err == nil; n, err = n+1, r.DenyPath(fmt.Sprint("x", n)) {
			if len(r.Denied()) > maxAdded {
				t.Fatal("there is no end to the rules")
			}
		}
	})
}

// TestAddedRulesCostNothing: a filter without rules lets everything pass unread.
func TestAddedRulesCostNothing(t *testing.T) {
	var f Filter
	if !f.Allow([]byte("no request at all")) {
		t.Error("a filter without rules has read a request")
	}
	raw := []byte("GET /a HTTP/1.1\r\n\r\n")
	f.DenyPath("^/b")
	if n := testing.AllocsPerRun(100, func() { f.Allow(raw) }); n > 0 && !raceEnabled {
		t.Errorf("%.0f allocations", n)
	}
}

func TestUnknownTarget(t *testing.T) {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://a", Rate: 1}, {URL: "http://a"}, {URL: "http://b"}}})
	if err != nil {
		t.Fatal(err)
	}
	const want = `there is no target "http://a|1": use http://a or http://a#2 or http://b`
	if _, err = f.SetLimit("http://a|1", Limit{}); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	before, err := f.SetLimit("a", Limit{Rate: 5})
	if s := f.Stats(); err != nil || before.Rate != 1 || s[0].Limit.Rate != 5 || s[1].Limit.Rate != 0 {
		t.Errorf("%v before, %v", before, err)
	}
}

func TestParseLimit(t *testing.T) {
	for _, tt := range []struct {
		text string
		want Limit
		long string
	}{
		{"off", Limit{}, "no limit"},
		{"10", Limit{Rate: 10}, "10 per second"},
		{"2.5%", Limit{Percent: 2.5}, "2.5% of the users"},
		{"10%conn", Limit{Percent: 10, Share: ShareConnections}, "10% of the client connections"},
		{"10%req", Limit{Percent: 10, Share: ShareRequests}, "10% of the requests"},
	} {
		l, err := ParseLimit(tt.text)
		if err != nil || l != tt.want || l.String() != tt.text || l.Describe() != tt.long {
			t.Errorf("%s: %+v, %v; written %s, %s", tt.text, l, err, l, l.Describe())
		}
	}
	for _, bad := range []string{"", "0", "-1", "1000001", "0%", "101%", "10%x", "none", "h2", "|10"} {
		if l, err := ParseLimit(bad); err == nil {
			t.Errorf("%q is %v", bad, l)
		}
	}
}

// TestBucketChange changes the rate of a bucket that is drawn from all the time, by
// requests that start late or never: no second after a change has more starts than
// the rate since then allows.
func TestBucketChange(t *testing.T) {
	type change struct {
		at   int64
		most int // starts in a second: the rate, or those whose turn had come before
		rate int
	}
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(7, seed))
		b := newBucket(1 + rnd.IntN(500))
		var starts, waiting []int64
		var changes []change
		next, now := int64(time.Second), int64(0)
		for end := int64(20 * time.Second); now < end; {
			for len(waiting) > 0 && waiting[0] <= now {
				b.start(waiting[0])
				starts = append(starts, waiting[0])
				waiting = waiting[1:]
			}
			if now >= next {
				rate := 1 + rnd.IntN(500)
				b.setRate(rate, now)
				changes = append(changes, change{now, max(rate, len(waiting)), rate})
				next = now + rnd.Int64N(int64(3*time.Second))
			}
			switch wait := b.take(now); {
			case wait > 0:
				now += min(wait, int64(maxNap))
			case rnd.IntN(50) == 0:
				b.putBack()
			default:
				at := now + rnd.Int64N(int64(20*time.Millisecond))
				i, _ := slices.BinarySearch(waiting, at)
				waiting = slices.Insert(waiting, i, at)
			}
		}
		for i, c := range changes {
			until := now
			if i+1 < len(changes) {
				until = changes[i+1].at
			}
			part := since(starts, c.at)
			part = part[:len(part)-len(since(part, until))]
			if w := worstWindow(part); w > c.most {
				t.Fatalf("seed %d: %d starts in a second at %d a second", seed, w, c.rate)
			}
			if d := time.Duration(until - c.at); d > 2*time.Second && float64(len(part)) < 0.9*float64(c.rate)*(d-time.Second).Seconds()-2 {
				t.Errorf("seed %d: %d starts in %v at %d a second", seed, len(part), d, c.rate)
			}
		}
		if b.rate != b.free+b.out+b.n {
			t.Errorf("seed %d: of %d tokens %d are free, %d out, %d rest", seed, b.rate, b.free, b.out, b.n)
		}
	}
}
