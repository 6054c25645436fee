package pace

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const second = int64(time.Second)

// schedule makes a schedule that there is.
func schedule(t testing.TB, p Pace) *Schedule {
	t.Helper()
	s, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNext(t *testing.T) {
	const epoch = 1_700_000_000 * int64(time.Second)
	for _, tt := range []struct {
		name     string
		pace     Pace
		recorded []int64
		due      []time.Duration
	}{
		{"as recorded", Pace{}, []int64{epoch, epoch, epoch + 5, epoch + second}, []time.Duration{0, 0, 5, time.Second}},
		{"twice as fast", Pace{Speed: 2}, []int64{epoch, epoch + 2*second, epoch + 3*second}, []time.Duration{0, time.Second, 1500 * time.Millisecond}},
		{"half as fast", Pace{Speed: .5}, []int64{epoch, epoch + 1}, []time.Duration{0, 2}},
		{"at once", Pace{Max: true}, []int64{epoch, epoch + second, 0}, []time.Duration{0, 0, 0}},
		{"of which nobody knows the time", Pace{}, []int64{0, epoch, 0, epoch + second, 0}, []time.Duration{0, 0, 0, time.Second, time.Second}},
		{"overtaken", Pace{}, []int64{epoch, epoch + 3*second, epoch + 2*second, epoch + 4*second},
			[]time.Duration{0, 3 * time.Second, 3 * time.Second, 4 * time.Second}},
		{"overtaken at the start", Pace{}, []int64{epoch, epoch - second, epoch + second}, []time.Duration{0, 0, time.Second}},
		{"a clock that was set back", Pace{}, []int64{epoch, epoch + 3*second, epoch - 3600*second, epoch - 3599*second},
			[]time.Duration{0, 3 * time.Second, 3 * time.Second, 4 * time.Second}},
		{"a clock that was set back, faster", Pace{Speed: 10}, []int64{epoch, epoch + 3*second, 5, 5 + second},
			[]time.Duration{0, 300 * time.Millisecond, 300 * time.Millisecond, 400 * time.Millisecond}},
		{"a night's silence", Pace{}, []int64{epoch, epoch + 8*3600*second, epoch + 8*3600*second + 1},
			[]time.Duration{0, 8 * time.Hour, 8*time.Hour + 1}},
		{"all the time there is", Pace{}, []int64{math.MinInt64, math.MaxInt64, math.MaxInt64}, []time.Duration{0, farthest, farthest}},
		{"and slowly", Pace{Speed: 1e-6}, []int64{1, math.MaxInt64 / 4, math.MaxInt64 / 2}, []time.Duration{0, farthest, farthest}},
		{"and back", Pace{}, []int64{math.MaxInt64, math.MinInt64, math.MinInt64 + 7}, []time.Duration{0, 0, 7}},
		{"a rate", Pace{From: 4, To: 4}, []int64{9, 3, epoch}, []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond}},
		{"a rate without a ramp's time", Pace{To: 4}, []int64{9, 3, epoch}, []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := schedule(t, tt.pace)
			for i, r := range tt.recorded {
				if due, timed := s.Next(r); due != tt.due[i] || timed != (!tt.pace.Max && (r != 0 || tt.pace.To > 0)) {
					t.Errorf("request %d is due after %v, want %v; timed: %v", i, due, tt.due[i], timed)
				}
			}
		})
	}
}

// Whatever the recorded times are, due times never go back nor overflow, and where
// the recorded ones do not go back either each is (time - first) / speed: an error of
// one nanosecond, however many there were before.
func TestNextIsAbsolute(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		p := Pace{Speed: math.Pow(10, rnd.Float64()*6-3)}
		s := schedule(t, p)
		first := rnd.Int64N(1 << 60)
		at := first
		before, _ := s.Next(first)
		for range 1000 {
			at += int64(rnd.ExpFloat64() * 1e6)
			due, _ := s.Next(at)
			want := float64(at-first) / p.Speed
			if due < before || math.Abs(float64(due)-want) > 1+want*1e-15 {
				t.Fatalf("speed %v: %d ns after the first is due after %d, want %.0f", p.Speed, at-first, due, want)
			}
			before = due
		}
	}
	for range 200 {
		s := schedule(t, Pace{Speed: math.Pow(10, rnd.Float64()*12-6)})
		var before time.Duration
		for i := range 1000 {
			if rnd.IntN(100) == 0 {
				s.NextLoop()
			}
			at := int64(rnd.Uint64()) >> rnd.IntN(64)
			if due, _ := s.Next(at); due < before || due > farthest {
				t.Fatalf("request %d, recorded at %d, is due after %d, the one before after %d", i, at, due, before)
			} else {
				before = due
			}
		}
	}
}

