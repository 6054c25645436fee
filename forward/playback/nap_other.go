//go:build !linux

package playback

import "time"

// napping is how a sleeper waits exactly: here the runtime's timers do.
func napping() func(time.Duration) { return nil }
