// Package answers finds in what servers send the answers to the requests of their
// clients, and says of each request what became of its answer, once.
//
//	requests of clients --> Ask  --> connection --> Answer, or that it is missing
//	segments of servers --> Push --> (in order, read by http1)
//
// Read reader.go first, then doubt.go, which is about the rule below: never a wrong
// pair. An answer that may be another request's is missing. What is believed for want
// of certainty is in trial.go, and the reasons for it in habits.go.
//
// # Where an answer begins
//
// TCP says it: the first segment of a request acknowledges all that its client has
// had of the server's stream (RFC 9293 section 3.4). A client that waits for each
// answer has had all those before, so the answer begins exactly there, but for
// interim responses (1xx) before it. To be certain of that one has to know that
// nothing was open:
//
//   - the request opens its connection, whose beginning was seen, or
//   - both sides had been silent for three seconds, with nothing asked, or
//   - it follows the request before without a byte missing between them, and the end of
//     that one's answer is known: the answers of a connection come in the order of the
//     requests (RFC 9112 section 9.3.2), so that this one begins where that ends, and
//     pipelined ones too.
//
// The end of an answer is known where its bytes are there, or its length is announced.
// What else is known is held against it: a server cannot answer a request of which it
// has acknowledged no byte; a client cannot have had more than was sent; a request
// whose bytes the server had acknowledged before they were seen was sent before, with
// another acknowledgement. Where anything does not fit, the connection is in doubt, and
// what is asked on it is missing. So it is behind a request that is missing, a response
// that nobody asked for, and a 408, by which a server ends a connection: it answers nothing.
//
// # Habits
//
// A connection that a proxy keeps busy is never silent. If it was joined in the middle, or
// lost a packet, its client is put on trial: what the server sends is read as if it waited
// for each answer, and what it asks is missing. Each answer has to begin where its request
// says, to be sent behind that request's first byte, and to end where the next request says.
// If the client had something open in fact, that mostly comes out: when it has less open, or
// something arrives before its request. But where it has always as much open, and its server
// takes longer than the way there and back, nothing would tell. So a client is believed for what
// it was seen to do where all was certain, from the beginning of a connection or since a silence:
//
//   - it waited for eight answers on this connection, and two in a row fit on trial, or
//   - three others with its address did, with the same server, and sixteen in a row fit,
//
// and nobody at that address was seen not to wait, within an hour. This takes for granted that
// the clients behind one address are of one kind, as those of a proxy are. What is not found out is a
// client that pipelines all the time, since before it was seen, behind an address that it shares with
// clients that wait, and one that begins to just where a request is lost. Stats.Believed is how much rests
// on it. The addresses take a 64th of the memory; where there are more, the older ones are forgotten,
// and are not believed until they have shown their habit again.
//
// # Heads alone
//
// A source may have no more than the segments that begin with a status line, cut behind
// some bytes: as long as no other segment was seen that is taken for granted. Where the
// end of an answer is not among them and its length is not announced (chunked), the
// next request says where it ended: its client is trusted to have waited for it, unless
// it was ever seen to do otherwise. A client that was not, and sends its first pipelined
// request while a chunked answer is on its way, could have the next segment of that
// taken for an answer if it begins with a whole head, is acknowledged to the byte before
// it, and was sent after the request had come. This is the one thing that cannot be told; with
// bodies it can. Pipelined answers whose heads do not begin a segment are missing.
//
// # Disorder
//
// Questions may come before their answers or behind them: early answers do, and
// requests and answers may come out of two rings. What is not asked yet is kept, at most
// 1 MiB, and 64 KiB where it is not known what it is. Missing bytes are waited for three
// seconds, or half a second where the client has had them as its next request says, and an
// answer for Config.Timeout; one that comes later is known as the one of that request.
//
// # Memory
//
// An idle connection has a record, and no buffer. Of a body as much is kept as is
// wanted, no more. All that is held stays below Config.Memory; the connection that was
// silent longest is forgotten first, and what is asked on it is missing.
package answers
