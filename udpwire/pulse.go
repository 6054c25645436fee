package udpwire

import "time"

// A pulse knows when the next HEARTBEAT is due. Times are in ns. The zero value has sent none.
type pulse struct {
	beatAt   int64  // When the last HEARTBEAT left.
	beatCost uint64 // What the replayer had seen then (see flight), to know what one round trip confirms.
	dataAt   int64  // When the last DATA left.
	unheard  int    // How many HEARTBEATs left since the last REPORT.
}

// Pace of HEARTBEATs.
const (
	beatIdle = int64(time.Second)
	beatBusy = int64(100 * time.Millisecond) // while something is not confirmed, or waits for credit
	beatTail = int64(10 * time.Millisecond)  // after the last DATA, to notice a lost tail
)

// beat notes that a HEARTBEAT leaves.
func (p *pulse) beat(now int64, seen uint64) {
	p.beatAt, p.beatCost = now, seen
	p.unheard++
}

// idleDue is when a HEARTBEAT is due though nothing happens.
func (p *pulse) idleDue() int64 { return p.beatAt + beatIdle }

// due is when the next HEARTBEAT is due. unsettled says that the replayer has something to say soon, measured that the round
// trip is known; until then resending waits for long.
func (p *pulse) due(unsettled, measured bool) int64 {
	switch {
	case !unsettled:
		return p.idleDue()
	case measured && p.beatAt < p.dataAt:
		return min(p.beatAt+beatBusy, p.dataAt+beatTail)
	}
	return p.beatAt + min(beatTail<<min(p.unheard, 4), beatBusy) // the HEARTBEAT, or the response, may be lost as well
}
