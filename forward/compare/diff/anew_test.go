package diff

import (
	"strings"
	"testing"
)

// A text that differs in times and in what was drawn by chance is made anew each time;
// in one more place, and it is another text.
func TestTextMadeAnew(t *testing.T) {
	page := func(token, at, word string) *Answer {
		return jsonAnswer(`<form action="/"><input name="sectok" value="` + token + `"></form><p>` + word + `</p><pubDate>` + at + `</pubDate>`)
	}
	const tokenA, tokenB = "f00ba51d9e8c7b6a5f4e3d2c1b0a9988", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	const atA, atB = "Wed, 04 Mar 2026 05:06:05 +0000", "Wed, 04 Mar 2026 05:06:08 +0000"
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want      string // what the one difference begins with; "": there is none
	}{
		{"the same", page(tokenA, atA, "all"), page(tokenA, atA, "all"), ""},
		{"a token", page(tokenA, atA, "all"), page(tokenB, atA, "all"), "~body changed"},
		{"a time", page(tokenA, atA, "all"), page(tokenA, atB, "all"), "~body changed"},
		{"both", page(tokenA, atA, "all"), page(tokenB, atB, "all"), "~body changed"},
		{"both, and a word", page(tokenA, atA, "all"), page(tokenB, atB, "few"), "body changed"},
		{"a time of another day", page(tokenA, atA, "all"), page(tokenA, "Thu, 05 Mar 2026 05:06:08 +0000", "all"), "body changed"},
		{"a number", page(tokenA, atA, "1 of 7"), page(tokenA, atA, "2 of 7"), "body changed"},
		{"more behind it", page(tokenA, atA, "all"), jsonAnswer(string(page(tokenB, atA, "all").Body) + "<p>"), "body changed"},
		{"nothing", page(tokenA, atA, "all"), jsonAnswer(""), "=body missing"},
	} {
		all, _ := differences(tt.then, tt.now)
		if tt.want == "" && len(all) > 0 || tt.want != "" && (len(all) != 1 || !strings.HasPrefix(all[0], tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
	}
}

// A cookie whose name has a sum of the site's address in it is the same one at a
// target; another one is not.
func TestCookieNamedByItsSite(t *testing.T) {
	const a, b = "wp_logged_in_a6ef3861a5c9639d0b97a0378bc02d7e=deleted; Path=/; HttpOnly", "wp_logged_in_1abd5512416a4bd44401969a578a2393=deleted; Path=/; HttpOnly"
	answer := func(cookies ...string) *Answer {
		r := &Answer{Status: 200}
		for _, c := range cookies {
			r.Fields = append(r.Fields, Field{"set-cookie", c})
		}
		return r
	}
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want      string
	}{
		{"named by the site", answer("sid=1; Path=/", a), answer("sid=2; Path=/", b), ""},
		{"other attributes", answer(a), answer(strings.Replace(b, "; HttpOnly", "", 1)), "header set-cookie"},
		{"none", answer(a), answer("sid=2; Path=/"), "header set-cookie"},
		{"both, and one of them no more", answer(a, b), answer(b), "header set-cookie"},
	} {
		all, _ := differences(tt.then, tt.now)
		if real := len(all) > 0 && !strings.HasPrefix(all[0], "~"); real != (tt.want != "") || real && !strings.HasPrefix(strings.TrimPrefix(all[0], "="), tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
	}
}
