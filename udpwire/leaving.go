package udpwire

import "time"

// A replayer that is about to leave says so in each REPORT, and with a challenge. Its listeners begin nothing new then;
// their next HEARTBEATs return the challenge, so that what they say of how far they are was said knowing. One whose
// HEARTBEAT also says that everything is confirmed has nothing more to lose here, whatever becomes of the BYE.

const (
	leaveAtMost = time.Second                  // is how long a replayer waits for its listeners to have everything confirmed
	leaveAgain  = int64(20 * time.Millisecond) // is how often it tells those that have not
	leaveAbsent = int64(3 * time.Second)       // for a listener silent so long it does not wait
)

// leave begins to tell the listeners that this replayer is about to leave.
func (r *reception) leave(now int64) {
	r.setTime(now)
	r.leaving = random64(r.responder.rand) | 1
	for _, s := range r.sessions.byID {
		s.inbox.reporter.hasten(r.now)
	}
	r.due = r.now
	r.tick()
}

// left tells the listeners again that have something to be confirmed, or have not heard it yet, and reports whether
// there are none.
func (r *reception) left() bool {
	all := true
	for _, s := range r.sessions.byID {
		if s.idleFor(r.ran.total, leaveAbsent) {
			continue
		}
		if l := &s.inbox.check.latest; l.answer != r.leaving || l.oldest <= l.highest {
			s.inbox.reporter.hasten(r.now + leaveAgain)
			r.due = min(r.due, s.inbox.reporter.dueAt)
			all = false
		}
	}
	return all
}
