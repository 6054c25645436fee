// Package forward sends captured HTTP/1 requests to targets, such as a staging
// server, and keeps account of what becomes of each.
//
//	                 +-> buffer -> limit -> workers -> http.Transport -> target 1
//	Submit -> filter-+      (a lane per user and connection, in order)
//	                 +-> buffer -> limit -> workers -> http.Transport -> target 2
//
// Make a Forwarder with New, call Run on a goroutine of its own, Submit from
// any goroutine, Close when no more comes. Submit copies the request, never
// blocks, and offers it to every target. Targets share nothing: a slow, hanging
// or dead one costs the others nothing, but for a source that can wait, which
// uses SubmitWait. Stats and Interval
// give the accounts; package report shows them.
//
// To read the code, begin with forwarder.go, which has all that is exported but
// filters, rewriting and waiting (patience.go), and follow a request: target.go takes
// it in, buffer.go holds it, crew.go says when it goes out, worker.go sends it, with request.go,
// head.go and conn.go, or over HTTP/2 http2.go and streams.go, and fate.go counts what became of it.
//
// # Order
//
// What a target makes of a request depends on what the same user did before, and on
// nothing that other users do. So requests are ordered by user (Request.User), on
// whichever connections they came, as far as one can change what another finds:
//
//	of one user                      waits for
//	any request                      the response to the one before it on its connection
//	a write on another connection    the responses to all earlier writes, and to earlier safe requests
//	a safe request on another one    the responses to earlier writes
//
// Safe requests (GET, HEAD, OPTIONS; RFC 9110 section 9.2.1) of a user overlap
// otherwise, as a browser's do. A safe request holds up the writes behind it, and a
// write the safe requests behind it, until it has gone out and, for a second at most,
// has been answered: an event stream, which is never answered to its end, holds up
// nothing (turns.go). That a safe request waits for a write on another connection, and
// not only the write for what came before it, is what keeps the write's place among all
// requests of its user: what it has changed they find.
//
// Requests of different users never wait for each other, also not on one connection
// of a proxy. Where a user is a crowd (Request.Crowd), a shared API key or the address
// of an office, to keep an order of all its requests would make one queue of many
// people: there only each connection has one. Nothing is promised across the
// listeners that a user's requests come by, as these do not know of each other.
//
// Requests that may go out go in turn by user and connection, and in parallel, up
// to Config.Concurrency. A user costs memory only while something waits or is in
// flight.
//
// # What a target gets
//
// The bytes that were captured. http.Request cannot hold them (it orders
// headers anew, respells some, adds others), so the Transport is given a
// request that stands for the real one, and the connection writes the captured
// bytes in its place; conn.go says how. Only this is changed:
//
//	what                           becomes                     because
//	Host                           the target's, in its place; the target is another host;
//	                               added if there was none     Config.OriginalHost keeps the captured one
//	authority of an absolute-form  what the Host becomes       it overrides the Host (RFC 9112 section 3.2.2)
//	target
//	Keep-Alive, Proxy-Connection,  nothing                     they belong to the client's connection; HTTP/1.0
//	close and keep-alive in                                    needs keep-alive to keep one
//	Connection
//	mark (Gor-Replayed)            Gor-Replayed: 1, last       a listener must not capture it again
//	blank lines before a request   nothing                     they are not part of it (RFC 9112 section 2.2)
//	target URL with a path         put before the path of the  it was asked for
//	                               origin- and absolute-form
//	Config.Rewrite                 as configured               it was asked for
//	session cookies                the target's own            it was asked for (Config.Sessions)
//
// All else is as it was: method, target, version, order, spelling, duplicates
// and blanks of headers, Expect (its body follows at once, as RFC 9110 section
// 10.1.1 allows), chunk sizes, extensions and trailers.
//
// Requests are read by package http1, which the listener reads them with: what
// the one sends the other forwards. Those that break RFC 9112 in ways on which
// servers disagree (http1.Message.Odd: bare LF, folded headers, two Hosts, header
// lines that have no colon or no proper name, ...) go out as they are, and their
// connection is not used again, so that what the target makes of them cannot
// touch the next request. Each Host line of theirs gets the target's host, on one
// line. What http1 refuses has no faithful form and is counted as unsupported,
// with the first of each reason in the log; so is what is cut short or has bytes
// behind its end, CONNECT, and what rewriting leaves no target of.
//
// An https target with "|h2" behind its URL gets the same method, target, Host,
// headers and trailers, but in HTTP/2's form: names in lower case and grouped, the
// body without chunks, Content-Length as the content has it. What has no form there
// (http2.go lists it) is counted as unsupported. A target that does not offer HTTP/2
// is sent nothing.
//
// No captured byte becomes an address, the key of a pool of connections or a TLS
// server name: all of these are the target's, whatever Host is sent.
//
// No request that asks for a change is sent twice. What may be sent again, on
// another connection: anything of which nothing was written yet, or of which an
// HTTP/2 target says that it has not processed it (GOAWAY, REFUSED_STREAM); and GET,
// HEAD and OPTIONS, twice at the most, when the connection ended and nothing of a
// response had come. Redirects are not followed; what is compressed stays so; no
// proxy is asked.
//
// # Limits
//
// "|N" starts no more than N requests in any window of one second, and close
// to N (99 %) when more are offered; bucket.go says how. "|N%" replays that
// share of the users, each with all requests; "|N%conn" that of the client
// connections, and "|N%req" that of the requests. They are chosen by their numbers,
// the same for every target and Forwarder: the 5 % of one are among the 10 % of
// another. "#" may stand for the bar, which a shell takes for a pipe.
//
// A limit may be changed, and a target paused, while it all runs (limit.go). That holds
// from the next start on, and costs no request and no order: what a lower limit makes
// wait, waits within the bounds below. A share that grows keeps the users it had. In a
// pause nothing starts; sources that can wait are held up by it.
//
// Config.Concurrency bounds what is in flight. A request that is in flight for a
// second, and for four times as long as the target's responses usually take, hangs,
// and is not counted: others go out in its place, as long as the target responds in
// time to what it was sent later; one that does not has become slow. Three times the
// concurrency may hang, so that four times the concurrency is the most that a target
// ever has. If more hang while others wait, those that hang for longest are broken
// off, which counts as a timeout. What waits is not slow: the time in the buffer is
// accounted beside that of the response.
//
// What cannot start yet waits, bounded in number (Config.Buffer), bytes
// (Config.BufferBytes; requests in flight count too) and time (Config.MaxWait).
// When the buffer is full, the oldest request of the user's connection that
// holds the most of it is dropped; what waits too long is dropped likewise. It
// is counted as limited if the target is paused, or has a limit and is not failing,
// else as queue_full.
//
// # Sources that can wait
//
// Nothing of a recording has to be lost: its reader can wait. A request of such a
// source is patient (Request.Patient). It waits in a place of its own beside the
// buffer, an eighth of its number and a quarter of its bytes, is never dropped for
// want of room, and waits for as long as its target can be reached: it is neither
// queue_full nor limited. In return the source submits no more than there is room
// for (Forwarder.Room): the slowest target that can be reached sets its pace. What comes
// beyond four times that place is treated as live.
//
// A target that could not be reached for five seconds, or failed for as long, is
// none to wait for: its patient requests fail at once, with the kind of the last
// attempt, while single ones go out as probes; when one gets through, the target
// holds the source back again. Until then a patient request that did not reach it is
// sent again, so that a target that restarts loses nothing. When no probe has gone out
// for five seconds, nobody knows any more, and the next source finds out anew. When
// all targets are out of reach, Reachable says so, and SubmitWait takes no more.
//
// Live requests beside a recording lose nothing to it: it takes no room in their
// buffer, and whenever a worker is free or the limit has a turn, a live request
// goes first. The recording gets what they leave, and its requests that are in
// flight count as any others.
//
// # Being late
//
// A request of a recording is due at a time (Request.Due). When it starts later, it
// waited for something, and a clock that runs while nothing may start (late.go) tells
// for what: the target, its limit, or this program. Config.Outcome is told that of
// each request, with its response or failure.
//
// When Run's context ends, what is in flight is broken off, and it and what
// waits are counted as stopped: that says nothing about the target.
//
// # Targets that fail
//
// Connecting, the beginning of the response and the whole exchange have a bound
// each. A response's body is read up to Config.DrainBytes, beyond which its
// connection is closed; the body of a 101 is not read. Responses are read by package
// http1, too: one whose end readers differ on is no response, and ends its connection,
// as does whatever a target sends unasked, which nobody sees (intake.go).
//
// A target that cannot be reached for ten requests in a row, or does not respond
// to them in time, fails: then single requests probe it, four a second at the most,
// until one gets anything. So it does when everything in flight hangs and it has
// said nothing for five seconds. The buffer is bounded as ever. A target that responds
// badly, or closes connections without a response, is up: it gets everything. The
// log says when trouble begins, reminds of it, and says when the target was reached
// for five seconds without failing again, with counts: a few lines, even for a
// target that comes and goes.
//
// Connections are replaced, and names looked up again, every
// Config.ConnectionAge; new connections go to all addresses in turn.
//
// Over HTTP/2, where a target ends each connection after the same number of requests, it
// is learnt what that is, and connections are replaced before (streams.go says why).
// What such a target refuses is sent again at once.
//
// # Settings of one target
//
// What the flags say holds for every target. Behind a target's URL may stand what holds
// for it alone, by the flags' own names:
//
//	targets = target *( "," target )
//	target  = URL *( bar word )             bar = "|" / "#"
//	word    = limit / "h2" / name / name "=" value
//	value   = *plain / quoted               plain: but for bars and commas
//	quoted  = "'" *( any / "''" ) "'", or the same with double quotes
//
// A name alone is that of a flag without a value; name=false takes one back. Blanks
// around words and values count only within quotes. A comma begins another target:
// behind a target with settings only one with a scheme, so that a list that was to be
// quoted is no target by mistake.
//
// A TargetSpec's Options are what was said, its Own what comes of it. Of flags that
// can be repeated both are in force: a request has to pass both filters, the flags'
// first; paths are rewritten by the flags' rules and then by the target's; headers are
// changed as both say and, where they speak of the same one, as the target does. All
// else takes the place of what the flag says.
//
// # Keeping responses, and echoes
//
// Where a request is to be compared (Request.Compare, Config.Compare), its response is
// kept, up to a bound, until Comparing.Take has been told of it: status, headers, and
// the content of the body, of what is longer its hash. Of all others nothing is kept,
// nor is anybody told.
//
// What differs between two responses of one target to the same request is noise. To
// learn it, Echo sends a safe request to one target once more: in the user's own lane,
// next, and within the limits. An echo is no request of a user, and counts as none: it
// has an account of its own (EchoStats), and makes way for what users send (echo.go).
//
// # The target's own sessions
//
// With Config.Sessions a request's cookies that production gave become those that the
// target gave in their place (package sessions), as SessionsGiven and SessionsMet were told.
// That is done when a request is sent, since until then more becomes known. One that is
// to wait is put back into its lane, which is parked until it is known what it waits
// for, or no longer worth it (swap.go): it takes no worker, and no turn of the limit;
// what its user sent behind it on its connection waits with it.
//
// # Order of decisions
//
// Filter, the target's own filter, share (|N%), room in the buffer, limit (|N), whether
// it can be sent as captured, then own sessions and rewriting: path, headers removed,
// headers set, Host, connection headers, mark. The filters see the captured bytes, and FilterConfig says
// in which forms. Every decision is counted; see TargetStats.
package forward
