// Package web is the page of a running replayer: one page in a browser, alive, that
// says where the requests went.
//
//	accounts, listeners --> tallies --> slots of 5 s --> rivers, lines  --\
//	Outcome (each request) --> routes ------------------------------------+--> frame --> browsers
//
// Read page.go first, then tally.go. The page is one file with its style and script in
// it and nothing from outside, under 60 kB; it may be saved with what it shows, and then
// needs no program. A browser gets a frame a second by server-sent events (server.go):
// the first has all there is, the others what is new.
//
// # What the page costs
//
// A request costs one count by route (routes.go). All else is taken from the accounts
// that there are anyway: every five seconds, and once a second while somebody looks,
// however many do. A browser is sent what has become of its last frame when it is ready
// for another; one that does not take a frame for five seconds is left, so nobody is
// waited for. There are at most 16 browsers, and 64 connections.
//
// # Who may see it
//
// Whoever reaches the address: it is off unless asked for, and best on the loopback. It
// is read only. A page from elsewhere that has its own name point here (DNS rebinding)
// gets nothing: the Host that is asked for has to be an address, localhost, this
// machine's name or the one that was given. What strangers sent, such as paths and the
// names of listeners, is text to the page and never markup; its policy (CSP) allows no
// other script than its own, by its hash, and no other source of anything.
//
// # The river
//
// How many requests began, and where each was lost or ended, to scale:
//
//	captured = not sent, by fate + lost on the wire + under way or to other replayers + received here
//	received = the fates at a target, for each of them
//
// What comes before received is what the listeners say of themselves, each five seconds
// or so, so that the two sides are not exact to the request while something moves. Of a
// listener that had been at work before it found this replayer counts what it captured
// since.
//
// # Frames
//
// A frame is one JSON object; fields may be added. Times are milliseconds, ages seconds:
//
//	{"now": {"at", "began", "version", "machine", "not_ready", "lacks", "rivers": {"minute", "quarter", "start": RIVER},
//	         "targets": [{"name", "rate", "p50", "p99", "wait_p99", "queue", "in_flight", "failing", "paused", "limit"}],
//	         "listeners": [{"host", "address", "version", "captured", "rate", "unsent", "lost", "behind"}]},
//	 "slots": [{"at", "seconds", "received", "targets": [{"codes": {"200": 5}, "failed", "dropped", "p50", "p99"}]}],
//	 "routes": [{"route", "targets": [{"requests", "errors", "p50", "p99", "max"}]}],
//	 "differences": [{"route", "target", "compared", "different", "reasons", "paths", "open", "examples", ...}]}   as package compare has them
//	RIVER: {"source": "captured", "began", "unsent": [{"name", "n"}], "lost": [{"name", "n"}], "received",
//	        "targets": [{"name", "parts": [{"kind", "name", "n"}]}]}
package web
