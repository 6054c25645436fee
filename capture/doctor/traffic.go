package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gor/capture"
)

// mark is the header of requests that a replayer has sent.
const mark = "Gor-Replayed"

// A seen is a sighting and what it is of.
type seen struct {
	*capture.Sighting
	protocol protocol
	replayed bool // it is a request that a replayer has sent
}

// A traffic is what was looked at, sorted.
type traffic struct {
	look      *capture.Look
	wanted    []seen // to the wanted ports
	elsewhere []seen // to all others
}

// newTraffic sorts what was looked at.
func newTraffic(l *capture.Look) *traffic {
	t := &traffic{look: l}
	for _, part := range []struct {
		from *capture.Sample
		to   *[]seen
	}{{&l.Wanted, &t.wanted}, {&l.Elsewhere, &t.elsewhere}} {
		for i := range part.from.Seen {
			s := &part.from.Seen[i]
			one := seen{Sighting: s, protocol: classify(s.Payload)}
			one.replayed = one.isRequest() && field(s.Payload, mark, "")
			*part.to = append(*part.to, one)
		}
	}
	return t
}

// isRequest reports whether it is one of HTTP/1.
func (s *seen) isRequest() bool { return s.protocol == request || s.protocol == upgrade }

// own reports whether a replayer on this machine sent it.
func (s *seen) own() bool { return s.replayed && s.Leaving }

// rate estimates how many segments per second of those to wanted ports f picks.
func (t *traffic) rate(f func(*seen) bool) float64 { return t.rateOf(t.wanted, t.look.Wanted.Total, f) }

// rateElsewhere is rate of those to other ports.
func (t *traffic) rateElsewhere(f func(*seen) bool) float64 {
	return t.rateOf(t.elsewhere, t.look.Elsewhere.Total, f)
}

func (t *traffic) rateOf(all []seen, total uint64, f func(*seen) bool) float64 {
	n := 0
	for i := range all {
		if f(&all[i]) {
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return float64(n) / float64(len(all)) * float64(total) / max(t.look.Elapsed.Seconds(), 1e-3)
}

// A portRate is how much of something goes to a port.
type portRate struct {
	port uint16
	rate float64
}

// busiest are the other ports to which most of what f picks goes.
func (t *traffic) busiest(most int, f func(*seen) bool) (all []portRate) {
	counts := map[uint16]int{}
	for i := range t.elsewhere {
		if s := &t.elsewhere[i]; f(s) {
			counts[s.Dst.Port]++
		}
	}
	for p := range counts {
		all = append(all, portRate{p, t.rateElsewhere(func(s *seen) bool { return f(s) && s.Dst.Port == p })})
	}
	slices.SortFunc(all, func(a, b portRate) int {
		return cmp.Or(counts[b.port]-counts[a.port], int(a.port)-int(b.port))
	})
	return all[:min(len(all), most)]
}

// about says a number of requests per second in two digits.
func about(rate float64) string {
	if rate < 1 {
		return "less than a request/s"
	}
	unit := 1
	for n := int(rate); n >= 100; n /= 10 {
		unit *= 10
	}
	n := (int(rate+0.5) + unit/2) / unit * unit
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return "about " + digits + " requests/s"
}

// sayPorts names ports, such as "port 80" or "ports 80, 8080".
func sayPorts(list []uint16) string {
	names := make([]string, len(list))
	for i, p := range slices.Sorted(slices.Values(list)) {
		names[i] = fmt.Sprint(p)
	}
	word := "port "
	if len(list) > 1 {
		word = "ports "
	}
	return word + strings.Join(names, ", ")
}
