// Package reassembly turns TCP segments into whole HTTP/1 requests.
//
//	segment -> connection -> bytes in order -> request
//	           connections   flow             requests, http1
//
// Open assembler.go first: [New], [Assembler.Push] and [Assembler.PushAll] are
// all that most programs need. Push finds a segment's connection, and its flow
// (flow.go, hole.go) puts the bytes in order; that is TCP and nothing else. The
// reader of the bytes (requests.go, guess.go) finds with package http1 where each
// request begins and ends; that is HTTP and nothing else.
//
// Push takes the segments that package capture finds, those of clients only;
// every whole request goes to the emit function given to New, on the goroutine
// that called. A connection is its two endpoints, told from others by a keyed
// hash of 64 bits of them; its bytes are ordered by sequence number modulo 2^32
// (RFC 9293 section 3.4). Acknowledgements and timing decide no byte: they only
// say when waiting for missing ones is useless, and when a doubt has ended.
//
// # Who owns the bytes
//
// A segment's payload is lent for the call of Push. A request that lies in one
// segment is handed on where it lies; one that is longer is copied into a
// buffer of its connection, and bytes that come too early into pages, all from
// a pool. A Request and its slices are lent for the call of emit. An idle
// connection has a record of fixed size and no buffer.
//
// # Time
//
// Time is the packets' own: a capture file gives the same result every run.
// For a live source Advance tells the time while no packets come.
//
// # Limits
//
// Memory stays below Config.MaxMemory. Room is made between two segments, for the
// one that comes: closed connections are forgotten first, then those that were
// silent longest: of 64 in turn, so that packets need not keep them in order. What
// was open on them is counted as shed. A SYN costs nothing that lasts; a
// connection is remembered from its first byte on.
//
// Missing bytes are waited for as long as their client may send them again:
// until Config.GapTimeout has passed, 8 MiB wait behind them, or the client shows
// that the server has them: it has begun 16 requests since, or it has had a response
// since, begun another request or closed, and three seconds have passed. Other
// connections wait for nothing. Then the request the bytes lie in is counted as
// gap. Where the length of its body is known, reading goes on exactly behind it;
// else at the next segment that begins with a request line.
//
// # Guesses and doubts
//
// Where a connection was joined in the middle or lost its place, a segment that
// begins with a request line may be part of a body. The request is held until
// what follows its end proves it: another request line, the end of the connection,
// its SYN, or nothing for 15 seconds. Else it was none, is not counted, and the
// search goes on (guesses_failed): at the next segment, or at one of those inside of
// the failed guess that began with a request line. A guess that a segment with a
// request line follows inside of its body, after another response, fails at once.
//
// Behind a message of which nobody can know where it ends (malformed), nothing is
// believed: what follows is counted as doubtful_bytes, and what looks like requests
// in it as doubtful_requests. Once the server has responded and the client begins a
// segment with a request line, that is a guess, proven only by another request
// line after another response.
//
// # Copies
//
// A machine that translates addresses shows a connection before and behind the
// translation. The sequence numbers stay, the client's and those that it
// acknowledges, and a packet arrives before it leaves: a connection that opens with a
// segment that came a moment ago with other addresses is a copy, and ignored (connections_copied): one
// of the same client to another server, or of anybody where it arrived then and leaves now. A
// request that leaves with the mark (Config.LoopHeader) is a replayer's on this
// machine, and no loop (own_requests).
//
// TCP cannot tell a copy by a proxy. What comes from an address that a request went
// to a moment ago, asks a server elsewhere for the same, and has the same cookies,
// credentials and User-Agent, is that request once more, and is not handed on
// (repeated; repeats.go). What a service asks another by itself has not.
//
// # Speed
//
// PushAll looks a dozen segments ahead: while others are pushed, the processor
// fetches their slots of the table, and then the records that these name.
// Records lie in blocks without pointers, for which Linux is asked to give huge
// pages.
//
// # What the server's kernel reads
//
// What lies at or below what was read is a retransmission. Of copies of a byte
// that differ the one counts that Linux keeps: what is next wins over what waits;
// among segments that wait, the one that begins earlier, or covers the other. A
// segment that cannot be of its connection is of an older one, and dropped, as is
// text behind a FIN, and what acknowledges nothing (RFC 9293 section 3.10.7.4):
// they are counted as segments_foreign. A FIN that is next ends the connection,
// whatever waits behind it. A SYN for an open connection changes nothing, and what
// it carries is dropped; where its sequence number is outside of the connection's
// window, data that begins there ends the connection and begins a new one. A RST
// that is not next is not believed (RFC 5961). The urgent byte (RFC 9293 section
// 3.8.5) is out of band and no part of the stream, also where it comes in a later
// segment than its announcement. A keep-alive probe, a byte just before the next,
// changes nothing. A lone segment more than 64 KiB ahead that nothing reaches is
// dropped rather than jumped to. What a RST carries is no data; what a FIN or a SYN carries is.
// Not told apart is what needs the server's side or TCP options: data beyond its
// window, and old copies inside of it, which it knows by their timestamps (RFC
// 7323).
//
// # Why not
//
// While SetExplain says so, each request that gets another fate than sent is told to
// Config.Explain (explain.go): its line, what there was of it, what was missing, and
// when what waited behind that had come. It is read off what is there at that moment,
// so that nothing is kept for it.
//
// # Decisions
//
// Where a message ends is decided by package http1, whose documentation has the
// table. What becomes of a request:
//
//	input                                        fate
//	its end is clear, however odd its lines are  sent, exactly as it came
//	its end is a matter of opinion               malformed; what follows is doubtful
//	gzip, deflate or compress before chunked     unsupported (servers respond with 501), likewise
//	HTTP/2.0 or above in a request line          unsupported, likewise
//	GET without a version (HTTP/0.9)             unsupported, likewise
//	header Config.LoopHeader                     loop: gor sent it itself
//	longer than Config.MaxRequest                too_large; skipped by its length
//	head longer than 1 MiB                       too_large; what follows is doubtful
//	Upgrade                                      sent; HTTP goes on if the next bytes are a
//	                                             request line, else the stream is counted as
//	                                             upgraded
//	CONNECT                                      sent; what follows is a tunnel
//	TLS, HTTP/2, SSH, SOCKS, other binary        a stream, no request: named, reported once per port
//	PROXY protocol header                        skipped; whom it names is Request.Origin
//	first bytes seen are inside a request        not counted; see above
//
// TestReadings and TestOddRequests hold the table.
package reassembly
