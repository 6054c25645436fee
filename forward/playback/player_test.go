package playback

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gor/forward"
	"gor/forward/pace"
)

// A stage submits requests and notes when.
type stage struct {
	began time.Time
	at    []time.Duration // since began, of each request
	got   []forward.Request
	wait  func(i int) time.Duration // how long request i finds no room
	err   error                     // from request number fail on
	fail  int
}

func (s *stage) submit(ctx context.Context, r *forward.Request) error {
	if s.err != nil && len(s.got) == s.fail {
		return s.err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.wait != nil {
		if d := s.wait(len(s.got)); d > 0 {
			time.Sleep(d)
			r.Held += d
		}
	}
	s.at = append(s.at, time.Since(s.began))
	s.got = append(s.got, *r)
	return nil
}

// recording has requests at times, in ms, that are read again and again.
func recording(times ...int64) func(context.Context, func(forward.Request) error) error {
	return func(_ context.Context, take func(forward.Request) error) error {
		for i, at := range times {
			if err := take(forward.Request{Index: uint64(i), Time: 1_700_000_000e9 + at*1e6, Raw: []byte("x")}); err != nil {
				return err
			}
		}
		return nil
	}
}

// play plays a recording on a stage, in virtual time.
func play(t *testing.T, s *stage, ctx context.Context, cfg PlayerConfig) (*Player, error) {
	t.Helper()
	cfg.Submit = s.submit
	p, err := NewPlayer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(ctx, func(start time.Time) { s.began = start })
	return p, err
}

const ms = time.Millisecond

func TestPlay(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pace  pace.Pace
		loops int
		times []int64
		want  []time.Duration
	}{
		{"as recorded", pace.Pace{}, 1, []int64{0, 5, 5, 100}, []time.Duration{0, 5 * ms, 5 * ms, 100 * ms}},
		{"twice as fast", pace.Pace{Speed: 2}, 1, []int64{7, 17, 107}, []time.Duration{0, 5 * ms, 50 * ms}},
		{"at once", pace.Pace{Max: true}, 2, []int64{0, 1000}, []time.Duration{0, 0, 0, 0}},
		{"ten per second", pace.Pace{From: 10, To: 10}, 1, []int64{0, 0, 5000}, []time.Duration{0, 100 * ms, 200 * ms}},
		{"again and again", pace.Pace{}, 3, []int64{0, 10}, []time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 40 * ms, 50 * ms}},
		{"a day's pause", pace.Pace{}, 1, []int64{0, 24 * 3600e3}, []time.Duration{0, 24 * time.Hour}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &stage{}
				p, err := play(t, s, t.Context(), PlayerConfig{Read: recording(tt.times...), Pace: tt.pace, Loops: tt.loops})
				if err != nil || !slices.Equal(s.at, tt.want) {
					t.Fatalf("submitted after %v, %v; want %v", s.at, err, tt.want)
				}
				for i, r := range s.got {
					if r.Held != 0 || tt.pace.HasTimes() != r.Due.Equal(s.began.Add(tt.want[i])) {
						t.Errorf("request %d is due after %v, held for %v", i, r.Due.Sub(s.began), r.Held)
					}
				}
				if !p.Whole() || p.Read() != uint64(len(tt.want)) {
					t.Errorf("%d read, whole: %v", p.Read(), p.Whole())
				}
			})
		})
	}
}

// While a target has no room all wait; those behind know for how long of their delay,
// and nothing moves the schedule.
func TestPlayHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{wait: func(i int) time.Duration {
			if i == 1 {
				return 100 * ms
			}
			return 0
		}}
		if _, err := play(t, s, t.Context(), PlayerConfig{Read: recording(0, 10, 20, 109, 111, 200)}); err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct{ at, held time.Duration }{{0, 0}, {110 * ms, 100 * ms}, {110 * ms, 90 * ms}, {110 * ms, 1 * ms}, {111 * ms, 0}, {200 * ms, 0}} {
			if s.at[i] != want.at || s.got[i].Held != want.held {
				t.Errorf("request %d was submitted after %v, held for %v; want %v, %v", i, s.at[i], s.got[i].Held, want.at, want.held)
			}
		}
	})
}

