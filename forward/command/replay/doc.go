// Package replay is the command gor replay: it joins what requests come from with what
// they go to, and knows nothing of either.
//
//	udpwire.Receiver ------------------------------> forward.Forwarder   (replay.go)
//	sniffer.Repeater --> playback.Session ---------> forward.Forwarder   (recordings.go)
//	        \                                               |
//	         production's answers --> referee.Referee <-----+            (live.go)
//
// Read replay.go first: it has the flags, and the run over the wire.
package replay
