package referee

import (
	"gor/forward"
	"gor/forward/compare"
	"gor/forward/compare/diff"
	"gor/forward/sessions"
)

// given says what production's answer sets, so that the requests that carry it wait for
// what the target sets.
func (r *Referee) given(a *diff.Answer) {
	if grants := diff.Grants(a, nil); len(grants) > 0 {
		r.fwd.SessionsGiven(grants)
	}
}

// met learns from the answers to one request which sessions of the target stand for
// production's.
func (r *Referee) met(x *compare.Exchange, original *diff.Answer) {
	if !r.fwd.OwnSessions(x.Target) {
		return
	}
	grants := diff.Grants(original, x.Answer)
	if len(grants) == 0 {
		return
	}
	r.fwd.SessionsMet(x.Target, &sessions.Meeting{
		Cookies: x.Cookies(), Grants: grants, Began: x.Answer.At - int64(x.Answer.Took), Ended: x.Answer.At,
	})
}

// checkSessions says why no target can be sent its own sessions; nil: each can, or none
// is to.
func (o *Options) checkSessions(cfg *forward.Config) error {
	for i := range cfg.Targets {
		switch {
		case !cfg.Targets[i].OwnSessions(cfg):
		case o.Off:
			return usageError("--own-sessions and --compare off exclude each other: sessions are learnt from the answers that are compared")
		case o.Baseline >= 0:
			return usageError("--own-sessions and --compare-to exclude each other: sessions are learnt from production's answers")
		}
	}
	return nil
}
