package udpwire

import "time"

// nobodyAfter is how long a replayer may not respond, in running time, before a source that can wait does not wait for it
// any more.
const nobodyAfter = int64(10 * time.Second)

// A forlorn says why there is no sense in waiting for a replayer. It is zero when there is, and for a source that cannot
// wait.
type forlorn uint8

const (
	noReplayer forlorn = iota + 1 // It did not respond for too long.
	noTarget                      // It can reach none of its targets.
)

// check finds out whether there is sense in waiting for a replayer, and returns what to say when there is none any more.
// absent says that it has not responded for nobodyAfter, noTarget that it says it can reach none of its targets.
func (f *forlorn) check(now int64, absent, noTarget bool) (news string) {
	switch {
	case !absent && !noTarget:
		*f = forlorn{}
	case f.since != 0:
	case absent:
		*f = forlorn{since: now, absent: true}
		return "no replayer has responded for 10 seconds: nothing waits for it any more"
	default:
		*f = forlorn{since: now}
		return "replayer can reach none of its targets: nothing waits for it any more"
	}
	return ""
}
