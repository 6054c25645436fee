package http1

import (
	"strings"
	"testing"
)

func TestStartsRequest(t *testing.T) {
	for in, want := range map[string]bool{
		"GET / HTTP/1.1\r\n":                        true,
		"GET / HTTP/1.1\n":                          true,
		"GET / HTTP/1.0\r\nHost: a":                 true,
		"\r\n\r\nGET / HTTP/1.1\r\n":                true,
		"\r\n\r\n\r\nGET / HTTP/1.1\r\n":            false,
		"FROB x HTTP/1.1\r\n":                       true,
		"get / HTTP/1.1\r\n":                        true,
		"GET /\xff HTTP/1.1\r\n":                    true,
		"GET / HTTP/1.1\r\n\x00":                    true,
		strings.Repeat("A", 64) + " / HTTP/1.1\r\n": true,
		strings.Repeat("A", 65) + " / HTTP/1.1\r\n": false,
		"":                                  false,
		"\r\n":                              false,
		"GET":                               false,
		"GET ":                              false,
		"GET  / HTTP/1.1\r\n":               false,
		"GET /  HTTP/1.1\r\n":               false,
		"GET / HTTP/1.1 \r\n":               false,
		"GET /a b HTTP/1.1\r\n":             false,
		"GET /a\tb HTTP/1.1\r\n":            false,
		"GET /\x01 HTTP/1.1\r\n":            false,
		"GET /\x00 HTTP/1.1\r\n":            false,
		"GET /\r HTTP/1.1\r\n":              false,
		"GET / HTTP/1.1\r\r\n":              false,
		"GET / HTTP/2.0\r\n":                false,
		"GET /\r\n":                         false,
		"GET HTTP/1.1\r\n":                  false,
		"G@T / HTTP/1.1\r\n":                false,
		"GET\t/ HTTP/1.1\r\n":               false,
		"the end of a sentence.\r\n":        false,
		"OST / HTTP/1.1\r\n":                false,
		"T / HTTP/1.1\r\n":                  false,
		"xPOST / HTTP/1.1\r\n":              false,
		"PROPFIND / HTTP/1.1\r\n":           true,
		"FIND / HTTP/1.1\r\n":               false,
		"GET /a":                            true,
		"GET /a HT":                         true,
		"GET /a ":                           true,
		"GET /a HTTP/1.":                    true,
		"GET /a HTTP/1.1":                   true,
		"GET /a HTTP/1.1\r":                 true,
		"GET /a HTTP/1.x":                   false,
		"GET /a HTTP/1.11":                  false,
		"GET /a HTTP/2":                     false,
		"GET /a b":                          false,
		"GET /a\x01":                        false,
		"GET /a\r/":                         false,
		"OPTIONS *":                         true,
		"GET http://a":                      true,
		"GET a":                             false,
		"the end":                           false,
		"OST /a":                            false,
		"GET /" + strings.Repeat("x", 2000): true,
		"GET /" + strings.Repeat("x", 2000) + " HTT": true,
	} {
		if got := StartsRequest([]byte(in)); got != want {
			t.Errorf("%.40q: %v, want %v", in, got, want)
		}
	}
}

// TestStartsEveryPrefix: a request line cut short is one from the target on.
func TestStartsEveryPrefix(t *testing.T) {
	const line = "DELETE /a/b?c=d HTTP/1.1\r\n"
	for i := range len(line) + 1 {
		if got, want := StartsRequest([]byte(line[:i])), i > len("DELETE "); got != want {
			t.Errorf("%q: %v, want %v", line[:i], got, want)
		}
	}
}

func TestEmptyLines(t *testing.T) {
	for in, want := range map[string]int{"": 0, "G": 0, "\r": 1, "\r\n": 2, "\n\n\r\nG\r\n": 4, " \r\n": 0} {
		if got := EmptyLines([]byte(in)); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}
