package diff

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"
	"time"
)

// differences lists those of two answers, each as "path what then -> now", with ~
// before what is generated and = before what is steady.
func differences(a, b *Answer) (all []string, notCompared string) {
	d := New(maphash.MakeSeed())
	notCompared = d.Compare(a, b, func(x *Difference) {
		mark := ""
		if x.Generated != "" {
			mark = "~"
		}
		if x.Steady {
			mark += "="
		}
		all = append(all, fmt.Sprintf("%s%s %s %s -> %s", mark, x.Path, x.What, x.Then, x.Now))
	})
	return all, notCompared
}

func jsonAnswer(body string) *Answer {
	return &Answer{Status: 200, Body: []byte(body), BodyLen: int64(len(body)), State: Whole, At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixNano()}
}

func TestJSON(t *testing.T) {
	for _, tt := range []struct {
		name, then, now string
		want            []string
	}{
		{"the same", `{"a":1}`, `{"a":1}`, nil},
		{"blanks", `{"a":1,"b":[1,2]}`, "{ \"a\" : 1 ,\n \"b\":[ 1, 2 ] }", nil},
		{"members in another order", `{"a":1,"b":2}`, `{"b":2,"a":1}`, nil},
		{"a number written otherwise", `{"a":1.50}`, `{"a":1.5}`, nil},
		{"a large number", `{"a":12345678901234567890}`, `{"a":12345678901234567891}`, []string{"$.a changed 12345678901234567890 -> 12345678901234567891"}},
		{"escapes", `{"a":"é/"}`, `{"a":"\u00e9\/"}`, nil},
		{"a value", `{"a":{"b":1}}`, `{"a":{"b":2}}`, []string{"$.a.b changed 1 -> 2"}},
		{"a word", `{"a":"new"}`, `{"a":"old"}`, []string{"=$.a changed new -> old"}},
		{"true", `{"a":true}`, `{"a":false}`, []string{"=$.a changed true -> false"}},
		{"missing", `{"a":1,"b":2}`, `{"a":1}`, []string{"=$.b missing 2 -> "}},
		{"added", `{"a":1}`, `{"c":{"x":1},"a":1}`, []string{"=$.c added  -> an object of 1"}},
		{"null", `{"a":1}`, `{"a":null}`, []string{"=$.a type 1 -> null"}},
		{"an array of numbers", `[1,2,3]`, `[1,5,3]`, []string{"$[] changed 2 -> 5"}},
		{"longer", `[1,2]`, `[1,2,3]`, []string{"$[] added  -> 3"}},
		{"another order", `[1,2,3]`, `[3,1,2]`, []string{"$[] order 1, 2, 3 -> 3, 1, 2"}},
		{"objects in another order", `[{"x":1,"y":[1]},{"x":2}]`, `[{"x":2},{"y":[1],"x":1}]`, []string{"$[] order elements -> the same in another order"}},
		{"by id", `{"i":[{"id":1,"p":5},{"id":2,"p":6}]}`, `{"i":[{"id":2,"p":6},{"id":1,"p":7}]}`,
			[]string{"$.i[].p changed 5 -> 7", "$.i[] order 1, 2 -> 2, 1"}},
		{"by id, one less", `[{"id":1,"p":5},{"id":2,"p":6}]`, `[{"id":2,"p":6}]`, []string{"$[] missing an object of 2 -> "}},
		{"ids made anew", `[{"id":1,"p":5}]`, `[{"id":7,"p":6}]`, []string{"$[].id changed 1 -> 7", "$[].p changed 5 -> 6"}},
		{"an id twice", `[{"id":1,"n":"a"},{"id":1,"n":"b"}]`, `[{"id":1,"n":"b"},{"id":1,"n":"a"}]`, []string{"$[] order elements -> the same in another order"}},
		{"arrays in arrays", `[[{"id":1},{"id":2}],[{"id":3}]]`, `[[{"id":1},{"id":2,"x":1}],[{"id":3}]]`, []string{"=$[][].x added  -> 1"}},
		{"a table", `{"u":{"17":{"n":"a"},"18":{"n":"b"}}}`, `{"u":{"17":{"n":"c"},"18":{"n":"b"}}}`, []string{"=$.u.{id}.n changed a -> c"}},
		{"an odd name", `{"a b\n":1}`, `{"a b\n":2}`, []string{`$["a b\\n"] changed 1 -> 2`}},
		{"a secret", `{"password":"abc"}`, `{"password":"abcd"}`, []string{"=$.password changed (hidden, 3 bytes) -> (hidden, 4 bytes)"}},
		{"below a secret", `{"sessionData":{"x":[1]}}`, `{"sessionData":{"x":["b"]}}`, []string{"=$.sessionData.x[] type (hidden, 1 bytes) -> (hidden, 3 bytes)"}},
		{"an object that is no secret after one", `{"token":{"x":1},"b":1}`, `{"token":{"x":1},"b":2}`, []string{"$.b changed 1 -> 2"}},
		{"the time", `{"t":"2026-03-04T05:06:07Z"}`, `{"t":"2026-03-04T05:06:08.5Z"}`, []string{"~$.t changed 2026-03-04T05:06:07Z -> 2026-03-04T05:06:08.5Z"}},
		{"the time in ms", `{"t":1772600767000}`, `{"t":1772600767950}`, []string{"~$.t changed 1772600767000 -> 1772600767950"}},
		{"another day", `{"t":"2026-03-04T05:06:07Z"}`, `{"t":"2026-03-05T05:06:07Z"}`, []string{"$.t changed 2026-03-04T05:06:07Z -> 2026-03-05T05:06:07Z"}},
		{"UUIDs", `{"t":"a 123e4567-e89b-12d3-a456-426614174000"}`, `{"t":"a 223e4567-e89b-12d3-a456-42661417400f"}`,
			[]string{"~$.t changed a 123e4567-e89b-12d3-a456-426614174000 -> a 223e4567-e89b-12d3-a456-42661417400f"}},
		{"a prefixed id", `{"t":"req_8f3a9b2c"}`, `{"t":"req_77aa0e13"}`, []string{"~$.t changed req_8f3a9b2c -> req_77aa0e13"}},
		{"a version", `{"t":"1.2.3"}`, `{"t":"1.2.4"}`, []string{"$.t changed 1.2.3 -> 1.2.4"}},
		{"the name of a request", `{"traceId":7}`, `{"traceId":8}`, []string{"~$.traceId changed 7 -> 8"}},
		{"control bytes", `{"a":"x` + "\u202e" + `"}`, `{"a":"y"}`, []string{"=$.a changed x. -> y"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, why := differences(jsonAnswer(tt.then), jsonAnswer(tt.now)); !slices.Equal(got, tt.want) || why != "" {
				t.Errorf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"), why)
			}
		})
	}
}

