// Package compare judges whether a target answers as production does, or as another
// target does, and learns what of the differences is only noise.
//
//	production's answer --> Original --\
//	                                    halves --> judge --> routes' accounts --> Report --> text, JSON, HTML
//	a target's response --> Response --/             ^
//	the same once more  --> Echo --------------------/ noise
//
// The two halves of an exchange wait for each other in bounded memory (halves.go). Where both
// are there, package diff finds where they differ, and the target's judge (judge.go) takes that down in the
// account of the exchange's route (account.go): how many exchanges differ in which set of places. What a place's differences
// mean (place.go) may show later, so verdicts are found anew whenever somebody asks. Begin with engine.go and report.go.
//
// All is plain state: time comes in by Advance and with the exchanges, and nothing is random but the seeds of hashes.
//
// # Fates
//
// Every exchange has one:
//
//	same           nothing differs but noise, and what is to be ignored; of these, those count as in_part whose bodies were not compared, or not
//	               to their ends: as far as they were seen they are the same
//	different      something does that is no noise
//	undecided      something does of which it is not known whether it is noise
//	not_logged_in  production knew the user, and the target asks for a login (401, 403, a redirect to a login)
//	not_modified   one said 304 and the other gave the content
//	no_original    production's answer could not be had, or did not come within Config.Wait
//	no_response    the target gave none
//	expired        one half had to go for want of memory
//
// The first five are the compared ones. different, same and undecided are gauges: what becomes known of noise moves
// exchanges from one to another.
//
// # Noise
//
// What differs between two answers of one server to the same request is noise. Such repeats are
//
//   - equal requests of one user, a tenth of a second to ten seconds apart, without a change by that user in between, whether that is
//     compared or not (Engine.Wrote): two answers of production, and two of the target. Of a route of which much was seen some are looked at;
//   - echoes: a share of the safe requests goes to the target once more, a second later (Config.Echo). Which ones does not depend
//     on what they were answered; routes of which more has to be known get more of them. An echo whose user changed something
//     meanwhile says nothing.
//
// What servers keep for longer than that (a figure that is reckoned once a minute) is the same in all repeats. So some answers of
// production are kept for up to five minutes, and held against what it answers to the same request of that user then (distant.go).
//
// Some things are noise without that: see package diff, and the id of what a POST has made. Routes that ask for a change
// have no repeats: what is noise on three other routes and not more on any is noise there too.
//
// # When a difference is reported
//
// A place differs in k of n exchanges, and in j of m repeats. It is the target's if there are three examples at least, and one of
// these says so, at a level of one in a million, which leaves room for thousands of places and repeated looks:
//
//   - Fisher's exact test, one-sided, with 10 repeats or more: k of n is more than j of m, where repeats are those of
//     both servers, or production's alone, so that what varies at the target only is found. It is not asked where one repeat in ten
//     differs: such a thing depends on the moment. Nor is it where production's own value changes within minutes, in more than a tenth of the cases:
//     two servers may have such a thing of two moments. Unless another test tells, it stays undecided, and that is said.
//   - The sign test, where values do not change with time alone (a status, a word, whether a member is there): if the two servers
//     answered alike, production's A and the target's B would be as frequent as production's B and the target's A. It needs no repeats. What
//     both servers change at one moment differs for as long as requests are on their way; so one second counts once.
//   - For the same reason no pair of values in one order can make more than a quarter of all exchanges; where one does, few are enough.
//     Of names and versions (nginx/1.22.1), whose numbers may grow, this alone is asked.
//   - Likewise where one place of several routes differs by the same pair in the same order, and by no other: all of them together.
//   - A status that differs in three of three exchanges, or so many that two in a hundred would not give that by chance (at a level of one in 100,000).
//
// It is noise if repeats differ there and no test says more; undecided if nothing is known.
//
// # Slower
//
// A route with 100 answers or more, in five seconds at least and a quarter of the time, is slower if its median is beyond what those of the other routes let expect, by 30 % and a
// millisecond: now = a*then + b with the median of all slopes (Theil and Sen), as the two servers were seen from different
// places and are different machines. Where routes do not differ in time enough to tell a slope, now is in proportion to then. Both medians are taken at the far ends of what chance may do to them.
//
// # Sessions of production's
//
// Where production's answer and the target's set one HttpOnly cookie to two values, later
// requests carry production's, and the target may answer as to a stranger, with 200.
// Nobody can tell that from other differences; but if exchanges with such a cookie, or
// with one that a login set, differ more often than those without (Fisher's exact test, at
// a level of one in a thousand), that is said first (foreign.go). What is different stays
// so. A target that is sent its own sessions (Config.Own) is not spoken of.
//
// # Limits
//
// A report is made of a copy (picture.go), so that who compares does not wait for it. What had to go for want of memory is remembered
// for a while, so that its other half expires, too, and at once.
//
// Config.Memory bounds halves (half of it), examples and repeats. Beside it are the accounts: of Routes routes at most, 64 places and 600 sets of
// them each, and two histograms; and what
// is compared at a moment: so many pairs at once that they take half of Memory at most, however large they become when decompressed, and
// far less mostly (desk.go). Nothing grows with the number of requests.
//
// # The JSON
//
// Report as it is in report.go: names there are the JSON's. Times are in nanoseconds. In results' report it is "comparison".
//
//	{
//	  "original": "production",
//	  "drift": "The targets get a share ...",    only if that is so
//	  "targets": [{
//	    "target": "http://staging",
//	    "compared": 60300, "same": 45732, "in_part": 12, "different": 11684, "undecided": 2584, "not_logged_in": 300, "not_modified": 0,
//	    "no_original": 0, "no_response": 0, "expired": 0, "waiting": 0,
//	    "logged_out": {"exchanges", "login_seen", "says", "example": EXAMPLE},    only if there were such
//	    "foreign_sessions": {"exchanges", "different", "others", "others_different", "says"},    only if they stand out
//	    "not_compared": {"compressed with br": 12},    bodies, by why; of those that are the same otherwise in_part counts the exchanges
//	    "routes": [{
//	      "route": "GET /users/{id}", "target": "http://staging",
//	      FATES as above,
//	      "reasons": {"status": 1, "header": 2, "body": 3},    exchanges that are different; one may have several
//	      "paths": [PATH], "open": [PATH], "noise": [PATH],    what is different, undecided, noise
//	      "examples": [EXAMPLE],    three at most, with only what is different
//	      "latency_then": {"count", "p50", "p99"}, "latency_now": likewise, "slower": false, "expected_p50": 0
//	    }]
//	  }]
//	}
//	PATH     {"path": "$.items[].price", "what": "changed", "reason": "body", "count": 20, "of": 400, "repeats": 30, "varied": 0, "says": "...",
//	          "then", "now", "decide",    of what is open: values of one exchange, and what would show whether it is noise
//	          "drifts": true}    only where production's own value changes within minutes
//	EXAMPLE  {"request": "GET /users/7", "then": 200, "now": 500, "differences": [{"path", "what", "then", "now"}], "curl": "curl -i ..."}
//
// # Secrets
//
// Examples show the values that differ, but none of those that package diff takes for secrets, no value of a parameter that may be
// one, no cookie and no body of a request.
package compare
