package diff

import (
	"net/http"
	"strings"
	"time"

	"gor/forward/sessions"
)

// Grants lists what two answers to one request do with cookies, by name; names that
// differ in what was drawn or computed in them are one. now may be nil.
func Grants(then, now *Answer) (all []sessions.Grant) {
	set, own := setCookies(then.Fields), []Field(nil)
	if now != nil {
		own = setCookies(now.Fields)
	}
	var taken [maxCookies]bool
	for i := range set {
		name := setCookie(set, i)
		if name == "" || strings.Contains(name, ";") || cookieNamed(set, name) != i {
			continue
		}
		g := sessions.Grant{Name: name, Then: readCookie(set[i].Value, then.At)}
		j := cookieNamed(own, name)
		if j < 0 {
			j = cookieAlike(own, set, name)
		}
		if j >= 0 {
			g.Now, taken[j] = readCookie(own[j].Value, now.At), true
		}
		all = append(all, g)
	}
	for j := range own {
		if name := setCookie(own, j); name != "" && !strings.Contains(name, ";") && !taken[j] && cookieNamed(own, name) == j {
			all = append(all, sessions.Grant{Name: name, Now: readCookie(own[j].Value, now.At)})
		}
	}
	return all
}

// readCookie reads a Set-Cookie of an answer of a moment, in nanoseconds since 1970.
func readCookie(value string, at int64) sessions.Cookie {
	pair, rest, _ := strings.Cut(value, ";")
	name, v, _ := strings.Cut(pair, "=")
	c := sessions.Cookie{Pair: strings.TrimSpace(pair), Gone: isCleared(value)}
	if strings.TrimSpace(name) != strings.TrimLeft(name, " \t") || strings.TrimSpace(v) != strings.TrimRight(v, " \t") { // RFC 6265 section 5.2
		c.Pair = strings.TrimSpace(name) + "=" + strings.TrimSpace(v)
	}
	over, maxAge := false, false
	for part := range strings.SplitSeq(rest, ";") {
		name, v, _ := strings.Cut(part, "=")
		switch name = strings.TrimSpace(name); {
		case strings.EqualFold(name, "httponly"):
			c.HTTPOnly = true
		case strings.EqualFold(name, "max-age"):
			maxAge = true
		case strings.EqualFold(name, "expires"):
			until, ok := readExpiry(strings.TrimSpace(v))
			over = ok && at > 0 && !until.After(time.Unix(0, at))
		}
	}
	c.Gone = c.Gone || over && !maxAge // which has the last word (section 5.3)
	return c
}

// readExpiry reads the date in an Expires attribute, in the forms that servers write.
func readExpiry(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	if err != nil {
		t, err = time.Parse("Mon, 02-Jan-2006 15:04:05 MST", s)
	}
	return t, err == nil
}
