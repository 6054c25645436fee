package spelling

import "testing"

func TestNearest(t *testing.T) {
	flags := []string{"forward", "f", "deny-path", "allow-path", "deny-header", "timeout"}
	for _, tt := range []struct{ name, want string }{
		{"fowrard", "forward"}, {"forwards", "forward"}, {"deny_path", "deny-path"}, {"denypath", "deny-path"}, {"alow-path", "allow-path"},
		{"deny-headers", "deny-header"}, {"time-out", "timeout"}, {"forward", "forward"},
		{"x", ""}, {"fo", ""}, {"port", ""}, {"", ""}, {"something-else", ""}, {"f", ""},
	} {
		if got := Nearest(tt.name, flags); got != tt.want {
			t.Errorf("%q: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := Nearest("forward", nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}

// A distance is the same both ways, 0 only of what is equal, and changed neighbours
// are one mistake.
func TestDistance(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "abc", "acb", "deny-path", "path-deny", "timeout", "tiemout"}
	for _, a := range words {
		for _, b := range words {
			d := distance(a, b)
			if d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
				t.Errorf("%q to %q: %d, back %d", a, b, d, distance(b, a))
			}
		}
	}
	if d := distance("tiemout", "timeout"); d != 1 {
		t.Errorf("changed neighbours: %d", d)
	}
}
