package figures

import (
	"math"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 900: "900ns", 85_400: "85µs", 1_254_000: "1.25ms", 12_540_000: "12.5ms", 1_204 * time.Millisecond: "1.2s", 125 * time.Second: "2m5s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

// A time never takes more columns than its table gives it, whatever it is rounded to.
func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0us", 999 * time.Microsecond: "999us", 1_254 * time.Microsecond: "1.25ms", 12_540 * time.Microsecond: "12.5ms",
		125_400 * time.Microsecond: "125ms", 1_204 * time.Millisecond: "1.2s", 61_204 * time.Millisecond: "61s",
		9_999 * time.Microsecond: "10ms", 99_990 * time.Microsecond: "100ms", 9_999 * time.Millisecond: "10s", 99_999 * time.Second: "99999s",
	} {
		if got := Brief(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for d := time.Duration(1); d < 99_999*time.Second; d += d/97 + 1 {
		if got := Brief(d); len(got) > 6 {
			t.Fatalf("%d is %q", d, got)
		}
	}
}

func TestRate(t *testing.T) {
	for r, want := range map[float64]string{0: "0.0", 9.94: "9.9", 10.4: "10", 54321: "54321"} {
		if got := Rate(r); got != want {
			t.Errorf("%v is %q, want %q", r, got, want)
		}
	}
}

// Only nothing is 0 %, and only all is 100 %.
func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0%", 1e-9: "<0.01%", .0012: "0.12%", .01: "1.0%", .5: "50.0%", .99999: ">99.9%", math.Nextafter(1, 0): ">99.9%", 1: "100%",
	} {
		if got := Percent(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 3: "3", 3.25: "3.2", 10.4: "10", 999: "999", 1000: "1,000", 1_203_394: "1,203,394"} {
		if got := Count(n); got != want {
			t.Errorf("%v is %q, want %q", n, got, want)
		}
	}
}
