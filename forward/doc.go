// Package forward sends captured requests to targets.
//
//	Submit -> per target: filter, share, buffer -> worker -> http.Transport -> target
//
// Every target has its own buffer, limit, workers, connections and accounts: a
// slow or dead one costs the others nothing. Submit copies the request, which
// is lent for the call, and never blocks; what becomes of it is counted, and the
// counts of a target add up to what it received.
//
// # Order and limits
//
// Requests of one client connection go out in order, each after the answer to
// the one before; connections take turns and run in parallel, up to
// Config.Concurrency. With a rate N no more than N requests start in any one
// second. What has to wait does so in a buffer bounded in number, bytes and
// time; over it the oldest request of the connection that takes up the most
// room is dropped: counted as limited at a target with a rate, else as
// queue_full. A share of N per cent takes the same client connections
// everywhere, by hash.
//
// # What a target gets
//
// The bytes that were captured: method, target, version, the headers with
// their order, spelling and values, the body with its framing. Changed are only:
//
//	Host               the target's, unless Config.OriginalHost
//	hop-by-hop headers Connection, Keep-Alive and Proxy-Connection are left out, but for what an
//	                   upgrade or an HTTP/1.0 client that keeps its connection needs
//	empty lines        before the request are left out
//	Gor-Replayed: 1    added, so that no listener captures the request again
//	Config.Rewrite     what the user asks for: paths first, then headers removed, then set
//
// http.Transport pools the connections, reads the answers and knows when a
// connection can be used again. The request's own bytes are written by the
// connection under it, since net/http would sort, respell or refuse many that
// production accepts; over HTTP/2 the request is rebuilt from its parts. What
// cannot be sent so is counted as unsupported, never sent differently.
//
// # Protection
//
// No redirect is followed and no request is sent twice that a target may have
// seen, not even by http.Transport's own retry. Connecting, the answer and the
// whole exchange have their timeouts, answers are read up to a bound, a 101 not
// at all. A target that fails is left alone for a while and then probed;
// connections are renewed, and names looked up again, after
// Config.ConnectionAge.
package forward
