package sniffer

import (
	"testing"

	"gor/reassembly"
	"gor/reassembly/http1"
)

func TestHost(t *testing.T) {
	m := newMaker()
	var p renderer
	for raw, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n":                         "a",
		"GET / HTTP/1.1\r\nHOST:a:80\r\n\r\n":                       "a:80",
		"GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n":                   "a",
		"GET / HTTP/1.1\r\nHost:\r\n\r\n":                           "",
		"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n":                   "a b",
		"GET / HTTP/1.1\nHost: a\n\n":                               "a",
		"GET / HTTP/1.1\r\nX-Host: b\r\nhost: a\r\nHost: c\r\n\r\n": "a",
		"GET / HTTP/1.0\r\n\r\n":                                    "",
		"POST / HTTP/1.1\r\nContent-Length: 7\r\n\r\nHost: b":       "",
		"GET / HTTP/1.1\r\nHost: [::1]:80\r\nA: b\r\n\r\n":          "[::1]:80",
	} {
		if !m.request(raw, func(r *reassembly.Request) {
			if got := string(p.hostOf(r)); got != want {
				t.Errorf("%q: %q, want %q", raw, got, want)
			}
		}) {
			t.Errorf("%q is no request", raw)
		}
	}
}

// FuzzLeadingHost: what is found without reading all fields is what is found by it.
func FuzzLeadingHost(f *testing.F) {
	for _, s := range []string{"Host: a\r\n", "Host: a\r\n b\r\n", "Host: a\r\n\tb\r\n", "Host:  a\r\n", "Host: a \r\n", "Host: a\nB: c\r\n", "Host: a\r\nHost: b\r\n", "Host: a", "Host: \r\n", "Host: a\rb\r\n", "X: y\r\nHost: a\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, fields []byte) {
		got := leadingHost(fields)
		if got == nil {
			return
		}
		all := http1.AppendFields(nil, fields)
		if len(all) == 0 || all[0].Kind != http1.FieldHost || string(http1.AppendUnfolded(nil, all[0].Value)) != string(got) {
			t.Fatalf("%q: %q, and of all fields %+v", fields, got, all)
		}
	})
}
