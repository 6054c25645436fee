// Package sending is where a listener's stream leaves it: requests, and what production
// answered to them, become messages on the wire.
//
//	sniffer --> Sender.Take (requests) ----+
//	        --> Sender.Answer (answers) ---+--> udpwire.Sender
//
// A request is sent when it is whole. One whose answer is looked for says so, and the
// answer follows it as a message of its own, with the request's user, connection and
// index: so both go to the same replayer, in this order, and it can wait for the second
// half of what it is to compare. An answer that cannot be had is sent, too, without
// anything in it, so that nobody waits in vain.
//
// Nothing here waits: what the wire has no room for is dropped and counted. Answers
// count apart from requests, whose fates they are not.
package sending
