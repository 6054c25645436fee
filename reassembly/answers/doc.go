// Package answers finds in what servers send the answers to the requests of their
// clients, and says of each request what became of its answer, once.
//
//	requests of clients --> Ask  --> connection --> Answer, or that it is missing
//	segments of servers --> Push --> (in order, read by http1)
//
// Read reader.go first, then doubt.go, which is about the rule below: never a wrong
// pair. An answer that may be another request's is missing.
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
// another acknowledgement. Where anything does not fit, the connection is in doubt: all
// that is asked on it is missing, until both sides were silent. So it is behind a
// request that is missing, a response that nobody asked for, and a 408, by which a
// server ends a connection: it answers nothing.
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
// seconds, and an answer for Config.Timeout; one that comes later is known as the one of that request.
//
// # Memory
//
// An idle connection has a record, and no buffer. Of a body as much is kept as is
// wanted, no more. All that is held stays below Config.Memory; the connection that was
// silent longest is forgotten first, and what is asked on it is missing.
package answers
