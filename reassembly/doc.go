// Package reassembly turns TCP segments into whole HTTP/1 requests.
//
//	segment -> connection -> bytes in order -> request
//
// Push takes the segments that package capture finds, those of clients only;
// every whole request goes to the emit function given to New, on the goroutine
// that called. A connection is its two endpoints, told from others by a keyed
// hash of 64 bits of them; its bytes are ordered by sequence number modulo 2^32
// (RFC 9293 section 3.4) and by nothing else: neither acknowledgements nor PSH
// nor timing decide anything.
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
// Memory stays below Config.MaxMemory. Closed connections are forgotten first,
// then those that were silent longest: of 64 in turn, so that packets need not
// keep them in order. What was open on them is counted as shed. A SYN costs
// nothing that lasts; a connection is remembered from its first byte
// on. Missing bytes are waited for until Config.GapTimeout has passed, 8 MiB
// wait behind them, or the client has begun so many later requests that the
// server cannot have been missing them. Then the request they lie in is
// counted as gap. Where the length of its body is known, reading goes on
// exactly behind it; else at the next segment that begins with a request line.
//
// # Speed
//
// PushAll looks a dozen segments ahead: while others are pushed, the processor
// fetches their slots of the table, and then the records that these name. A
// clean head is read by the bits of 64 bytes at a time (clean.go), any other
// line by line. Records are half a line of the cache each and lie in blocks
// without pointers, for which Linux is asked to give huge pages. What is in
// assembly, the bits on amd64 and prefetching on amd64 and arm64, has a plain
// twin for other processors, and the tests compare the two.
//
// # Overlap
//
// The first copy of a byte wins. What lies at or below what was read is a
// retransmission. A SYN with another sequence number begins a new connection.
// A keep-alive probe, a byte just before the next, changes nothing. The urgent
// byte (RFC 9293 section 3.8.5) is out of band and no part of the stream. What
// a RST carries is no data; what a FIN or a SYN carries is.
//
// # Decisions
//
// Where a request ends is decided by RFC 9112; what its section 6.3, 7.1 or 11.2
// holds to be an attempt at smuggling is never handed on, and neither is
// anything behind it on that connection: where it begins would be a guess.
//
//	input                                        reading                          fate
//	any token as method                          a method                         sent
//	empty lines before a request                 skipped (section 2.2)            sent
//	bare LF as line end                          a line end (section 2.2)         sent
//	HTTP/1.0                                     a request                        sent
//	folded header                                part of the header               sent
//	several equal lengths                        one length (section 6.3)         sent
//	several different lengths                    ambiguous                        malformed
//	length with a sign or no digits              ambiguous                        malformed
//	chunked and a length                         smuggling (section 6.3)          malformed
//	coding other than chunked, chunked not last  end unknown (section 6.1)        malformed
//	gzip, deflate or compress before chunked     valid, but servers answer 501    unsupported
//	chunked in HTTP/1.0                          faulty framing (section 6.1)     malformed
//	chunk extensions, trailers                   parts of the request             sent
//	chunk size too large, or missing             ambiguous                        malformed
//	bare LF in the lines of chunked coding       readers differ                   malformed
//	folded length or transfer coding             readers differ (section 5.2)     malformed
//	control character but HTAB in the head       never valid (RFC 9110, 5.5)      malformed
//	space in the target, version not HTTP/d.d    no request line                  malformed
//	white space before a colon                   smuggling (section 5.1)          malformed
//	Expect: 100-continue                         nothing special                  sent
//	Upgrade                                      HTTP goes on if the next bytes   sent
//	                                             are a request line, else the
//	                                             stream is counted as upgraded
//	CONNECT                                      a request; then a tunnel         sent
//	header with Config.Mark                      gor sent it itself               loop
//	longer than Config.MaxRequest                skipped by its length            too_large
//	HTTP/2.0 or above in a request line          not our dialect                  unsupported
//	GET without a version                        HTTP/0.9                         unsupported
//	TLS, HTTP/2, SSH, SOCKS, other binary        named, reported once per port    a stream, no request
//	PROXY protocol header                        skipped                          -
//	first bytes seen are inside a request        reading begins at the first      not counted
//	                                             segment that begins with a
//	                                             request line
//
// TestDecisions holds the table.
package reassembly
