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

// checkForlorn finds out whether there is sense in waiting for the replayer, and says so when there is none any more.
func (p *peer) checkForlorn() {
	before := p.forlorn
	switch {
	case !p.out.patient:
		return
	case p.absentFor() >= nobodyAfter:
		p.forlorn = noReplayer
	case p.state == live && p.out.reported.flags&reportNoTarget != 0:
		p.forlorn = noTarget
	case p.state == live:
		p.forlorn = 0
	}
	switch {
	case p.forlorn == before:
	case p.forlorn == noReplayer:
		p.log.Warn("no replayer has responded for 10 seconds: nothing waits for it any more", "replayer", p.name)
	case p.forlorn == noTarget:
		p.log.Warn("replayer can reach none of its targets: nothing waits for it any more", "replayer", p.name)
	}
}
