package referee

import (
	"sync/atomic"
	"time"
)

// learnWithin is how long after the first request it is said that nothing can be learnt of sessions, as
// no answer of production's has come: answers come within seconds.
const learnWithin = 10 * time.Second

// Learning says whether sessions can be learnt that targets are sent in place of production's.
type learning struct {
	heard atomic.Bool // an answer of production's has come that can be read
	lacks atomic.Bool // none has, and requests have for long
	since time.Time   // the first request had come; of the goroutine of the Referee, and of who closes it then
}

// lacksAnswers is what is missing where targets are to be sent their own sessions and nobody says what production
// answers.
func (r *Referee) lacksAnswers() string {
	if r.patient {
		return "own-sessions: the recording holds no answers of production's, so that no session can be learnt: record both directions"
	}
	return "own-sessions: no answers of production's come, so that no session can be learnt: start the listeners with --responses 100%"
}

// watchLearning takes down at a moment whether answers come, and says once that they do not; ending: it is too late to wait for
// one.
func (r *Referee) watchLearning(now time.Time, ending bool) {
	l := &r.learning
	if !r.sessions || l.heard.Load() {
		l.lacks.Store(false)
		return
	}
	if l.since.IsZero() {
		received := uint64(0)
		for _, s := range r.fwd.Stats() {
			received += s.Received
		}
		if received == 0 {
			return
		}
		l.since = now
	}
	if (ending || now.Sub(l.since) >= learnWithin) && !l.lacks.Swap(true) {
		r.log.Warn(r.lacksAnswers())
	}
}

// Lacks says what is missing for what was asked for; "": nothing is.
func (r *Referee) Lacks() string {
	if r == nil || !r.learning.lacks.Load() {
		return ""
	}
	return r.lacksAnswers()
}
