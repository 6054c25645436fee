package udpwire

import "time"

// A farewell is how far a listener is with leaving a replayer. The zero value is not leaving.
type farewell struct {
	begun     bool  // No more messages will come.
	since     int64 // When that was known, in ns.
	byes      int   // How many BYEs were sent.
	byeAt     int64 // When the next one is due, in ns.
	done      bool  // The replayer has responded, or nothing will be waited for any more.
	abandoned bool  // It was not waited for until everything was confirmed.
}

// absentTooLong is how long, while nothing else keeps it, a listener waits for a replayer that is not there.
const absentTooLong = int64(5 * time.Second)

// Pace of the BYEs.
const (
	byeEvery = int64(50 * time.Millisecond)
	maxByes  = 10
)

// leave does what is due of the farewell: when nothing is left to confirm it sends BYE, until that is answered or was
// sent often enough. A replayer that does not respond any more, or never did, is waited for only so long.
func (p *peer) leave(now int64) {
	f := &p.farewell
	if f.begun && p.phase != phaseLive && !p.out.idle() &&
		now-max(f.since, p.initiator.since) > absentTooLong {
		p.abandon(now)
	}
	if !f.begun || f.done || now < f.byeAt || !p.out.idle() {
		return
	}
	if p.phase == phaseSeeking || f.byes >= maxByes {
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
	p.farewell.done, p.farewell.abandoned = true, true
}
