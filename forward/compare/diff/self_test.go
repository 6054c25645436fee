package diff

import (
	"slices"
	"testing"
)

// What a server says of itself is no difference, wherever it says it, and nothing else
// is taken for it.
func TestNames(t *testing.T) {
	names := NewNames("www.shop.example", "staging:8080", "127.0.0.1:39202", "a", "")
	for _, tt := range []struct {
		then, now string
		want      bool
	}{
		{"https://www.shop.example/a", "http://staging:8080/a", true},
		{`https:\/\/www.shop.example\/a`, `http:\/\/127.0.0.1:39202\/a`, true},
		{"?next=https%3A%2F%2Fwww.shop.example%2Fa", "?next=http%3A%2F%2F127.0.0.1%3A39202%2Fa", true},
		{"https://www.shop.example/a", "http://a/a", true},
		{"www.shop.example", "127.0.0.1", true},
		{"//www.shop.example/a and https://www.shop.example/b", "//staging:8080/a and http://staging:8080/b", true},
		{"https://www.shop.example/a", "http://staging:8080/b", false},
		{"https://www.shop.example/a", "https://evil.example/a", false},
		{"a word", "b word", false},
		{"a", "www.shop.example", false},
		{"https://x/", "http://x/", false},
	} {
		if got := names.same([]byte(tt.then), []byte(tt.now)); got != tt.want {
			t.Errorf("%q and %q: %v", tt.then, tt.now, got)
		}
	}
	var none *Names
	if none.same([]byte("a"), []byte("a")) || none.explain(1, 2) {
		t.Error("no names explain something")
	}
}

// Names are looked for in fields, JSON, texts and lengths.
func TestNamesInAnswers(t *testing.T) {
	names := NewNames("127.0.0.1:39201", "staging:80")
	answer := func(host, body string, state State) *Answer {
		return &Answer{Status: 200, Names: names, State: state, Body: []byte(body), BodyLen: int64(len(body)), Fields: []Field{{"host", host}, {"link", "<http://" + host + "/a>; rel=next"}}}
	}
	both := func(state State, body func(host string) string) (then, now *Answer) {
		return answer("127.0.0.1:39201", body("127.0.0.1:39201"), state), answer("staging:80", body("staging:80"), state)
	}
	for name, tt := range map[string]struct {
		state State
		body  func(host string) string
		want  []string
	}{
		"JSON":   {Whole, func(h string) string { return `{"self":"http:\/\/` + h + `\/a","list":["http://` + h + `"]}` }, nil},
		"text":   {Whole, func(h string) string { return "<a href=http://" + h + "/>home</a>" }, nil},
		"length": {NotCaptured, func(h string) string { return "http://" + h + "/" + h }, []string{"~body length changed 38 bytes -> 28 bytes"}},
		"another length": {NotCaptured, func(h string) string {
			if h == "staging:80" {
				return h + "1234567"
			}
			return h
		}, []string{"body length changed 15 bytes -> 17 bytes"}},
		"more than that": {Whole, func(h string) string { return `{"self":"http://` + h + `/` + h[:3] + `"}` }, []string{"$.self changed http://127.0.0.1:39201/127 -> http://staging:80/sta"}},
	} {
		t.Run(name, func(t *testing.T) {
			then, now := both(tt.state, tt.body)
			if got, why := differences(then, now); !slices.Equal(got, tt.want) || (why != "") != (tt.state != Whole) {
				t.Errorf("%q, want %q; %s", got, tt.want, why)
			}
		})
	}
}
