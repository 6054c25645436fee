package compare

import (
	"bytes"
	"hash/maphash"
	"strings"

	"gor/forward/compare/diff"
	"gor/reassembly/http1"
)

// maxLogins is how many cookies that production set are remembered.
const maxLogins = 16384

// sessions tells exchanges of users whom the target does not know from others.
type sessions struct {
	seed    maphash.Seed
	set     recent[uint64]    // hashes of the cookies that production set
	refused recent[uint64]    // of these, those that the target did not
	foreign [2]recent[uint64] // of these, those for which the target set another value, which nobody sends it: all, and what a request for a change brought, such as a login
	own     bool              // the target is sent its own sessions
	counts  LoggedOut
	example *Example
}

func newSessions(seed maphash.Seed, own bool) sessions {
	last := recent[uint64]{most: maxLogins}
	return sessions{seed: seed, set: last, refused: last, foreign: [2]recent[uint64]{last, last}, own: own}
}

// isLoggedOut reports whether the target answers a request with credentials as if it did not know
// the session, and production does not.
func isLoggedOut(x *Exchange, then, now *diff.Answer) bool {
	if then.Status >= 400 || asksForLogin(then) || !asksForLogin(now) {
		return false
	}
	return len(x.Raw) == 0 || hasCredentials(x.section)
}

// asksForLogin reports whether an answer is one for users who are not logged in.
func asksForLogin(a *diff.Answer) bool {
	switch a.Status {
	case 401, 403, 419, 440: // the last two are what Laravel and IIS say of sessions that are over
		return true
	case 301, 302, 303, 307, 308:
		path, _, _ := strings.Cut(strings.ToLower(a.Get("location")), "?")
		for _, s := range []string{"login", "logon", "signin", "sign-in", "sign_in", "/auth", "/sso", "oauth", "openid", "saml", "/session"} {
			if strings.Contains(path, s) {
				return true
			}
		}
	}
	return false
}

func hasCredentials(section []byte) bool {
	cookie, _ := http1.CutKind(section, http1.FieldCookie)
	authorization, _ := http1.CutKind(section, http1.FieldAuthorization)
	return cookie != nil || authorization != nil
}

// remember takes down which cookies production set in an answer to a request that
// the target got too, and which of them the target refused: took back, or, where the
// request asked for a change such as a login, did not set.
func (s *sessions) remember(x *Exchange, then *diff.Answer) {
	for i := range then.Fields {
		if f := &then.Fields[i]; f.Name == "set-cookie" {
			cookie, _, _ := strings.Cut(f.Value, ";")
			s.set.add(maphash.String(s.seed, strings.TrimSpace(cookie)))
		}
	}
	for _, cookie := range diff.Refused(then, x.Answer, isSafe(x.Method)) {
		s.refused.add(maphash.String(s.seed, cookie))
	}
	if s.own {
		return
	}
	for _, g := range diff.Grants(then, x.Answer) {
		if g.Then.HTTPOnly && g.Then.Sets() && g.Now.Sets() && g.Then.Pair != g.Now.Pair {
			s.foreign[0].add(maphash.String(s.seed, g.Then.Pair))
			if !isSafe(x.Method) {
				s.foreign[1].add(maphash.String(s.seed, g.Then.Pair))
			}
		}
	}
}

// loggedOut takes down an exchange whose user the target does not know.
func (s *sessions) loggedOut(x *Exchange, then *diff.Answer, examples *budget) {
	s.counts.Exchanges++
	if s.knows(x.section) {
		s.counts.LoginSeen++
	}
	if s.example == nil {
		e := examples.example(x, then.Status)
		s.example = &e
	}
}

// knows reports whether one of a request's cookies was set here.
func (s *sessions) knows(section []byte) bool { return s.carries(section, &s.set) }

// isRefused reports whether a request has a cookie that the target refused its user:
// what differs then is whom the two servers know.
func (s *sessions) isRefused(section []byte) bool { return s.carries(section, &s.refused) }

// foreignIn says what a request has of sessions that the target gave others for.
func (s *sessions) foreignIn(section []byte) (c carriage) {
	for i := range s.foreign {
		if s.carries(section, &s.foreign[i]) {
			c[i] = 1
		}
	}
	return c
}

// carries reports whether a request has one of the cookies.
func (s *sessions) carries(section []byte, those *recent[uint64]) bool {
	if those.len() == 0 {
		return false
	}
	for line, rest := http1.CutKind(section, http1.FieldCookie); line != nil; line, rest = http1.CutKind(rest, http1.FieldCookie) {
		for pair := range bytes.SplitSeq(http1.ParseField(line).Value, []byte(";")) {
			if those.has(maphash.Bytes(s.seed, bytes.TrimSpace(pair))) {
				return true
			}
		}
	}
	return false
}

// report says how many were, and what to do.
func (s *sessions) report() *LoggedOut {
	if s.counts.Exchanges == 0 {
		return nil
	}
	r := s.counts
	r.Example = s.example
	r.Says = s.says()
	return &r
}

// says is what to do for users who are not logged in.
func (s *sessions) says() string {
	r := &s.counts
	share := "Let the target share production's session store, or its key for signing sessions"
	if !s.own {
		share += "; or send it its own sessions: --own-sessions"
	}
	switch {
	case r.LoginSeen == 0:
		return "The target does not know production's sessions: these users logged in before gor listened, or elsewhere. " +
			share + "; or let gor run until users have logged in again."
	case r.LoginSeen*2 < r.Exchanges:
		return "Most of these users logged in before gor listened, or elsewhere; but some logins were repeated at the target, and it still does not know the sessions: it makes its own. " + share + "."
	case s.own:
		return "The logins were repeated at the target, which is sent its own sessions, and it still asks for a login: it refuses them, or has ended them. " + share + "."
	}
	return "The logins were repeated at the target, and it still does not know the sessions: it makes its own, while users go on with production's cookies. " + share + "."
}

// Cookies are the cookies of a request, as the value of one Cookie field.
func (x *Exchange) Cookies() (all []byte) {
	section := fieldSection(x.Raw)
	for line, rest := http1.CutKind(section, http1.FieldCookie); line != nil; line, rest = http1.CutKind(rest, http1.FieldCookie) {
		all = append(append(all, http1.ParseField(line).Value...), ';')
	}
	return all
}