func head(t *testing.T, lines ...string) *Answer {
	t.Helper()
	a, err := FromHead([]byte(strings.Join(append(lines, "", ""), "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	return &a
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		name, then, now string // fields between |
		want            []string
	}{
		{"noise of every answer", "Date: a|Age: 1|ETag: \"x\"|X-Request-Id: 1|CF-Ray: 1|Server: a", "Date: b|ETag: \"y\"|Server: b", nil},
		{"gone", "X-A: 1", "", []string{"=header x-a missing 1 -> "}},
		{"new", "", "X-A: 1", []string{"=header x-a added  -> 1"}},
		{"an ETag gone", "ETag: \"x\"", "", []string{`=header etag missing "x" -> `}},
		{"another value", "X-A: on", "x-a: off", []string{"=header x-a changed on -> off"}},
		{"several", "X-A: on|X-A: b", "x-a: on", []string{"=header x-a changed on, b -> on"}},
		{"a list", "Vary: Accept, Cookie|Content-Type: text/html; charset=utf-8", "Vary: cookie|Vary: accept|Content-Type: text/html;charset=UTF-8", nil},
		{"the host", "Location: https://www.example.com/a?b=1", "Location: http://staging:8080/a?b=1", nil},
		{"no host", "Location: https://www.example.com/a", "Location: /a", nil},
		{"only a host", "Location: https://www.example.com", "Location: /", nil},
		{"elsewhere", "Location: https://www.example.com/a", "Location: /login", []string{"=header location changed /a -> /login"}},
		{"a new thing", "Location: /a/3f2a9c81", "Location: /a/77aa0e13", []string{"~header location changed /a/3f2a9c81 -> /a/77aa0e13"}},
		{"cookies", "Set-Cookie: sid=1; Domain=example.com; Path=/; HttpOnly; Expires=x", "Set-Cookie: sid=2; path=/; httponly; Domain=staging", nil},
		{"a cookie's attributes", "Set-Cookie: sid=1; HttpOnly; Secure", "Set-Cookie: sid=2; HttpOnly", []string{"=header set-cookie sid changed httponly; secure -> httponly"}},
		{"a cookie gone", "Set-Cookie: sid=topsecret", "", []string{"=header set-cookie sid missing (hidden, 13 bytes) -> "}},
		{"a session", "", "Set-Cookie: sid=topsecret", []string{"~=header set-cookie sid added  -> (hidden, 13 bytes)"}},
		{"a secret", "X-Auth-Token: abc", "X-Auth-Token: x", []string{"=header x-auth-token changed (hidden, 3 bytes) -> (hidden, 1 bytes)"}},
		{"length alone", "Content-Length: 10", "Content-Length: 11", []string{"body length changed 10 bytes -> 11 bytes"}},
		{"length of another coding", "Content-Length: 10|Content-Encoding: gzip", "Content-Length: 11", []string{"=header content-encoding missing gzip -> "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := func(fields string) []string {
				return append([]string{"HTTP/1.1 200 OK"}, slices.DeleteFunc(strings.Split(fields, "|"), func(s string) bool { return s == "" })...)
			}
			if got, why := differences(head(t, lines(tt.then)...), head(t, lines(tt.now)...)); !slices.Equal(got, tt.want) || why != headsAlone {
				t.Errorf("got\n%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"), why)
			}
		})
	}
}

// Where statuses differ nothing else is looked at.
func TestStatus(t *testing.T) {
	a, b := jsonAnswer(`{"a":1}`), jsonAnswer(`x`)
	b.Status = 500
	if got, _ := differences(a, b); !slices.Equal(got, []string{"=status changed 200 -> 500"}) {
		t.Error(got)
	}
}

func compressed(t *testing.T, coding string, body string) *Answer {
	t.Helper()
	var b bytes.Buffer
	switch coding {
	case "gzip":
		w := gzip.NewWriter(&b)
		w.Write([]byte(body))
		w.Close()
	case "deflate":
		w := zlib.NewWriter(&b)
		w.Write([]byte(body))
		w.Close()
	default:
		b.WriteString(body)
	}
	return &Answer{Status: 200, Fields: []Field{{"content-encoding", coding}}, Body: b.Bytes(), BodyLen: int64(b.Len()), State: Whole}
}

func TestCodings(t *testing.T) {
	long := strings.Repeat("x", maxDecoded+1)
	for _, tt := range []struct {
		name      string
		then, now *Answer
		want, why string
	}{
		{"gzip", compressed(t, "gzip", `{"a":1}`), compressed(t, "gzip", `{"a":2}`), "$.a changed 1 -> 2", ""},
		{"deflate", compressed(t, "deflate", `{"a":1}`), compressed(t, "deflate", `{"a":2}`), "$.a changed 1 -> 2", ""},
		{"two codings", compressed(t, "deflate", `{"a":1}`), compressed(t, "gzip", `{"a":1}`), "=header content-encoding changed deflate -> gzip", ""},
		{"brotli", compressed(t, "br", "a"), compressed(t, "br", "b"), "", "compressed with br"},
		{"brotli, the same", compressed(t, "br", "a"), compressed(t, "br", "a"), "", ""},
		{"none is known of", compressed(t, "zip", "a"), compressed(t, "zip", "b"), "", "compressed in an unknown way"},
		{"broken", &Answer{Status: 200, Fields: []Field{{"content-encoding", "gzip"}}, Body: []byte("abc"), State: Whole}, compressed(t, "gzip", "b"), "", "broken gzip"},
		{"a bomb", compressed(t, "gzip", long), compressed(t, "gzip", "b"), "", "too long when decompressed"},
		{"text", compressed(t, "identity", "a 1"), compressed(t, "identity", "b 22"),
			"body changed 3 bytes, at 0: a 1 -> 4 bytes, at 0: b 22", ""},
		{"empty", compressed(t, "identity", "a 1"), compressed(t, "identity", ""), "=body missing 3 bytes, at 0: a 1 -> ", ""},
		{"no JSON", compressed(t, "identity", "{}"), compressed(t, "identity", "<p>"), "=body type JSON -> no JSON", ""},
		{"cut, hashed", &Answer{Status: 200, Body: []byte("abc"), State: Cut, BodyLen: 5, Hash: Sum([]byte("abcde"))}, jsonAnswer("abcde"), "", ""},
		{"cut, hashed otherwise", &Answer{Status: 200, Body: []byte("abc"), State: Cut, BodyLen: 5, Hash: Sum([]byte("abcdf"))}, jsonAnswer("abcde"), "body changed 5 bytes -> 5 bytes", "longer than what is kept"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, why := differences(tt.then, tt.now)
			if strings.Join(got, "|") != tt.want || why != tt.why {
				t.Errorf("got %q, %q; want %q, %q", got, why, tt.want, tt.why)
			}
		})
	}
}

