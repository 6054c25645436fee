package udpwire

import "time"

// nobodyAfter is how long a replayer may not respond before a source that can wait does not wait for it any more.
const nobodyAfter = int64(10 * time.Second)

// A forlorn is a listener whose source can wait and has nobody to wait for.
type forlorn struct {
	since  int64 // When that was found out, in ns; 0: it is not so.
	absent bool  // The replayer did not respond; else it can reach none of its targets.
}

// checkForlorn finds out whether there is sense in waiting for the replayer, and says so when there is none any more.
func (p *peer) checkForlorn(now int64) {
	absent := p.absentFor(now) >= nobodyAfter
	noTarget := p.phase == phaseLive && p.out.reported.flags&reportNoTarget != 0
	switch {
	case !p.out.patient || !absent && !noTarget:
		p.forlorn = forlorn{}
	case p.forlorn.since == 0:
		p.forlorn = forlorn{since: now, absent: absent}
		text := "replayer can reach none of its targets: nothing waits for it any more"
		if absent {
			text = "no replayer has responded for 10 seconds: nothing waits for it any more"
		}
		p.log.Warn(text, "replayer", p.name)
	}
}
