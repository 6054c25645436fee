package playback

import (
	"time"

	"golang.org/x/sys/unix"
)

// nap is nanosleep(2), which is some 50 µs late. A signal may end it early.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil) // EINTR alone is possible
}

// napping is how a sleeper waits exactly.
func napping() func(time.Duration) { return nap }
