// Package sniffer makes whole requests out of a source of packets: it is the
// loop in which capture and reassembly work, and the consumers of what comes
// out of it.
//
//	Source --> capture.Decoder --> reassembly.Assembler --> Consumer, Consumer, ...
//	 packets        segments             requests             a fate for each
//
// Read sniffer.go first: a Sniffer owns the decoder and the assembler, and Run
// is the loop. A Source (source.go) is a ring, recordings (package recording) or
// whatever else has packets, or whole requests; Options (flags.go, open.go) say which
// one the command line asks for. Where any port may be a server's, directions
// (direction.go) find out who the client is. Recordings (recordings.go, replayflags.go)
// are what a replayer reads: they hand requests out, in the order of time (order.go).
// A Printer (printer.go) is the consumer that writes a line (line.go), with the
// header on demand (headers.go), or a JSON object (json.go) per request; its spool
// (spool.go) is the bounded buffer between the loop and a reader that may be slow. What
// was not handed on an explainer (explain.go) says in the log, while somebody wants to
// know.
//
// Where answers are wanted, an asker (answers.go) brings what servers send, and the
// requests it may answer, to a reader of package answers: an answer comes out behind its
// request, or the word that there is none.
//
// # Who waits for whom
//
// The loop waits for the next packet and for nothing else. A network cannot
// wait: what its consumers have no room for is dropped and counted. A file or
// a pipe can: there consumers may hold the loop back, and nothing is lost.
//
// # Who owns the bytes
//
// A request is lent to the consumers for the call, as reassembly lends it. A
// Printer copies what it prints.
//
// # Accounts
//
// The counters belong to the loop's goroutine, which publishes a copy of them
// with each batch of packets, and so before it waits.
// Stats returns the latest copy, to any goroutine and at any time: before Run,
// while it waits for a silent pipe or for a consumer, and after its end.
package sniffer
