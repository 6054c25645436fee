// Package playback replays a recording: it reads requests, waits until each is due,
// gives it to a Forwarder, and says at the end what came of all.
//
//	recording --> Player.take --> readAhead --> Player.Run --> Forwarder.SubmitWait
//	 (reader)      when due?     (bounded)     (waits until)          |
//	                                                               Outcome
//	                                                                  v
//	                    table, reports, exit status <-- results <-- Ledger
//
// player.go is the way of a request: a goroutine reads and asks package pace when
// each is due; the other one waits for that time and submits. Between them lies a
// bounded read-ahead (readahead.go), so that a slow disk does not make requests late,
// and a recording of any size takes the same memory. Timers are too coarse for what
// is due within milliseconds (sleeper.go).
//
// A request starts at its time or, if that is later, when what it waits for lets it:
// the request before on its connection, a free place in flight, the limit. So the
// order of a connection is kept at every speed, and what a request waited for is
// told apart (forward.Late).
//
// session.go is a whole run: it opens what the flags ask for, plays, shows how it
// goes, and judges. It knows nothing of files and packets: a Recording is a few
// functions.
package playback
