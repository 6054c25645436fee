package udpwire

import "time"

// nobodyAfter is how long a replayer may not respond before a source that can wait does not wait for it any more.
const nobodyAfter = int64(10 * time.Second)

// A forlorn is a listener whose source can wait and has nobody to wait for.
type forlorn struct {
	since  int64 // When that was found out, in ns; 0: it is not so.
	absent bool  // The replayer did not respond; else it can reach none of its targets.
}

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