// What is no JSON is not taken for it.
func TestNoJSON(t *testing.T) {
	for _, s := range []string{``, ` `, `1`, `"a"`, `{`, `[`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `[1,]`, `[,]`, `[1}`, `{"a":1]`, `[1]x`, `[1] 2`, `{1:2}`,
		`[nul]`, `[abc]`, `["a]`, `["a\"]`, `[1 2]`, `{"a" 1}`, "[1]\x00", strings.Repeat("[", 1000), strings.Repeat("[", 200) + strings.Repeat("]", 200)} {
		var tree tree
		if tree.parse([]byte(s)) {
			t.Errorf("%q", s)
		}
	}
	for _, s := range []string{`{}`, ` [ ] `, `{"a":[{}]}`, "\n[1,-2.5e+3,\"\\\"\",true,false,null]\t", strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		var tree tree
		if !tree.parse([]byte(s)) {
			t.Errorf("%q is JSON", s)
		}
	}
}

// Any two texts are compared in bounded time, the same way twice, and a text does not
// differ from itself.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"id":2},"x"]}`, `[[[]]]`, `{"":{"":[null,true,1e9]}}`, `[{"id":1,"t":"2026-03-04T05:06:07Z"}]`, `{`, ``, `{"a":1,"a":2}`} {
		f.Add(s, `{"a":[1,{"id":2},"y"]}`)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var whole tree
		if isContainer := strings.HasPrefix(a, "{") || strings.HasPrefix(a, "["); isContainer && json.Valid([]byte(a)) && !whole.parse([]byte(a)) && strings.Count(a, "[")+strings.Count(a, "{") < maxDepth {
			t.Fatalf("%q is JSON", a)
		}
		x, y := jsonAnswer(a), jsonAnswer(b)
		got, _ := differences(x, y)
		if (a == b) && len(got) > 0 {
			t.Fatalf("%q differs from itself: %q", a, got)
		}
		d := New(maphash.MakeSeed())
		d.Compare(x, y, func(*Difference) {})
		again := 0
		d.Compare(x, y, func(x *Difference) {
			again++
			if len(x.Path) > 2*maxPath || len(x.Then) > 2*maxValue || len(x.Now) > 2*maxValue {
				t.Fatalf("%q: %q -> %q is too long", x.Path, x.Then, x.Now)
			}
		})
		if again != len(got) {
			t.Fatalf("%d differences, then %d", len(got), again)
		}
		back, _ := differences(y, x)
		if (len(back) == 0) != (len(got) == 0) {
			t.Fatalf("%q, but back %q", got, back)
		}
	})
}

