package users

import (
	"bytes"
	"strings"
)

// A sessionCookie is one that a framework keeps a session by.
type sessionCookie struct {
	name   string
	prefix bool // the name goes on with something of each site's own
}

// sessionCookies are the session cookies of frameworks, whose value stays the same
// as long as the session. Where a request has several, the first in this list
// counts, wherever it stands in the request.
//
// Not in it are cookies that hold the session itself, sealed, and so change
// whenever that does, or with each response: laravel_session, Rails' _app_session,
// Flask's and Play's session, ASP.NET's .AspNetCore.Cookies, Auth.js' session
// token. They would make a user of each of their values.
var sessionCookies = [...]sessionCookie{
	{name: "PHPSESSID"},                          // PHP: session.name (manual, "Session Runtime Configuration")
	{name: "JSESSIONID"},                         // Jakarta Servlet specification, section 7.1.1
	{name: "ASP.NET_SessionId"},                  // ASP.NET: <sessionState cookieName>
	{name: ".AspNetCore.Session"},                // ASP.NET Core: SessionDefaults.CookieName
	{name: "ASPSESSIONID", prefix: true},         // classic ASP (IIS): and letters of each process
	{name: "connect.sid"},                        // express-session: option name; also sails.js
	{name: "sessionid"},                          // Django: SESSION_COOKIE_NAME
	{name: "SESSION"},                            // Spring Session: DefaultCookieSerializer
	{name: "sessionId"},                          // @fastify/session: option cookieName
	{name: "koa.sid"},                            // koa-generic-session: option key
	{name: "sid"},                                // @hapi/cookie: option cookie.name
	{name: "beaker.session.id"},                  // Beaker (Pyramid, Pylons, Bottle): session.key
	{name: "CGISESSID"},                          // Perl, CGI::Session: name
	{name: "CFTOKEN"},                            // ColdFusion: cfapplication, client and session variables
	{name: "SSESS", prefix: true},                // Drupal over TLS: SessionConfiguration, and a hash of the site
	{name: "SESS", prefix: true},                 // Drupal
	{name: "wordpress_logged_in_", prefix: true}, // WordPress: LOGGED_IN_COOKIE, and COOKIEHASH
	{name: "MoodleSession", prefix: true},        // Moodle: $CFG->sessioncookie
	{name: "OCSESSID"},                           // OpenCart: session.name
	{name: "xf_session"},                         // XenForo: cookie.prefix and "session"
}

const noCookie = len(sessionCookies)

// cookiesOfLength are the cookies of sessionCookies whose whole name is known, by
// its length, and cookiesByPrefix the others by their first letter: a request has a
// dozen cookies, and hardly one of them has to be compared with anything.
var cookiesOfLength, cookiesByPrefix = func() (lengths [32][]uint8, letters [256][]uint8) {
	for i, c := range sessionCookies {
		if c.prefix {
			letters[c.name[0]] = append(letters[c.name[0]], uint8(i))
		} else {
			lengths[len(c.name)] = append(lengths[len(c.name)], uint8(i))
		}
	}
	return lengths, letters
}()

// sessionCookieOf is the place in sessionCookies of a cookie's name; noCookie: it
// has none. Browsers keep what begins with __Host- and __Secure- to stricter rules
// (RFC 6265bis section 4.1.3), which is all that these say.
func sessionCookieOf(name []byte) int {
	if len(name) > 2 && name[0] == '_' && name[1] == '_' {
		name = bytes.TrimPrefix(bytes.TrimPrefix(name, []byte("__Host-")), []byte("__Secure-"))
	}
	if len(name) == 0 {
		return noCookie
	}
	if len(name) < len(cookiesOfLength) {
		for _, i := range cookiesOfLength[len(name)] {
			if string(name) == sessionCookies[i].name {
				return int(i)
			}
		}
	}
	for _, i := range cookiesByPrefix[name[0]] {
		if known := sessionCookies[i].name; len(name) > len(known) && strings.HasPrefix(known, string(name[:len(known)])) {
			return int(i)
		}
	}
	return noCookie
}

// cutCookie takes the first cookie off the value of a Cookie field (RFC 6265
// section 4.2.1). Names are short: they are read byte by byte.
func cutCookie(list []byte) (name, value, rest []byte) {
	n := 0
	for n < len(list) && list[n] != '=' && list[n] != ';' {
		n++
	}
	name = trim(list[:n])
	if n == len(list) || list[n] == ';' {
		return name, nil, list[min(n+1, len(list)):]
	}
	value = list[n+1:]
	if n := bytes.IndexByte(value, ';'); n >= 0 {
		value, rest = value[:n], value[n+1:]
	}
	return name, trim(value), rest
}

// trim returns b without the blanks and line ends around it.
func trim(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isSpace(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
