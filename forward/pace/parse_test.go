package pace

import (
	"testing"
	"time"
)

func TestParseSpeed(t *testing.T) {
	for in, want := range map[string]Pace{
		"1": {Speed: 1}, "2": {Speed: 2}, "0.5": {Speed: .5}, "10x": {Speed: 10}, "max": {Max: true}, "1e3": {Speed: 1000},
	} {
		if got, err := ParseSpeed(in); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-1", "fast", "NaN", "inf", "1e300", "1e-300", "2xx", "0x10", "1_0", "Max", "1,5"} {
		if got, err := ParseSpeed(in); err == nil {
			t.Errorf("%q is %+v", in, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	for in, want := range map[string]Pace{
		"500": {From: 500, To: 500}, "0.5": {From: .5, To: .5},
		"100-2000/10m": {From: 100, To: 2000, Ramp: 10 * time.Minute},
		"2000-100/30s": {From: 2000, To: 100, Ramp: 30 * time.Second},
		"0-500/1h":     {To: 500, Ramp: time.Hour},
	} {
		if got, err := ParseRate(in); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "-5", "max", "100-2000", "100/10m", "100-2000/10", "100-2000/-1s", "100-2000/0s", "100-0/1m", "-/1s", "a-b/1s", "0-0/1s", "1-2-3/1s"} {
		if got, err := ParseRate(in); err == nil {
			t.Errorf("%q is %+v", in, got)
		}
	}
}

func TestString(t *testing.T) {
	for want, p := range map[string]Pace{
		"as recorded":                     {},
		"2.5 times as fast as recorded":   {Speed: 2.5},
		"as fast as the targets take it":  {Max: true},
		"500 per second":                  {From: 500, To: 500},
		"100 to 2000 per second in 10m0s": {From: 100, To: 2000, Ramp: 10 * time.Minute},
	} {
		if got := p.String(); got != want {
			t.Errorf("%+v is %q, want %q", p, got, want)
		}
	}
}

// What is read is a pace that there is.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"1", "max", "0.5", "100-2000/10m", "0-1/1ns", "1e9", "-", "1-/1s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (Pace, error){ParseSpeed, ParseRate} {
			p, err := parse(s)
			if err != nil {
				continue
			}
			schedule, err := New(p)
			if err != nil {
				t.Fatalf("%q is read as %+v: %v", s, p, err)
			}
			var before time.Duration
			for i := range int64(10) {
				due, _ := schedule.Next(i * i * 1e9)
				if due < before || due > farthest {
					t.Fatalf("%q: request %d is due after %v, the one before after %v", s, i, due, before)
				}
				before = due
			}
		}
	})
}