func FuzzFromHead(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: a\r\n b\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 304\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := FromHead(b)
		if err != nil {
			return
		}
		if a.Status < 100 || a.Status > 999 || a.BodyLen < -1 {
			t.Fatalf("%q: status %d, length %d", b, a.Status, a.BodyLen)
		}
		if got, _ := differences(&a, &a); len(got) > 0 {
			t.Fatalf("%q differs from itself: %q", b, got)
		}
	})
}

// A Differ that is at work allocates little, and is fast.
func BenchmarkCompare(b *testing.B) {
	var items []string
	for i := range 20 {
		items = append(items, fmt.Sprintf(`{"id":%d,"name":"thing %d","price":%d.5,"tags":["a","b"],"at":"2026-03-04T05:06:%02dZ"}`, i, i, i, i))
	}
	body := `{"items":[` + strings.Join(items, ",") + `],"n":20,"token":"%s"}`
	x, y := jsonAnswer(fmt.Sprintf(body, "a1b2c3d4e5f6")), jsonAnswer(fmt.Sprintf(body, "f1b2c3d4e5f6"))
	d := New(maphash.MakeSeed())
	b.ReportAllocs()
	b.SetBytes(int64(len(x.Body)))
	for b.Loop() {
		d.Compare(x, y, func(*Difference) {})
	}
}
