package diff

import (
	"slices"
	"strings"
	"testing"
)

const (
	drawnA, drawnB = "f00ba51d9e8c7b6a5f4e3d2c1b0a9988", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
	madeA, madeB   = "Wed, 04 Mar 2026 05:06:05 +0000", "Wed, 04 Mar 2026 05:06:08 +0000"
)

// A text that differs in times and in what was drawn by chance is made anew each time;
// in one more place, and it is another text.
func TestTextMadeAnew(t *testing.T) {
	text := func(token, at, word string) *Answer {
		return jsonAnswer("name \"sectok\"\nvalue \"" + token + "\"\n" + word + "\n\"" + at + "\"\n")
	}
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want      string // what the one difference begins with; "": there is none
	}{
		{"the same", text(drawnA, madeA, "all"), text(drawnA, madeA, "all"), ""},
		{"a token", text(drawnA, madeA, "all"), text(drawnB, madeA, "all"), "~body changed"},
		{"a time", text(drawnA, madeA, "all"), text(drawnA, madeB, "all"), "~body changed"},
		{"both", text(drawnA, madeA, "all"), text(drawnB, madeB, "all"), "~body changed"},
		{"both, and a word", text(drawnA, madeA, "all"), text(drawnB, madeB, "few"), "body changed"},
		{"a time of another day", text(drawnA, madeA, "all"), text(drawnA, "Thu, 05 Mar 2026 05:06:08 +0000", "all"), "body changed"},
		{"a number", text(drawnA, madeA, "1 of 7"), text(drawnA, madeA, "2 of 7"), "body changed"},
		{"more behind it", text(drawnA, madeA, "all"), jsonAnswer(string(text(drawnB, madeA, "all").Body) + "x"), "body changed"},
		{"nothing", text(drawnA, madeA, "all"), jsonAnswer(""), "=body missing"},
	} {
		all, _ := differences(tt.then, tt.now)
		if tt.want == "" && len(all) > 0 || tt.want != "" && (len(all) != 1 || !strings.HasPrefix(all[0], tt.want)) {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
	}
}

