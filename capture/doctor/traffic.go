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
	replayed bool    // it is a request that a replayer has sent
	weight   float64 // how many segments it stands for: not all were read of what there was
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
	for i := range l.Wanted {
		t.wanted = appendSeen(t.wanted, &l.Wanted[i])
	}
	t.elsewhere = appendSeen(nil, &l.Elsewhere)
	return t
}

// appendSeen appends what is in a sample.
func appendSeen(all []seen, from *capture.Sample) []seen {
	for i := range from.Seen {
		s := &from.Seen[i]
		one := seen{Sighting: s, protocol: classify(s.Payload), weight: float64(from.Total) / float64(len(from.Seen))}
		one.replayed = one.isRequest() && field(s.Payload, mark, "")
		all = append(all, one)
	}
	return all
}

// isRequest reports whether it is one of HTTP/1.
func (s *seen) isRequest() bool { return s.protocol == request || s.protocol == upgrade }

// own reports whether a replayer on this machine sent it.
func (s *seen) own() bool { return s.replayed && s.Leaving }

// rate estimates how many segments per second of those to wanted ports f picks.
func (t *traffic) rate(f func(*seen) bool) float64 { return t.rateOf(t.wanted, f) }

// rateElsewhere is rate of those to other ports.
func (t *traffic) rateElsewhere(f func(*seen) bool) float64 { return t.rateOf(t.elsewhere, f) }

func (t *traffic) rateOf(all []seen, f func(*seen) bool) float64 {
	n := 0.
	for i := range all {
		if f(&all[i]) {
			n += all[i].weight
		}
	}
	return n / max(t.look.Elapsed.Seconds(), 1e-3)
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
	if n == 1 {
		return "about 1 request/s"
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
