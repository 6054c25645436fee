package diff

import (
	"slices"
	"strings"
	"testing"
)

const headsAlone, tooLong = "of which only the heads were captured", "longer than what is kept"

// What is there of two bodies is compared, and that it is not all is said, unless both are known to be the same.
func TestInPart(t *testing.T) {
	plain := func(state State, body string, length int64, hash uint64) *Answer {
		return &Answer{Status: 200, Body: []byte(body), State: state, BodyLen: length, Hash: hash}
	}
	coded := func(a *Answer) *Answer { a.Fields = []Field{{"content-encoding", "gzip"}}; return a }
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want      string
		why       string
	}{
		{"as far as it goes", plain(Cut, "abc", -1, 0), plain(Cut, "abcde", -1, 0), "", tooLong},
		{"nothing of one", plain(Cut, "", -1, 0), plain(Whole, "abcde", 5, 0), "", tooLong},
		{"otherwise", plain(Cut, "abc", -1, 0), plain(Whole, "axcde", 5, 0), "body changed of unknown length, at 0: abc -> 5 bytes, at 0: axc", tooLong},
		{"a time", plain(Cut, "at <2026-03-04T05:06:07Z> and", -1, 0), plain(Cut, "at <2026-03-04T05:06:09Z> and", -1, 0),
			"~body changed of unknown length, at 0: at <2026-03-04T05:06:07Z> and -> of unknown length, at 0: at <2026-03-04T05:06:09Z> and", tooLong},
		{"another length", plain(Cut, "abc", 10, 0), plain(Cut, "abc", 11, 0), "body length changed 10 bytes -> 11 bytes", tooLong},
		{"one length", plain(Cut, "abc", 10, 0), plain(Cut, "abc", -1, 0), "", tooLong},
		{"one hash", plain(Cut, "abc", 10, 7), plain(Cut, "abc", 10, 0), "", tooLong},
		{"the same hash", plain(Cut, "abc", 10, 7), plain(Cut, "abcde", 10, 7), "", ""},
		{"another hash", plain(Cut, "abc", 10, 7), plain(Cut, "abc", 10, 8), "body changed 10 bytes -> 10 bytes", tooLong},
		{"the hash of a whole", plain(Whole, "abcde", 5, 0), plain(Cut, "abc", 5, Sum([]byte("abcde"))), "", ""},
		{"coded", coded(plain(Cut, "abc", -1, 0)), coded(plain(Cut, "xyz", -1, 0)), "", tooLong},
		{"coded, another length", coded(plain(Cut, "abc", 9, 0)), coded(plain(Cut, "xyz", 8, 0)), "body length changed 9 bytes -> 8 bytes", tooLong},
		{"two codings", coded(plain(Cut, "abc", 9, 0)), plain(Cut, "abc", 8, 0), "=header content-encoding missing gzip -> ", "long, and compressed in two ways"},
		{"heads alone", plain(NotCaptured, "", 5, 0), plain(Whole, "abcde", 5, 0), "", headsAlone},
		{"heads alone, of nothing", plain(NotCaptured, "", 0, 0), plain(Whole, "", 0, 0), "", ""},
	} {
		if got, why := differences(tt.then, tt.now); strings.Join(got, "|") != tt.want || why != tt.why {
			t.Errorf("%s: got %q, %q; want %q, %q", tt.name, got, why, tt.want, tt.why)
		}
	}
}

// Servers that say their own names in bodies of which not all is there say the same.
func TestNamesInPart(t *testing.T) {
	const kept = 400
	names := NewNames("www.shop.example", "staging:80", "teststage:")
	cut := func(host, rest string, hashed bool) *Answer {
		body := []byte(strings.Repeat("<a href=http://"+host+"/a>abc</a>\n", 30) + rest)
		a := &Answer{Status: 200, Body: body[:kept], State: Cut, BodyLen: int64(len(body)), Names: names}
		if hashed {
			a.Hash = Sum(body)
		}
		return a
	}
	one := func(a *Answer) *Answer { a.BodyLen = -1; return a }
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want      []string
	}{
		{"two names", one(cut("www.shop.example", "", false)), one(cut("staging:80", "", false)), nil},
		{"and another thing", one(cut("www.shop.example", "", false)), one(cut("staging:80/b", "", false)), []string{"body changed"}},
		{"hashed, of one length", cut("teststage:", "", true), cut("staging:80", "", true), []string{"~body changed"}},
		{"hashed, and the rest is longer", cut("teststage:", "", true), cut("staging:80", "more", true), []string{"body changed"}},
	} {
		got, why := differences(tt.then, tt.now)
		for i := range got {
			got[i] = strings.Join(strings.Fields(got[i])[:2], " ")
		}
		if !slices.Equal(got, tt.want) || why != tooLong {
			t.Errorf("%s: %q, want %q; %s", tt.name, got, tt.want, why)
		}
	}
}
