package compare

import (
	"encoding/json"
	"strings"
	"testing"

	"gor/forward/compare/diff"
)

// What is the same as far as it was seen is the same, and how often that was not all is shown, by route; what differs
// or is undecided is not among it.
func TestInPart(t *testing.T) {
	e := newEngine(t, Config{})
	n := uint64(0)
	meet := func(method, path string, then, now *diff.Answer) {
		n++
		e.Original(Key{1, n}, then)
		e.Response(&Exchange{Key: Key{1, n}, User: n, Method: []byte(method), Path: []byte(path), Time: began + int64(n)*1e9, Answer: now})
	}
	answer := func(body string, state diff.State, fields ...diff.Field) *diff.Answer {
		return &diff.Answer{Status: 200, Body: []byte(body), State: state, BodyLen: -1, Fields: fields}
	}
	version := func(v string) diff.Field { return diff.Field{Name: "x-version", Value: v} }
	for range 20 {
		meet("GET", "/long", answer("abc", diff.Cut), answer("abcde", diff.Whole))
		meet("GET", "/short", answer("abc", diff.Whole), answer("abc", diff.Whole))
		meet("HEAD", "/short", answer("", diff.NotCaptured), answer("", diff.Whole))
		meet("GET", "/changed", answer("abc", diff.Cut, version("new")), answer("abcde", diff.Whole, version("old")))
	}
	meet("GET", "/once", answer("abc", diff.Cut, version("a")), answer("abcde", diff.Whole, version("b")))
	r := e.Report()
	f := r.Targets[0].Fates
	if f.Same != 60 || f.InPart != 20 || f.Different != 20 || f.Undecided != 1 || f != e.Fates(0) || r.Targets[0].NotCompared["longer than what is kept"] != 41 {
		t.Errorf("%+v, %v", f, r.Targets[0].NotCompared)
	}
	html, err := r.HTML()
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ shown, want string }{
		{string(r.AppendText(nil, 200)), "same=60 (20 of them in part) different=20"},
		{string(html), "the same, 20 of them in part"},
		{string(html), `<td>20<div class="why">20 in part</div></td>`},
		{string(data), `"route":"GET /long","target":"http://staging","compared":20,"same":20,"in_part":20,`},
		{string(data), `"route":"GET /changed","target":"http://staging","compared":20,"same":0,"in_part":0,`},
	} {
		if !strings.Contains(tt.shown, tt.want) {
			t.Errorf("no %q in\n%s", tt.want, tt.shown)
		}
	}
	var into account
	for _, a := range e.judges[0].routes.All() {
		mergeAccounts(&into, a)
	}
	var all Fates
	if into.fill(&all, into.verdicts()); all.InPart != all.Same-40 || into.inPart != 41 {
		t.Errorf("routes that become one: %+v", all)
	}
}
