// Package users says whose request a request is: it makes a key of eight bytes
// that all requests of one user share.
//
//	fields of the head, address of the client -> evidence -> key, and what it was made of
//	                                               |
//	                                               +-> crowds: is that one person?
//
// Begin with Finder.Find in finder.go. A mirror is of use only if a user's whole
// session arrives, and in order; and a connection is no user: a browser opens six
// at a time and new ones every minute, while behind a proxy one carries the
// requests of many people.
//
// # What makes a user
//
// The key is a function of the request alone, so that all listeners agree on it,
// after a restart too, without a word between them. It is made of the first of
// these that is there:
//
//	a session cookie     of a name that a framework gives it (cookie.go has the list, with sources)
//	Authorization        the credentials, or the part of them that does not change with each request
//	Forwarded, or        the first address in it, that of the client (RFC 7239), with the User-Agent,
//	X-Forwarded-For      as many clients may share an address
//	the client's address that of the PROXY protocol's header where there was one
//
// A Rule says otherwise: a cookie or a header of a name, the address alone, or the
// connection. A request without that cookie or header is known by its address, as
// above. A cookie that only looks like a session is never used unasked, as it may
// change with each response; it is suggested in a line, once (hint.go).
//
// A user's first requests, before the session's cookie was set, have another key:
// only the responses could tell.
//
// The key is a keyed hash (SipHash) under the secret where there is one: it says
// nothing about what it was made of to whom the secret is unknown.
//
// # Crowds
//
// A shared API key, or the one address of an office, is a key of many people or of
// a program. To keep the order of such a user over all connections would make one
// queue of all of them. A key with more than 200 requests in ten seconds of the
// packets' time, more than any person makes, is a crowd, until it had no such ten
// seconds for ten minutes. It is named in the log, with what to choose instead.
// A crowd's requests are ordered within their connections only; a share of the
// users still takes or leaves it whole, since all listeners must agree on that and
// each counts for itself. The counting has bounded memory and never takes one for
// a crowd that is none; where it has too many keys to tell it may miss one
// (crowd.go).
//
// # Ownership and speed
//
// Find keeps nothing of what it is given and allocates nothing, whatever a client
// sends. A Finder belongs to one goroutine.
package users
