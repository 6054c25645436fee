package forward

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestUnreached: a target counts as out of reach from the first request that does not
// reach it until the next that does, and one that was not tried does not.
func TestUnreached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good, bad := newVirtualTarget(), newVirtualTarget()
		r := runVirtual(t, Config{}, []string{"", ""}, good, bad)
		n := 0
		time.Sleep(time.Second) // a time of zero says nothing
		step := func(want int) {
			t.Helper()
			if got := r.Unreached(); got != want {
				t.Errorf("after %d requests %d are out of reach, want %d", n, got, want)
			}
			r.submit(uint64(n), 0, "POST /")
			n++
			time.Sleep(time.Second)
		}
		bad.gone()
		step(0)
		step(1)
		bad.set(func() { bad.refuse = false })
		step(1)
		step(0)
		r.finish()
	})
}
