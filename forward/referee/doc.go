// Package referee joins a forward.Forwarder with what judges its targets' responses,
// and keeps the one from harm by the other.
//
//	production's answer ---> Original --\
//	                                     compare.Engine ---> Report, Fates
//	forward.Outcome -------> Take ------/      |
//	each write submitted --> Wrote             |
//	      ^                                    | Echo: once more, please
//	      +----------- Forwarder <-------------+
//
// A Referee is made of the command line's Options before the Forwarder, whose Config it
// tells which responses to keep; Start begins, once the Forwarder is there, and Close
// ends its only goroutine, on which time passes for the Engine and echoes are asked for.
// Original may be called from any goroutine, as the Forwarder calls Take.
//
// Both answers also tell which of the target's session cookies stand for production's,
// where that is wanted (sessions.go): the Forwarder is told when production gives one
// (SessionsGiven), and when the target has answered, too (SessionsMet). What is judged is
// the request as it was captured.
//
// Comparing is not worth a request. What the Engine keeps is bounded, it waits for
// nothing, and if it fails (a panic), that is logged once and nothing is compared any
// more, while forwarding goes on.
//
// What has no originals costs nothing: a request is compared only if its source says
// that an answer follows, or if one target is held against another (--compare-to).
// Report is nil then, and nothing is shown.
package referee
