// Package sessions knows, for one target, which of its own session cookies stand for
// those that production gave.
//
//	production's answer   Set-Cookie: SID=p  --\
//	                                            Meet ---> Book:  SID=p -> SID=t
//	the target's response Set-Cookie: SID=t  --/           |
//	                                                       v
//	a later request       Cookie: SID=p; lang=de  ------> Swap ---> Cookie: SID=t; lang=de
//
// A login that is repeated at a target is let in there under a session of the target's
// own, while the user goes on with production's cookie, which the target does not know.
// A Book keeps for each cookie of production's what a browser that had talked to the
// target alone would hold in its place, and Swap puts that into requests.
//
// # What is a session's cookie
//
// Without Config.Names: what production sets with HttpOnly. A token that scripts copy
// into a header or a form, to show that a request comes from the site's own page, must
// be readable by scripts; what it is held against still is production's, so that it has
// to stay. Sessions have HttpOnly as a rule. Names of the two servers may differ in a sum
// of their address (package diff finds those), and both are swapped.
//
// # What is learnt of an exchange
//
// v is the cookie that the request carried, p what production's answer makes of it, t
// what the target's does.
//
//	production   target        afterwards
//	sets p       sets t        p stands for t
//	sets p       says nothing  p stands for what v stood for: the target goes on with that
//	sets p       takes it back p is not known at the target
//	says nothing sets t        v stands for t: the target has exchanged it, or has begun a
//	                           session with somebody it did not know
//	says nothing takes it back v is not known at the target
//	takes it back              v is forgotten
//
// A cookie is taken back by Max-Age=0, by Expires in the past, or by no value. What an
// exchange that was under way says of a cookie which has been exchanged meanwhile is
// not learnt, as the target said it of another session.
//
// # Waiting
//
// The user's next request may come before the target has answered the login. What
// production gave, and the target has not answered yet, is worth a second: Swap says
// that the request is to wait, and Waits for how long, counted from the first request
// that waits for this cookie. Production's answer, too, may come a moment later than the
// next request; so the first sight of a cookie by a session's name is worth a quarter of
// a second, once. Afterwards requests go out with production's cookie, and count as
// unknown: the login came before, or elsewhere, or the target refused it.
//
// # Limits
//
// A Book keeps hashes of production's cookies, with a seed of its own, and the target's
// cookies, in a bounded number of bytes; the ones that were not used for longest go
// first. Cookies longer than 4096 bytes (RFC 6265 section 6.1), and those with control
// characters, are not learnt. Nothing shows a value. Path and Domain of cookies are not
// looked at; of several of one name in an answer the last one counts. Bearer tokens, and
// tokens in forms, go to the target as they were captured.
//
// A Book may be used from any goroutine; time comes with each call.
package sessions
