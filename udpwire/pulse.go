package udpwire

import "time"

// A pulse knows when the next HEARTBEAT is due, and whether what was sent is confirmed in time. Times are in ns. The
// zero value has sent none.
type pulse struct {
	beatAt   int64  // When the last HEARTBEAT left.
	beatCost uint64 // What the replayer had seen then (see flight), to know what one round trip confirms.
	dataAt   int64  // When the last DATA left.
	echoed   int64  // The latest HEARTBEAT that a REPORT has echoed.
	unheard  int    // How many HEARTBEATs left since something new was confirmed.
	waiting  int64  // When the first datagram left since then; 0: none did.
}

// Pace of HEARTBEATs.
const (
	beatIdle = int64(time.Second)
	beatBusy = int64(100 * time.Millisecond) // while something is not confirmed, or waits for credit
	beatTail = int64(10 * time.Millisecond)  // after the last DATA, to notice a lost tail
)

// leastPatience is how long at least DATA goes out though nothing of what was sent is confirmed: longer than a REPORT
// takes that is not hurried, and lost once.
const leastPatience = int64(50 * time.Millisecond)

// beat notes that a HEARTBEAT leaves.
func (p *pulse) beat(now int64, seen uint64) {
	p.beatAt, p.beatCost = now, seen
	p.unheard++
	p.wait(now)
}

// data notes that DATA leaves.
func (p *pulse) data(now int64) {
	p.dataAt = now
	p.wait(now)
}

// wait notes that something leaves that is to be confirmed.
func (p *pulse) wait(now int64) {
	if p.waiting == 0 {
		p.waiting = now
	}
}

// echo takes in which HEARTBEAT a REPORT echoes, 0 for none, and reports whether none did so that was sent as late.
func (p *pulse) echo(now, beat int64) (newer bool) {
	if newer = beat > p.echoed && beat <= now; newer {
		p.echoed = beat
	}
	return newer
}

// progress notes that something new is confirmed.
func (p *pulse) progress() { p.unheard, p.waiting = 0, 0 }

// patience is how long DATA goes out though nothing of what was sent is confirmed.
func patience(trip *roundTrip) int64 { return max(leastPatience, 3*trip.guess()) }

// stalled reports whether nothing was confirmed for so long that what is sent now might be lost with a replayer that is
// not there any more.
func (p *pulse) stalled(now int64, trip *roundTrip) bool {
	return p.waiting != 0 && now-p.waiting >= patience(trip)
}

// due is when the next HEARTBEAT is due. unsettled says that the replayer has something to say soon; until the round trip is
// known, resending waits for long.
func (p *pulse) due(unsettled bool, trip *roundTrip) int64 {
	again := p.beatAt + min(beatTail<<min(max(p.unheard-1, 0), 4), beatBusy) // the HEARTBEAT, or the response, may be lost as well
	switch {
	case !trip.known():
		return again
	case !unsettled && p.unheard == 0:
		return p.beatAt + beatIdle
	case !unsettled:
		return min(max(again, p.beatAt+2*trip.smoothed), p.beatAt+beatIdle)
	case p.beatAt >= p.dataAt:
		return again
	}
	due := min(p.beatAt+beatBusy, p.dataAt+beatTail)
	if ask := p.waiting + patience(trip)/2; p.waiting != 0 && p.beatAt < ask {
		due = min(due, ask) // the REPORT that should have come by itself may be lost: DATA must not stop for that
	}
	return due
}

// answers reports whether a replayer that is about to leave is to be told how far this side is, which it waits for: at
// once when there is news of that, else not more often than when something is to be confirmed.
func (p *pulse) answers(now int64, news bool) bool { return news || now-p.beatAt >= beatTail }

// lone reports whether DATA has just left, and none had for a while: before is when some was sent before. A HEARTBEAT is
// due behind it in any case; where nothing is left to be sent it goes at once, which saves this process the timer, and all
// that is left to do is to hear the REPORT.
func (p *pulse) lone(before int64) bool { return p.dataAt-before >= beatTail }
