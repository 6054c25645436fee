package udpwire

import "time"

// A farewell is how far a listener is with leaving a replayer. The zero value is not leaving.
type farewell struct {
	begun bool  // No more messages will come.
	byes  int   // How many BYEs were sent.
	byeAt int64 // When the next one is due, in ns.
	done  bool  // The replayer has responded, or nothing will be waited for any more.
}

// Pace of the BYEs.
const (
	byeEvery   = int64(50 * time.Millisecond)
	maxByes    = 10
	oneWayByes = 3 // to a replayer that never responds
)

// leave does what is due of the farewell: when nothing is left to confirm it sends BYE, until a BYE comes back or it was
// sent often enough.
func (p *peer) leave(now int64) {
	f := &p.farewell
	if !f.begun || f.done || now < f.byeAt || !p.out.idle() {
		return
	}
	if p.phase == phaseSeeking || f.byes >= maxByes || p.phase == phaseOneWay && f.byes >= oneWayByes {
		f.done = true
		if p.phase != phaseSeeking {
			p.endSession(now)
		}
		return
	}
	f.byes++
	f.byeAt = now + byeEvery
	p.out.heartbeat(now, kindBye, p.dropped())
}

// abandon ends the session without waiting for anything that is missing: the replayer is told the totals once.
func (p *peer) abandon(now int64) {
	if p.phase != phaseSeeking {
		p.out.heartbeat(now, kindBye, p.dropped())
		p.endSession(now)
	}
	p.farewell.done = true
}
