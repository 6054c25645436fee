package compare

import (
	"strings"
	"testing"
)

// What is said of a place is what is known of it.
func TestSays(t *testing.T) {
	for _, tt := range []struct {
		name      string
		place     place
		verdict   verdict
		m         [2]uint64
		says, not string
	}{
		{"no repeats", place{differ: 5}, open, [2]uint64{}, "too little is known: no server was asked the same twice", ""},
		{"none varied", place{differ: 5}, real, [2]uint64{4, 6}, "never differed here, in 10 cases", "always"},
		{"the target varies", place{differ: 5, varied: [2]uint64{0, 3}}, real, [2]uint64{4, 6}, "the target's own answers to the same request vary here, in 3 of 6 cases; the other's in none of 4", ""},
		{"the target varies, and of production nothing is known", place{differ: 5, varied: [2]uint64{0, 3}}, real, [2]uint64{0, 6}, "differed here in 3 of 6 cases", "the other's"},
		{"one way", place{differ: 5, along: 3}, real, [2]uint64{4, 6}, "always this way round; ", ""},
		{"mostly one way", place{differ: 5, along: 30, against: 1}, real, [2]uint64{4, 6}, "never differed", "always"},
		{"it drifts", place{differ: 5, drifted: 3}, open, [2]uint64{4, 6}, "its value at production changes within minutes, in 3 of 20 cases; when", "too little"},
		{"it hardly does", place{differ: 5, drifted: 2}, open, [2]uint64{4, 6}, "too little is known", "minutes"},
		{"generated", place{generated: 5, why: "it is a time"}, noise, [2]uint64{}, "it is a time", "asked"},
	} {
		if got := tt.place.says(tt.verdict, tt.m, 20); !strings.Contains(got, tt.says) || tt.not != "" && strings.Contains(got, tt.not) {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// Locations with other numbers are of another thing of the same kind; other letters are not.
func TestSameButDigits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{{"/orders/17", "/orders/180", true}, {"/orders/17", "/carts/17", false}, {"", "9", true}, {"a", "", false}} {
		if got := sameButDigits([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("%q and %q: %v", tt.a, tt.b, got)
		}
	}
}

// It is said that data drift apart where targets get a share of the users, and there alone.
func TestDrift(t *testing.T) {
	for _, sampled := range []bool{false, true} {
		e := newEngine(t, Config{Targets: []string{"http://staging"}, Baseline: -1, Sampled: sampled})
		if r := e.Report(); (r.Drift != "") != sampled {
			t.Errorf("sampled %v: %q", sampled, r.Drift)
		}
	}
}

// A target without a host is shown as it was given; of one with a host, nothing but where it is.
func TestAddress(t *testing.T) {
	for given, want := range map[string]string{"staging": "staging", "http://u:p@staging:80/a/?b": "http://staging:80/a", "http://a b": "http://a b"} {
		if got := address(given); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

// What waits for its echo is bounded in bytes.
func TestEchoRoom(t *testing.T) {
	e := echoes{share: 1, limit: 1000}
	for i := range 100 {
		x := x(uint64(i), 0, 200)
		x.Method, x.Raw = []byte("GET"), []byte("GET / HTTP/1.1\r\n\r\n")
		if e.wants(x, worthMost) {
			e.wish(x, 0, 0)
		}
	}
	if n := len(e.wished); n == 0 || n > 5 {
		t.Errorf("%d wait with %d bytes", n, e.used)
	}
}