// Of texts is shown where they begin to differ, but for secrets and what is no text.
func TestTextExcerpts(t *testing.T) {
	long := strings.Repeat("body { margin: 0 }\n", 50)
	for _, tt := range []struct {
		name      string
		then, now string
		want      string
	}{
		{"a line", long + "a { color: red }\n", long + "a { color: blue }\n", "body changed 967 bytes, at 950: a { color: red }. -> 968 bytes, at 950: a { color: blue }."},
		{"a long line", strings.Repeat("x", 500) + "1" + long, strings.Repeat("x", 500) + "2" + long,
			"body changed 1451 bytes, at 470: " + strings.Repeat("x", 30) + "1body { margin: 0 }.body { margin: 0 }.body { margin: 0 }.body { margi… -> 1451 bytes, at 470: " + strings.Repeat("x", 30) + "2body"},
		{"more at the end", "no 1\n", "no 1\nno 2\n", "body changed 5 bytes, at 5:  -> 10 bytes, at 5: no 2."},
		{"umlauts", "no 1: " + strings.Repeat("ü", 20) + "ä", "no 1: " + strings.Repeat("ü", 20) + "ö", "body changed 48 bytes, at 17: " + strings.Repeat("ü", 14) + "ä -> "},
		{"a secret", "no 1\npassword: hunter2\n", "no 1\npassword: hunter3\n", "body changed 23 bytes, hash "},
		{"a secret before", "password:\n hunter2\n", "password:\n hunter3\n", "body changed 19 bytes, hash "},
		{"no text", "\x00\x01", "\x00\x02", "body changed 2 bytes, hash "},
		{"another encoding", strings.Repeat("\xff\xfe7", 20), strings.Repeat("\xff\xfe8", 20), "body changed 60 bytes, hash "},
	} {
		all, _ := differences(jsonAnswer(tt.then), jsonAnswer(tt.now))
		if len(all) != 1 || !strings.HasPrefix(strings.TrimLeft(all[0], "~="), tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
	}
}

// HTML and XML differ by what stands in and behind their tags, in any order: one place
// that is another one each time hides no other.
func TestMarkup(t *testing.T) {
	page := func(token, title, word, links string) string {
		return "<!doctype html><html><head><title>" + title + "</title><script>if (a<b) { go(\"" + token + "\") }</script></head><!-- <title>no</title> -->" +
			`<body class=a><input name=x value="` + token + `"><p>` + word + "</p><ul>" + links + "</ul></body></html>"
	}
	const links, others = "<li><a href=/1>one</a><li><a href=/2>two</a>", "<li><a href=/2>two</a><li><a href=/1>one</a>"
	for _, tt := range []struct {
		name      string
		then, now string
		want      []string
	}{
		{"the same", page(drawnA, "T", "w", links), page(drawnA, "T", "w", links), nil},
		{"tokens", page(drawnA, "T", "w", links), page(drawnB, "T", "w", links), []string{"~body <input …> changed (hidden", "~body <script> changed if (a<b)"}},
		{"a title", page(drawnA, "Old", "w", links), page(drawnA, "New", "w", links), []string{"=body <title> changed Old -> New"}},
		{"a title and a word", page(drawnA, "Old", "w", links), page(drawnA, "New", "v", links), []string{"=body <p> changed w -> v", "=body <title> changed Old -> New"}},
		{"a link more", page(drawnA, "T", "w", links), page(drawnA, "T", "w", links+"<li><a href=/3>three</a>"), []string{"=body <a …> added  -> href=/3", "=body <a> added  -> three"}},
		{"a link less", page(drawnA, "T", "w", links), page(drawnA, "T", "w", "<li><a href=/1>one</a>"), []string{"=body <a …> missing href=/2 -> ", "=body <a> missing two -> "}},
		{"no word", page(drawnA, "T", "w", links), page(drawnA, "T", "", links), []string{"=body <p> missing w -> "}},
		{"in another order", page(drawnA, "T", "w", links), page(drawnA, "T", "w", others), []string{"body changed 2"}},
		{"cut in a tag", "<p>a</p><b", "<p>a</p><i", []string{"=body </p> changed <b -> <i"}},
		{"a secret", "<p>a</p><i>my password is x1</i>", "<p>a</p><i>my password is x2</i>", []string{"body <i> changed (hidden, 17 bytes) -> (hidden, 17 bytes)"}},
		{"a comment", "<p>a<!-- made at 7 --></p>", "<p>a<!-- made at 8 --></p>", []string{"~body <!-- …> changed made at 7 -- -> made at 8 --"}},
		{"a comment more", "<p>a</p><i>b</i>", "<p>a<!--7--></p><i>b</i>", []string{"~=body <!-- …> added  -> 7--"}},
		{"a comment less, and a word", "<!--1--><p>a</p>", "<p>b</p>", []string{"~=body <!-- …> missing 1-- -> ", "=body <p> changed a -> b"}},
		{"a comment that is an order", "<p>a<!--[if IE 6]><b>old</b><![endif]--></p>", "<p>a<!--[if IE 7]><b>old</b><![endif]--></p>", []string{"body <!-- …> changed [if IE 6]>"}},
		{"an include", "<p>a<!--#include file=a.html --></p>", "<p>a<!--#include file=b.html --></p>", []string{"=body <!-- …> changed #include"}},
		{"tags and none", "<p>a 1</p>", "a 1", []string{"body changed"}},
		{"too many", "<p>" + strings.Repeat("<i>a", maxFragments+1), "<q>" + strings.Repeat("<i>a", maxFragments+1), []string{"body changed"}},
	} {
		all, _ := differences(jsonAnswer(tt.then), jsonAnswer(tt.now))
		slices.SortFunc(all, func(a, b string) int { return strings.Compare(strings.TrimLeft(a, "~="), strings.TrimLeft(b, "~=")) })
		ok := len(all) == len(tt.want)
		for i := range tt.want {
			ok = ok && strings.HasPrefix(all[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
	}
}

// FuzzMarkup compares texts with tags in both directions: what one lacks the other has
// more, and a text does not differ from itself.
func FuzzMarkup(f *testing.F) {
	f.Add("<p>a</p><b>b</b>", "<p>c</p><i x=1>b</i>")
	f.Add("<script>a<b</script><!-- <a> -->", "<!--<style>")
	f.Fuzz(func(t *testing.T, a, b string) {
		if all, _ := differences(jsonAnswer("<a>"+a), jsonAnswer("<a>"+a)); len(all) > 0 {
			t.Errorf("%q differs from itself: %q", a, all)
		}
		there, _ := differences(jsonAnswer("<a>"+a), jsonAnswer("<a>"+b))
		back, _ := differences(jsonAnswer("<a>"+b), jsonAnswer("<a>"+a))
		if len(there) != len(back) {
			t.Errorf("%q and %q: %q there, %q back", a, b, there, back)
		}
	})
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
