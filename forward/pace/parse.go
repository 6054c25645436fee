package pace

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxNumber bounds speeds and rates: beyond it nothing takes a nanosecond.
const maxNumber = 1e9

// ParseSpeed reads a speed: a number such as 2 or 0.5, or max.
func ParseSpeed(s string) (Pace, error) {
	if s == "max" {
		return Pace{Max: true}, nil
	}
	v, ok := number(strings.TrimSuffix(s, "x"))
	if !ok {
		return Pace{}, fmt.Errorf("%q: give a number such as 2 (twice as fast as recorded) or 0.5, or max", s)
	}
	return Pace{Speed: v}, nil
}

// ParseRate reads a rate: requests per second such as 500, or a ramp such as
// 100-2000/10m.
func ParseRate(s string) (Pace, error) {
	wrong := fmt.Errorf("%q: give requests per second such as 500, or a ramp such as 100-2000/10m", s)
	rates, ramp, hasRamp := strings.Cut(s, "/")
	from, to, isRange := strings.Cut(rates, "-")
	if hasRamp != isRange {
		return Pace{}, wrong
	}
	if !isRange {
		v, ok := number(from)
		if !ok {
			return Pace{}, wrong
		}
		return Pace{From: v, To: v}, nil
	}
	a, aOK := number(from)
	b, bOK := number(to)
	d, err := time.ParseDuration(ramp)
	if from == "0" {
		aOK = true
	}
	if !aOK || !bOK || err != nil || d <= 0 {
		return Pace{}, wrong
	}
	return Pace{From: a, To: b, Ramp: d}, nil
}

// number reads a number above zero and of a size that means something.
func number(s string) (float64, bool) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.ContainsAny(s, "xXpP_iInN") || math.IsNaN(v) || v <= 1e-9 || v > maxNumber {
		return 0, false
	}
	return v, true
}

// String is the pace as people write it.
func (p Pace) String() string {
	format := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	switch {
	case p.Max:
		return "as fast as the targets take it"
	case p.To > 0 && p.From != p.To && p.Ramp > 0:
		return fmt.Sprintf("%s to %s per second in %v", format(p.From), format(p.To), p.Ramp)
	case p.To > 0:
		return format(p.To) + " per second"
	case p.Speed == 0 || p.Speed == 1:
		return "as recorded"
	}
	return format(p.Speed) + " times as fast as recorded"
}
