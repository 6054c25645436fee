package compare

import (
	"testing"

	"gor/forward/compare/diff"
)

// A page says with 200, too, that it does not know its user: where the target refused
// the cookie that production's login had set, what differs later is a matter of that.
// What is the same stays so, and users with other cookies are compared as ever.
func TestRefusedLogin(t *testing.T) {
	page := func(body string, cookies ...string) *diff.Answer {
		a := &diff.Answer{Status: 200, Body: []byte(body), BodyLen: int64(len(body)), State: diff.Whole}
		for _, c := range cookies {
			a.Fields = append(a.Fields, diff.Field{Name: "set-cookie", Value: c})
		}
		return a
	}
	const (
		hello, form = "<p>Hello Joe</p>", "<p>Log in</p>"
		in, out     = "auth=joe%7C1aaaaaaaaaaaa; path=/; HttpOnly", "auth=deleted; expires=Thu, 01 Jan 1970 00:00:01 GMT; path=/; HttpOnly"
	)
	for _, tt := range []struct {
		name              string
		method            string // of the login
		production        string // the cookie that it sets
		target            []string
		cookie, body, now string // of the request behind it
		want              Fates
	}{
		{"taken back", "POST", in, []string{out}, "auth=joe%7C1aaaaaaaaaaaa", hello, form, Fates{Compared: 2, Same: 1, NotLoggedIn: 1}},
		{"taken back by a page", "GET", in, []string{out}, "a=b; auth=joe%7C1aaaaaaaaaaaa", hello, form, Fates{Compared: 2, Same: 1, NotLoggedIn: 1}},
		{"not set", "POST", in, nil, "auth=joe%7C1aaaaaaaaaaaa", hello, form, Fates{Compared: 2, Undecided: 1, NotLoggedIn: 1}},
		{"not set by a page", "GET", in, nil, "auth=joe%7C1aaaaaaaaaaaa", hello, form, Fates{Compared: 2, Undecided: 2}},
		{"the same page", "POST", in, []string{out}, "auth=joe%7C1aaaaaaaaaaaa", form, form, Fates{Compared: 2, Same: 2}},
		{"another user", "POST", in, []string{out}, "auth=ann%7C2cccccccccccc", hello, form, Fates{Compared: 2, Same: 1, Undecided: 1}},
		{"logged in at both", "POST", in, []string{"auth=joe%7C9bbbbbbbbbbbb; path=/; HttpOnly"}, "auth=joe%7C1aaaaaaaaaaaa", hello, form, Fates{Compared: 2, Same: 1, Undecided: 1}},
		{"logged out at both", "POST", out, []string{out}, "auth=deleted", hello, form, Fates{Compared: 2, Same: 1, Undecided: 1}},
	} {
		e := newEngine(t, Config{})
		meet := func(i uint64, method, path, cookie string, then, now *diff.Answer) {
			e.Original(Key{1, i}, then)
			raw := method + " " + path + " HTTP/1.1\r\nHost: a\r\nCookie: " + cookie + "\r\n\r\n"
			e.Response(&Exchange{Key: Key{1, i}, Method: []byte(method), Path: []byte(path), Raw: []byte(raw), Time: began, Answer: now})
		}
		meet(1, tt.method, "/login", "x=1", page("", tt.production), page("", tt.target...))
		meet(2, "GET", "/me", tt.cookie, page(tt.body), page(tt.now))
		r := e.Report().Targets[0]
		if r.Fates != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, r.Fates, tt.want)
		}
		if (r.LoggedOut != nil) != (tt.want.NotLoggedIn > 0) || r.LoggedOut != nil && r.LoggedOut.LoginSeen != 1 {
			t.Errorf("%s: %+v", tt.name, r.LoggedOut)
		}
	}
}

// A secret's value is hidden in a request's target, whatever its name grows to in lower
// case, and all else stays.
func TestWithoutSecrets(t *testing.T) {
	for target, want := range map[string]string{
		"/a":                       "/a",
		"/a?b=c&token=abc&d":       "/a?b=c&token=HIDDEN&d",
		"/?KEY\xff\xff=x":          "/?KEY\xff\xff=HIDDEN",
		"/?\u023a\u023akey=secret": "/?\u023a\u023akey=HIDDEN",
		"/?token=":                 "/?token=",
	} {
		if got := withoutSecrets(target); got != want {
			t.Errorf("%q: %q, want %q", target, got, want)
		}
	}
}
