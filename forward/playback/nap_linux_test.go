package playback

import (
	"testing"
	"time"
)

// A nap is shorter than a millisecond if it is to be, unlike what a timer waits.
func TestNap(t *testing.T) {
	shortest := time.Hour
	for range 200 {
		start := time.Now()
		nap(300 * time.Microsecond)
		shortest = min(shortest, time.Since(start))
	}
	if shortest > 900*time.Microsecond {
		t.Errorf("the shortest of 200 naps of 300 µs took %v", shortest)
	}
}
