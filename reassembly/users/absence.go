package users

import "log/slog"

// absentAfter is after how many requests the absence of what a rule names is said.
const absentAfter = 500

// An absence notices a rule that names a cookie or a header which no request has: a
// slip of the pen would have users told apart by something else without a word.
type absence struct {
	log  *slog.Logger
	left int // requests until it is said; 0: there is nothing to say any more
}

// newAbsence begins to watch for what rule names, if it names something.
func newAbsence(rule Rule, log *slog.Logger) absence {
	if rule.by != byCookie && rule.by != byHeader {
		return absence{}
	}
	return absence{log: log, left: absentAfter}
}

// look looks at what a user is known by; stats have it already. A request whose user
// was written down before says nothing of the rule.
func (a *absence) look(by Source, rule Rule, stats *Stats) {
	if by == ByCookie || by == ByHeader {
		a.left = 0
		return
	}
	if a.left--; a.left > 0 {
		return
	}
	kind := "cookie"
	if rule.by == byHeader {
		kind = "header"
	}
	a.log.Warn("no request has had what --session names, and users are told apart by something else: is the name right?",
		kind, rule.name, "requests", absentAfter, "users", stats.Line())
}