// In a ramp as many requests are due by any time as the area below it says.
func TestRamp(t *testing.T) {
	for _, p := range []Pace{
		{From: 100, To: 2000, Ramp: 10 * time.Second},
		{From: 2000, To: 100, Ramp: 10 * time.Second},
		{From: 0, To: 500, Ramp: time.Second},
		{From: 0.5, To: 1, Ramp: time.Hour},
		{From: 5, To: 5.0000001, Ramp: time.Minute},
	} {
		s := schedule(t, p)
		area := func(at time.Duration) float64 {
			t, ramp := at.Seconds(), p.Ramp.Seconds()
			if t < ramp {
				return p.From*t + (p.To-p.From)/(2*ramp)*t*t
			}
			return (p.From+p.To)/2*ramp + p.To*(t-ramp)
		}
		before := time.Duration(-1)
		for i := range 30_000 {
			due, _ := s.Next(0)
			if n := area(due); due <= before && i > 0 || math.Abs(n-float64(i)) > 1e-3 {
				t.Fatalf("%v: request %d is due after %v, when %.4f are", p, i, due, n)
			}
			before = due
		}
	}
}

func TestRampFarAway(t *testing.T) {
	s := schedule(t, Pace{From: 1, To: 1e-8, Ramp: time.Second})
	s.n = math.MaxUint64 - 1
	if due, _ := s.Next(0); due != farthest {
		t.Errorf("due after %v", due)
	}
}

// The second time begins one usual distance after the first, and is as long.
func TestLoop(t *testing.T) {
	s := schedule(t, Pace{Speed: 2})
	var due []time.Duration
	for loop := range 3 {
		if loop > 0 {
			s.NextLoop()
		}
		for _, at := range []int64{70, 72, 74, 90} {
			d, _ := s.Next(at * second)
			due = append(due, d)
		}
	}
	const gap = 10 * time.Second / 3
	for i, base := range []time.Duration{0, 10*time.Second + gap, 20*time.Second + 2*gap} {
		for k, d := range []time.Duration{0, time.Second, 2 * time.Second, 10 * time.Second} {
			if got := due[4*i+k]; got != base+d {
				t.Errorf("loop %d: request %d is due after %v, want %v", i, k, got, base+d)
			}
		}
	}
}

// A loop of one request, or of none, or of many at the same time, has no distance.
func TestLoopOfOne(t *testing.T) {
	s := schedule(t, Pace{})
	s.NextLoop()
	for range 3 {
		if due, _ := s.Next(5); due != 0 {
			t.Errorf("due after %v", due)
		}
		s.NextLoop()
	}
	rate := schedule(t, Pace{From: 10, To: 10})
	for i := range 5 {
		if due, _ := rate.Next(0); due != time.Duration(i)*100*time.Millisecond {
			t.Errorf("request %d is due after %v", i, due)
		}
		rate.NextLoop()
	}
}

func TestNewRefuses(t *testing.T) {
	for _, p := range []Pace{
		{Speed: -1}, {Speed: math.NaN()}, {Speed: math.Inf(1)}, {From: -1, To: 1}, {To: math.NaN()}, {From: math.NaN(), To: 1}, {To: math.Inf(1)},
		{From: 3}, {From: 1, To: 2, Ramp: -1},
	} {
		if s, err := New(p); err == nil {
			t.Errorf("%+v is a schedule: %v", p, s)
		}
	}
}

func TestNextAllocs(t *testing.T) {
	s := schedule(t, Pace{Speed: 3})
	if n := testing.AllocsPerRun(100, func() { s.Next(7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