// What was recorded without a time follows the one before, and is never late.
func TestPlayUntimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{wait: func(int) time.Duration { return 10 * ms }}
		read := func(_ context.Context, take func(forward.Request) error) error {
			for _, at := range []int64{0, 1e18, 0, 1e18 + 1e9, 0} {
				if err := take(forward.Request{Time: at}); err != nil {
					return err
				}
			}
			return nil
		}
		if _, err := play(t, s, t.Context(), PlayerConfig{Read: read}); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{10 * ms, 20 * ms, 30 * ms, 1010 * ms, 1020 * ms}
		if !slices.Equal(s.at, want) {
			t.Errorf("submitted after %v, want %v", s.at, want)
		}
		for i, r := range s.got {
			if r.Due.IsZero() != (r.Time == 0) {
				t.Errorf("request %d is due at %v", i, r.Due)
			}
		}
	})
}

// A slow reader makes late only what it reads late, and the time before its first
// request is no part of the run.
func TestPlaySlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		read := func(_ context.Context, take func(forward.Request) error) error {
			time.Sleep(time.Hour)
			for i := range int64(100) {
				if i == 50 {
					time.Sleep(3 * time.Second)
				}
				if err := take(forward.Request{Time: 1 + i*1e8}); err != nil { // ten a second
					return err
				}
			}
			return nil
		}
		if _, err := play(t, s, t.Context(), PlayerConfig{Read: read}); err != nil {
			t.Fatal(err)
		}
		for i, at := range s.at {
			if due := time.Duration(i) * 100 * ms; at != due {
				t.Errorf("request %d was submitted after %v, %v late", i, at, at-due)
			}
		}
	})
}

// Reading that takes its time makes nothing late at the beginning: much has been read
// when time begins. Where nothing is due there is nothing to wait for.
func TestPlayReadsAhead(t *testing.T) {
	for _, tt := range []struct {
		pace pace.Pace
		lead time.Duration
	}{{pace.Pace{}, maxLead}, {pace.Pace{From: 10_000, To: 10_000}, maxLead}, {pace.Pace{Max: true}, ms}} {
		synctest.Test(t, func(t *testing.T) {
			s, opened := &stage{}, time.Now()
			read := func(_ context.Context, take func(forward.Request) error) error {
				for i := range int64(1000) {
					time.Sleep(ms) // the first hundred are due faster than that
					if err := take(forward.Request{Time: 1e18 + min(i, 100)*1e5 + max(i-100, 0)*2e6}); err != nil {
						return err
					}
				}
				return nil
			}
			if _, err := play(t, s, t.Context(), PlayerConfig{Read: read, Pace: tt.pace}); err != nil {
				t.Fatal(err)
			}
			if lead := s.began.Sub(opened); lead < tt.lead || lead > tt.lead+2*ms {
				t.Errorf("%v: time began after %v, want %v", tt.pace, lead, tt.lead)
			}
			for i, r := range s.got {
				if late := s.began.Add(s.at[i]).Sub(r.Due); tt.pace == (pace.Pace{}) && late > 0 {
					t.Fatalf("request %d was %v late", i, late)
				}
			}
		})
	}
}

// A run that is ended, or whose targets are all out of reach, ends at once, also while
// it waits for a request's time, for room, or for the reader.
func TestPlayStops(t *testing.T) {
	errAway := errors.New("away")
	blocked := func(ctx context.Context, take func(forward.Request) error) error {
		if err := take(forward.Request{Time: 1}); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	for _, tt := range []struct {
		name  string
		read  func(context.Context, func(forward.Request) error) error
		stage stage
		got   int
		err   error
	}{
		{"before a request's time", recording(0, 3600e3, 3601e3), stage{}, 1, nil},
		{"while the reader waits", blocked, stage{}, 1, nil},
		{"while much is read ahead", recording(slices.Repeat([]int64{0, 3600e3}, 50_000)...), stage{}, 1, nil},
		{"no target", recording(0, 1, 2, 3, 4), stage{err: errAway, fail: 2}, 2, errAway},
		{"no target, while the reader waits", blocked, stage{err: errAway}, 0, errAway},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				start := time.Now()
				p, err := play(t, &tt.stage, ctx, PlayerConfig{Read: tt.read})
				if !errors.Is(err, tt.err) || tt.err == nil && err != nil || p.Whole() || len(tt.stage.got) != tt.got || time.Since(start) > time.Minute {
					t.Errorf("%v after %v, %d submitted, whole: %v", err, time.Since(start), len(tt.stage.got), p.Whole())
				}
			})
		})
	}
}

