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

// check finds out whether there is sense in waiting for the replayer, and says so when there is none any more.
func (f *forlorn) check(p *peer) {
	before := *f
	switch {
	case !p.out.credit.patient:
		return
	case p.absentFor() >= nobodyAfter:
		*f = noReplayer
	case p.state == live && p.out.reported.flags&reportNoTarget != 0:
		*f = noTarget
	case p.state == live:
		*f = 0
	}
	switch {
	case *f == before:
	case *f == noReplayer:
		p.log.Warn("no replayer has responded for 10 seconds: nothing waits for it any more", "replayer", p.name)
	case *f == noTarget:
		p.log.Warn("replayer can reach none of its targets: nothing waits for it any more", "replayer", p.name)
	}
}
