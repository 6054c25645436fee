package udpwire

import "time"

// A farewell is how far a listener is with leaving a replayer. The zero value is not leaving.
type farewell struct {
	begun     bool  // No more messages will come.
	since     int64 // When that was known, in running time.
	byes      int   // How many BYEs were sent.
	byeAt     int64 // When the next one is due, in ns.
	abandoned bool  // It was not waited for until everything was confirmed.
}

// absentTooLong is how long, while nothing else keeps it, a listener waits for a replayer that is not there, in running
// time.
const absentTooLong = int64(5 * time.Second)

// Pace of the BYEs.
const (
	byeEvery = int64(50 * time.Millisecond)
	maxByes  = 10
)

// begin begins the farewell, in running time: no more messages will come.
func (f *farewell) begin(ran int64) { f.begun, f.since = true, ran }

// checkFarewell goes on with the farewell: when nothing is left to confirm, BYE is said. A replayer that does not
// respond any more, or never did, is waited for only so long; one that a source that can wait has ceased to wait for,
// not at all.
func (p *peer) checkFarewell(now int64) {
	f := &p.farewell
	if f.begun && p.forlorn.since != 0 {
		p.dismiss(now)
	}
	switch {
	case !f.begun:
	case p.out.idle() && (!p.out.held() || p.forlorn.since != 0 || p.state == seeking):
		p.happen(now, finished)
	case min(p.absentFor(), p.contact.ran.total-f.since) > absentTooLong:
		p.abandon(now)
	}
}

// dismiss ceases to wait for a replayer that there is no sense in waiting for: what it has got is still confirmed if it
// responds, nothing else is sent.
func (p *peer) dismiss(now int64) {
	switch {
	case !p.forlorn.absent:
		p.out.discard()
		p.farewell.abandoned = true
	case !p.out.idle():
		p.abandon(now)
	}
}

// sayBye sends a BYE when one is due, until that is answered or was sent often enough.
func (p *peer) sayBye(now int64) {
	f := &p.farewell
	switch {
	case now < f.byeAt:
	case f.byes == maxByes:
		p.happen(now, abandoned)
	default:
		f.byes++
		f.byeAt = now + byeEvery
		p.out.heartbeat(now, kindBye, p.dropped())
	}
}

// abandon leaves without waiting for anything that is missing: the replayer is told the totals once.
func (p *peer) abandon(now int64) {
	if p.state == departed {
		return
	}
	p.farewell.abandoned = !p.out.idle()
	if p.state.inSession() {
		p.out.heartbeat(now, kindBye, p.dropped())
	}
	p.happen(now, abandoned)
}
