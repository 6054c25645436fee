package playback

import (
	"syscall"
	"time"
)

// nap is nanosleep(2), which is some 50 µs late. A signal may end it early.
func nap(d time.Duration) {
	ts := syscall.NsecToTimespec(int64(d))
	syscall.Nanosleep(&ts, nil) // EINTR alone is possible
}

// napping is how a sleeper waits exactly.
func napping() func(time.Duration) { return nap }
