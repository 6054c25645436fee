package routes

import (
	"strings"
	"testing"
	"unicode"
)

// A path alone says which of its segments are ids, if they look like it.
func TestShapes(t *testing.T) {
	for target, want := range map[string]string{
		"/":                                     "/",
		"":                                      "/",
		"*":                                     "*",
		"/users":                                "/users",
		"/users/":                               "/users/",
		"//a///b":                               "//a///b",
		"/users/7":                              "/users/{id}",
		"/users/7/orders/88?x=1/2":              "/users/{id}/orders/{id}",
		"/users/7#top/5":                        "/users/{id}",
		"/a;v=1/b;jsessionid=AB12":              "/a/b",
		"http://host/users/7":                   "/users/{id}",
		"https://host":                          "/",
		"https://host?x":                        "/",
		"/?u=http://host/1":                     "/",
		"/x://y/1":                              "/x://y/{id}",
		"/-12.5,+7":                             "/{id}",
		"/2024-01-31":                           "/{id}",
		"/20240131/12:30:45":                    "/{id}/{id}",
		"/2024-01-31T12:00:00Z":                 "/{id}",
		"/10.0.0.1":                             "/{id}",
		"/v1/items":                             "/v1/items",
		"/v2.1/items":                           "/v2.{id}/items",
		"/x86/y2k":                              "/x86/y2k",
		"/deadbeef":                             "/deadbeef",
		"/deadbee5":                             "/{id}",
		"/deadbe5":                              "/deadbe5",
		"/deadbeefdeadbeef":                     "/{id}",
		"/3f2A9c81/4a5b6c7d8e9f":                "/{id}/{id}",
		"/ann@example.com/mail":                 "/{id}/mail",
		"/ann%40example.com/mail":               "/{id}/mail",
		"/@ann/mail":                            "/@ann/mail",
		"/ann@host":                             "/ann@host",
		"/a@b.c":                                "/{id}",
		"/7.json":                               "/{id}.json",
		"/app.3f2a9c81.js":                      "/app.{id}.js",
		"/2024-01-31T12:00:00.123+0100":         "/{id}",
		"/bootstrap-5.3.2.min.js":               "/bootstrap-5.{id}.{id}.min.js",
		"/robots.txt":                           "/robots.txt",
		"/.well-known/x":                        "/.well-known/x",
		"/..":                                   "/..",
		"/ünï":                                  "/ünï",
		"/a b":                                  "/a%20b",
		"/\xff\x00":                             "/%FF%00",
		"/a\u202eb":                             "/a%E2%80%AEb",
		"/{id}":                                 "/{id}",
		"/1/{id}/%7Bid%7D":                      "/{id}/{id}/%7Bid%7D",
		"/01HQ3K5Z8N2V4X6Y7W9ABCDE":             "/{id}",
		"/how-to-make-bread-at-home":            "/how-to-make-bread-at-home",
		"/123e4567-e89b-12d3-a456-426614174000": "/{id}",
		"/{123E4567-E89B-12D3-A456-426614174000}/x":   "/{id}/x",
		"/abcdefab-abcd-abcd-abcd-abcdefabcdef":       "/{id}",
		"/abcdefab-abcd-abcd-abcd-abcdefabcdeg":       "/abcdefab-abcd-abcd-abcd-abcdefabcdeg",
		"/abcdefabc-abcd-abcd-abcdabcd-efabcdef":      "/abcdefabc-abcd-abcd-abcdabcd-efabcdef",
		"/" + strings.Repeat("x", 64):                 "/" + strings.Repeat("x", 64),
		"/" + strings.Repeat("x", 65) + "/y":          "/{id}/y",
		"/a/b/c/d/e/f/g/h/i/j/k/l":                    "/a/b/c/d/e/f/g/h/i/j/k/l",
		"/a/b/c/d/e/f/g/h/i/j/k/l/m/n":                "/a/b/c/d/e/f/g/h/i/j/k/{rest}",
		"/" + strings.Repeat("1.", 20) + "x.y":        "/{id}",
		"/1." + strings.Repeat("x.2.", 12) + "yyyyyy": "/1." + strings.Repeat("x.2.", 12) + "yyyyyy",
	} {
		table := New(DefaultMax, func(into, from *int) { *into += *from })
		for range 2 { // found again as it was made
			*table.At([]byte("GET"), []byte(target))++
		}
		for name, n := range table.All() {
			if name != "GET "+want || *n != 2 {
				t.Errorf("%q is %q, %d times; want %q", target, name, *n, want)
			}
		}
	}
}

func FuzzShape(f *testing.F) {
	for _, s := range []string{"", "7", "a.7.b", "ann@example.com", "\xff", "{id}", "....", "1.2.3.x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, s []byte) {
		shape := string(appendShape(nil, s))
		if shape != "" && (!strings.Contains(shape, ID) || len(shape) > maxSegment) {
			t.Fatalf("%q has the shape %q", s, shape)
		}
		if isPrintable(s) && printable(s) != string(s) {
			t.Fatalf("%q becomes %q", s, printable(s))
		}
		for _, r := range printable(s) + shape {
			if !unicode.IsPrint(r) || unicode.IsSpace(r) {
				t.Fatalf("%q becomes %q and %q", s, printable(s), shape)
			}
		}
	})
}
