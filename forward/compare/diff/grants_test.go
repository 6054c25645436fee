package diff

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gor/forward/sessions"
)

// answerSetting is an answer of a moment with Set-Cookie fields, between others.
func answerSetting(cookies ...string) *Answer {
	a := &Answer{Status: 200, Fields: []Field{{"date", "x"}}, At: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()}
	for _, c := range cookies {
		a.Fields = append(a.Fields, Field{"set-cookie", c}, Field{"x-a", c})
	}
	return a
}

// TestGrants: what both answers do with one cookie is one grant, whatever sum of the site's
// address is in its name.
func TestGrants(t *testing.T) {
	on := func(pair string) sessions.Cookie { return sessions.Cookie{Pair: pair, HTTPOnly: true} }
	const sumA, sumB = "DW0123456789abcdef0123456789abcdef", "DWfedcba9876543210fedcba9876543210"
	for _, tt := range []struct {
		name      string
		then, now []string
		want      []sessions.Grant
	}{
		{"nothing", nil, nil, nil},
		{"both", []string{"S=p; Path=/; httponly"}, []string{"S=t; HttpOnly; Secure"}, []sessions.Grant{{Name: "S", Then: on("S=p"), Now: on("S=t")}}},
		{"for scripts, too", []string{"S=p"}, []string{"S=t"}, []sessions.Grant{{Name: "S", Then: sessions.Cookie{Pair: "S=p"}, Now: sessions.Cookie{Pair: "S=t"}}}},
		{"production alone", []string{"S=p; HttpOnly"}, nil, []sessions.Grant{{Name: "S", Then: on("S=p")}}},
		{"the target alone", nil, []string{"S=t; HttpOnly"}, []sessions.Grant{{Name: "S", Now: on("S=t")}}},
		{"several", []string{"A=1; HttpOnly", "B=2; HttpOnly"}, []string{"B=3; HttpOnly", "C=4; HttpOnly"}, []sessions.Grant{
			{Name: "A", Then: on("A=1")}, {Name: "B", Then: on("B=2"), Now: on("B=3")}, {Name: "C", Now: on("C=4")}}},
		{"twice in one", []string{"S=o; HttpOnly", "S=p; HttpOnly"}, []string{"S=s; HttpOnly", "S=t; HttpOnly"}, []sessions.Grant{{Name: "S", Then: on("S=p"), Now: on("S=t")}}},
		{"a sum in the name", []string{sumA + "=p; HttpOnly"}, []string{sumB + "=t; HttpOnly"}, []sessions.Grant{{Name: sumA, Then: on(sumA + "=p"), Now: on(sumB + "=t")}}},
		{"quoted, with a sign", []string{`S="p=q"; HttpOnly`}, nil, []sessions.Grant{{Name: "S", Then: on(`S="p=q"`)}}},
		{"blanks", []string{" S = p ;HttpOnly"}, nil, []sessions.Grant{{Name: "S", Then: on("S=p")}}},
		{"no cookie", []string{"", "=p", ";HttpOnly"}, []string{""}, nil},
	} {
		if got := Grants(answerSetting(tt.then...), answerSetting(tt.now...)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if got := Grants(answerSetting(tt.then...), nil); len(got) > len(tt.then) {
			t.Errorf("%s: %+v of production alone", tt.name, got)
		}
	}
}

// TestGone: a cookie is taken back in all the forms in which servers do.
func TestGone(t *testing.T) {
	for value, want := range map[string]bool{
		"S=p":            false,
		"S=":             true,
		`S=""`:           true,
		"S=deleted":      true,
		"S=p; Max-Age=0": true, "S=p; max-age=-1": true, "S=p; Max-Age=1": false,
		"S=p; Expires=Thu, 01 Jan 1970 00:00:01 GMT":               true,
		"S=p; expires=Thu, 01-Jan-1970 00:00:01 GMT":               true,
		"S=p; Expires=Mon, 01-Dec-2025 00:00:01 GMT":               true,
		"S=p; Expires=Mon, 01 Dec 2025 00:00:01 GMT":               true,
		"S=p; Expires=Mon, 01 Dec 2025 00:00:01 GMT; Max-Age=3600": false, // RFC 6265 section 5.3
		"S=p; Max-Age=3600; Expires=Mon, 01 Dec 2025 00:00:01 GMT": false,
		"S=p; Expires=Mon, 01 Feb 2027 00:00:01 GMT":               false,
		"S=p; Expires=0": false,
	} {
		if got := Grants(answerSetting(value), nil); len(got) != 1 || got[0].Then.Gone != want {
			t.Errorf("%q: %+v, want %v", value, got, want)
		}
	}
}

// FuzzGrants: whatever servers set, each cookie is in one grant, under its name.
func FuzzGrants(f *testing.F) {
	for _, s := range [][2]string{{"S=p; HttpOnly", "S=t"}, {"S=p\nS=q", "T=1\nS=r"}, {"=;=", " S ="}, {"S=p; Expires=Mon, 01 Jan", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, then, now string) {
		names := map[string]int{}
		for _, g := range Grants(answerSetting(strings.Split(then, "\n")...), answerSetting(strings.Split(now, "\n")...)) {
			if g.Name == "" || g.Then.Pair == "" && g.Now.Pair == "" || g.Then.Pair != "" && !strings.HasPrefix(g.Then.Pair, g.Name+"=") && g.Then.Pair != g.Name {
				t.Fatalf("%q, %q: %+v", then, now, g)
			}
			if names[g.Name]++; names[g.Name] > 1 && g.Then.Pair != "" {
				t.Fatalf("%q, %q: %q twice", then, now, g.Name)
			}
		}
	})
}
