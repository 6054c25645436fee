package diff

import (
	"slices"
	"strings"
)

// cookies compares what is set, cookie by cookie. Values, and until when they are
// good, are made anew for each answer; the domain is the server's own. A cookie that
// only the target sets is what servers do whose user is not logged in: it is noise.
func (d *Differ) cookies(then, now []Field) {
	then, now = setCookies(then), setCookies(now)
	d.secret = true
	for i := range then {
		if name := setCookie(then, i); name != "" {
			d.at("header set-cookie ", name)
			j := cookieNamed(now, name)
			if j < 0 {
				j = cookieAlike(now, then, name)
			}
			if j < 0 {
				d.gone(Header, []byte(then[i].Value), nil, "")
			} else if a, b := attributes(then[i].Value), attributes(now[j].Value); a != b {
				d.secret = false // attributes are not
				d.changed(Header, []byte(a), []byte(b), "")
				d.secret = true
			}
		}
	}
	for i := range now {
		if name := setCookie(now, i); name != "" && cookieNamed(then, name) < 0 && cookieAlike(then, now, name) < 0 {
			d.at("header set-cookie ", name)
			d.gone(Header, nil, []byte(now[i].Value), "a cookie that the target sets where it does not know the user's")
		}
	}
	d.secret = false
}

const (
	maxCookies  = 50 // of an answer that are compared
	leastSecret = 16 // bytes of a value by which a server knows a user
)

// setCookies are the fields that set cookies.
func setCookies(fields []Field) (all []Field) {
	for i := range fields {
		if fields[i].Name == "set-cookie" && len(all) < maxCookies {
			all = append(all, fields[i])
		}
	}
	return all
}

// setCookie is the name of the cookie that a field sets; "": it sets none.
func setCookie(fields []Field, i int) string {
	if fields[i].Name != "set-cookie" {
		return ""
	}
	name, _, _ := strings.Cut(fields[i].Value, "=")
	return strings.TrimSpace(name)
}

// cookieNamed is where a cookie of a name is set last, which is what counts (RFC
// 6265 section 5.3); below 0: nowhere.
func cookieNamed(fields []Field, name string) int {
	for i := len(fields) - 1; i >= 0; i-- {
		if setCookie(fields, i) == name {
			return i
		}
	}
	return -1
}

// cookieAlike is where a cookie is set last that has the name but for what was drawn or
// computed in it, as of the site's address (WordPress, DokuWiki), and that others do
// not set; below 0: nowhere.
func cookieAlike(fields, others []Field, name string) int {
	for i := len(fields) - 1; i >= 0; i-- {
		if at := setCookie(fields, i); at != "" && cookieNamed(others, at) < 0 && generated([]byte(at), []byte(name), 0, 0) != "" {
			return i
		}
	}
	return -1
}

// attributes are those of a cookie that are compared, in one order.
func attributes(value string) string {
	_, rest, _ := strings.Cut(value, ";")
	var all []string
	for part := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "=")
		switch name = strings.TrimSpace(name); name {
		case "path", "samesite":
			all = append(all, name+"="+strings.TrimSpace(value))
		case "httponly", "secure", "partitioned":
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// Refused lists the cookies, as NAME=VALUE, that then sets and now does not, or takes
// back; cleared: only those that it takes back.
func Refused(then, now *Answer, cleared bool) (all []string) {
	set, kept := setCookies(then.Fields), setCookies(now.Fields)
	for i := range set {
		name := setCookie(set, i)
		cookie, _, _ := strings.Cut(set[i].Value, ";")
		if len(cookie) < len(name)+1+leastSecret || isCleared(set[i].Value) {
			continue // a language, or a colour
		}
		j := cookieNamed(kept, name)
		if j < 0 {
			j = cookieAlike(kept, set, name)
		}
		if j < 0 && !cleared || j >= 0 && isCleared(kept[j].Value) {
			all = append(all, strings.TrimSpace(cookie))
		}
	}
	return all
}

// isCleared reports whether a Set-Cookie takes a cookie back, as servers do it: it has
// no value, or one that says so, or is not to live.
func isCleared(value string) bool {
	cookie, rest, _ := strings.Cut(value, ";")
	_, v, _ := strings.Cut(cookie, "=")
	if v = strings.Trim(strings.TrimSpace(v), `"`); v == "" || strings.EqualFold(v, "deleted") {
		return true
	}
	for part := range strings.SplitSeq(rest, ";") {
		name, age, _ := strings.Cut(strings.TrimSpace(part), "=")
		if strings.EqualFold(name, "max-age") && (age == "0" || strings.HasPrefix(age, "-")) || strings.EqualFold(name, "expires") && strings.Contains(age, "1970") {
			return true
		}
	}
	return false
}
