package udpwire

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestClock: it goes forward, 0 is long ago for it, and what sockets are given lies on the machine's monotonic clock.
func TestClock(t *testing.T) {
	c := newClock()
	a := c.now()
	if b := c.now(); a < int64(time.Minute) || b < a {
		t.Errorf("%d, then %d", a, b)
	}
	d := c.deadline(a + int64(time.Hour))
	if left := time.Until(d); left > time.Hour || left < time.Hour-time.Minute {
		t.Errorf("an hour from then is in %v", left)
	}
	if d == d.Round(0) { // which strips the monotonic reading
		t.Error("a deadline by the wall clock")
	}
}

// TestNoTimerByTheWallClock: nobody asks for the wall clock's time, which may be set back, and nobody waits by it. The
// only moment without a monotonic reading is one that has passed in any case.
func TestNoTimerByTheWallClock(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code := strings.ReplaceAll(string(text), "time.Unix(0, 1)", "")
		for _, wall := range []string{"UnixNano()", "UnixMilli()", ".Unix()", "time.Unix("} {
			if strings.Contains(code, wall) {
				t.Errorf("%s: %s", f, wall)
			}
		}
	}
}

func TestRunningTime(t *testing.T) {
	var r runningTime
	for _, c := range []struct {
		name string
		now  int64
		want int64
	}{
		{"the first tick counts nothing", 1000 * ms, 0},
		{"then time counts", 1100 * ms, 100 * ms},
		{"up to a limit", 1350 * ms, 350 * ms},
		{"but not that in which nothing ran", 71000 * ms, 600 * ms},
		{"nor twice", 71000 * ms, 600 * ms},
		{"nor backwards", 70000 * ms, 600 * ms},
	} {
		if r.tick(c.now, 250*ms); r.total != c.want {
			t.Errorf("%s: %d ms, want %d", c.name, r.total/ms, c.want/ms)
		}
	}
}