// What could be read of a recording that is cut is played, to its end.
func TestPlayCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errCut := errors.New("cut")
		s := &stage{}
		p, err := play(t, s, t.Context(), PlayerConfig{Loops: 3, Read: func(ctx context.Context, take func(forward.Request) error) error {
			return errors.Join(recording(0, 1000, 2000)(ctx, take), errCut)
		}})
		if !errors.Is(err, errCut) || len(s.got) != 3 || p.Whole() || s.at[2] != 2*time.Second {
			t.Errorf("%v, %d submitted, whole: %v", err, len(s.got), p.Whole())
		}
	})
}

// Whatever the times, requests are submitted in their order, none before its time.
func TestPlayOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		var times []int64
		for i := range int64(20_000) {
			times = append(times, i*7%1000*10)
		}
		if _, err := play(t, s, t.Context(), PlayerConfig{Read: recording(times...), Pace: pace.Pace{Speed: 10}}); err != nil {
			t.Fatal(err)
		}
		for i, r := range s.got {
			if r.Index != uint64(i) || s.began.Add(s.at[i]).Before(r.Due) {
				t.Fatalf("request %d came as number %d, %v before its time", r.Index, i, r.Due.Sub(s.began)-s.at[i])
			}
		}
	})
}

// TestReadAheadBounds: no more is read ahead than may be, by number, bytes and time,
// but one request always is.
func TestReadAheadBounds(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		gap  time.Duration
		most int
	}{
		{"number", 10, 0, maxAheadCount},
		{"bytes", 1 << 20, 0, maxAheadBytes >> 20},
		{"a large one", maxAheadBytes * 2, 0, 1},
		{"time", 10, time.Second, 10},
		{"far apart", 10, time.Hour, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newReadAhead()
				raw := make([]byte, tt.size)
				var put int
				var mu sync.Mutex
				go func() {
					for i := range 3 * (tt.most + 1) {
						if !a.put(&entry{request: forward.Request{Index: uint64(i), Raw: raw}, due: time.Duration(i+1) * tt.gap}) {
							return
						}
						mu.Lock()
						put++
						mu.Unlock()
					}
					a.close()
				}()
				synctest.Wait()
				mu.Lock()
				if put != tt.most {
					t.Errorf("%d were read ahead, want %d", put, tt.most)
				}
				mu.Unlock()
				var n uint64
				for batch := a.take(nil); batch != nil; batch = a.take(batch) {
					if len(batch) > maxBatch {
						t.Fatalf("%d at a time", len(batch))
					}
					for _, e := range batch {
						if e.request.Index != n {
							t.Fatalf("number %d came as %d", e.request.Index, n)
						}
						n++
					}
				}
				if n != uint64(3*(tt.most+1)) || a.count != 0 || a.bytes != 0 {
					t.Errorf("%d came, %d with %d bytes are left", n, a.count, a.bytes)
				}
			})
		})
	}
}

// TestPlayMemory: a long recording takes no more than a short one.
func TestPlayMemory(t *testing.T) {
	heap := func(n int) uint64 {
		var peak uint64
		s := &counting{}
		p, err := NewPlayer(PlayerConfig{Pace: pace.Pace{Max: true}, Submit: s.submit, Read: func(_ context.Context, take func(forward.Request) error) error {
			for i := range n {
				if err := take(forward.Request{Raw: make([]byte, 1000)}); err != nil {
					return err
				}
				if i%20_000 == 0 {
					var m runtime.MemStats
					runtime.GC()
					runtime.ReadMemStats(&m)
					peak = max(peak, m.HeapAlloc)
				}
			}
			return nil
		}})
		if err == nil {
			err = p.Run(t.Context(), func(time.Time) {})
		}
		if err != nil || s.n != n {
			t.Fatal(err, s.n)
		}
		return peak
	}
	short, long := heap(50_000), heap(500_000)
	if long > short+8<<20 {
		t.Errorf("%s for 50,000 requests, %s for 500,000", fmt.Sprint(short), fmt.Sprint(long))
	}
}

// counting submits requests and forgets them.
type counting struct{ n int }

func (c *counting) submit(context.Context, *forward.Request) error {
	c.n++
	return nil
}

func BenchmarkPlay(b *testing.B) {
	s := &counting{}
	raw := make([]byte, 500)
	p, err := NewPlayer(PlayerConfig{Pace: pace.Pace{Max: true}, Submit: s.submit, Read: func(_ context.Context, take func(forward.Request) error) error {
		for range b.N {
			if err := take(forward.Request{Raw: raw}); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if err := p.Run(b.Context(), func(time.Time) {}); err != nil || s.n != b.N {
		b.Fatal(err, s.n)
	}
}
