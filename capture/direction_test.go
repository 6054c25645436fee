package capture

import (
	"fmt"
	"testing"
	"time"
)

// TestDirections decides per port, by what listens where that counts.
func TestDirections(t *testing.T) {
	heard := portsOf([]uint16{80, 9})
	for _, tt := range []struct{ name, want string }{
		{"auto", "what arrives at and leaves for port 8080; what arrives at port 80"},
		{"in", "what arrives at ports 80, 8080"},
		{"out", "what leaves for ports 80, 8080"},
		{"both", "what arrives at and leaves for ports 80, 8080"},
	} {
		d, err := ParseDirection(tt.name)
		if err != nil || d.String() != tt.name {
			t.Fatalf("%s: %v, %v", tt.name, d, err)
		}
		ways := d.ways([]uint16{8080, 80}, &heard)
		if got := ways.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for _, name := range []string{"", "IN", "inout"} {
		if _, err := ParseDirection(name); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	if got := Direction(200).String(); got != "both" {
		t.Errorf("%q", got)
	}
}

// TestHearing: a port counts as one that is listened on from the first moment, and
// for a while after the last.
func TestHearing(t *testing.T) {
	h, ports := hearing{}, []uint16{80, 81}
	now := time.Unix(1000, 0)
	for _, step := range []struct {
		after time.Duration
		now   []uint16
		want  string
	}{
		{0, nil, "[]"},
		{time.Second, []uint16{80, 22}, "[80]"},
		{9 * time.Second, nil, "[80]"},
		{time.Second / 2, []uint16{81}, "[80 81]"},
		{time.Second / 2, []uint16{81}, "[81]"},
		{time.Hour, nil, "[]"},
		{time.Second, []uint16{80}, "[80]"},
	} {
		now = now.Add(step.after)
		list := portsOf(step.now)
		settled := h.settle(ports, &list, now)
		if got := fmt.Sprint(settled.list()); got != step.want {
			t.Errorf("after %v: %s, want %s", now.Sub(time.Unix(1000, 0)), got, step.want)
		}
	}
}

// TestPortSet: any set of ports, listed in order.
func TestPortSet(t *testing.T) {
	s := portsOf([]uint16{65535, 80, 0, 63, 64, 80})
	if got := fmt.Sprint(s.list()); got != "[0 63 64 80 65535]" {
		t.Error(got)
	}
	for p := range 1 << 16 {
		want := p == 0 || p == 63 || p == 64 || p == 80 || p == 65535
		if s.has(uint16(p)) != want {
			t.Errorf("port %d: %t", p, !want)
		}
	}
}

// TestLosses: drops are said once in a while, with what they cost and why.
func TestLosses(t *testing.T) {
	var l losses
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	for _, step := range []struct {
		seconds  int
		late     time.Duration
		drops    uint64
		requests uint64
		want     string
	}{
		{1, 0, 0, 0, ""},
		{2, 0, 100, 0, "the kernel dropped 100 packets: the ring was full, packets came faster than they could be read"},
		{3, 0, 200, 0, ""},
		{7, 0, 300, 500, "the kernel dropped 200 packets, about 100 requests: the ring was full, packets came faster than they could be read"},
		{20, 0, 300, 500, ""},
		{23, 3 * time.Second, 300, 500, ""}, // the drops of a pause may be counted a turn later
		{24, 0, 301, 500, "the kernel dropped 1 packets, about 1 requests: gor was not given a processor for 3s"},
		{30, 0, 302, 500, "the kernel dropped 1 packets, about 1 requests: the ring was full, packets came faster than they could be read"},
	} {
		if got := l.say(at(step.seconds), step.late, Stats{Drops: step.drops, Packets: 1000}, step.requests); got != step.want {
			t.Errorf("at %d s: %q, want %q", step.seconds, got, step.want)
		}
	}
}
