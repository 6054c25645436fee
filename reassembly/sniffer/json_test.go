package sniffer

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gor/reassembly"
)

// object is what a line of JSON holds; an unknown or a missing key is an error
// of the test below.
type object struct {
	Conn, User, Host, Client, Server, Method, Target, Proto string

	Index *uint64
	Time  time.Time
	Bytes *int64 `json:"body_bytes"`
	Raw   []byte
}

// TestAppendJSON: what a request is comes back from the line it is printed in.
func TestAppendJSON(t *testing.T) {
	m := newMaker()
	for _, tt := range []struct {
		name, raw    string
		host, target string
		body         int64
	}{
		{"plain", "GET /a HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "www.example.com", "/a", 0},
		{"no host", "GET /a HTTP/1.0\r\n\r\n", "", "/a", 0},
		{"body", "POST /a HTTP/1.1\r\nhost:\tb:8080 \r\nContent-Length: 3\r\n\r\n\x00\xff\n", "b:8080", "/a", 3},
		{"chunked", "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", "a", "/a", 2},
		{"quotes", `GET /"\ HTTP/1.1` + "\r\nHost: \"\\\r\n\r\n", `"\`, `/"\`, 0},
		{"not UTF-8", "GET /\xff\xc3\xa9 HTTP/1.1\r\nHost: \xfc\r\n\r\n", "\ufffd", "/\ufffdé", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !m.request(tt.raw, func(r *reassembly.Request) {
				var p renderer
				line := p.appendJSON(nil, r)
				if n := strings.Count(string(line), "\n"); n != 1 || line[len(line)-1] != '\n' {
					t.Errorf("%q is not one line", line)
				}
				dec := json.NewDecoder(strings.NewReader(string(line)))
				dec.DisallowUnknownFields()
				var o object
				if err := dec.Decode(&o); err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				if o.Conn != fmt.Sprintf("%016x", r.Conn()) || o.User != o.Conn || o.Index == nil || *o.Index != r.Index {
					t.Errorf("connection %q, index %v of %q", o.Conn, o.Index, line)
				}
				if o.Host != tt.host || o.Target != tt.target || o.Method != string(r.Method()) || o.Proto != string(r.Proto()) {
					t.Errorf("%q: %+v", line, o)
				}
				if o.Client != fmt.Sprintf("10.0.0.1:%d", m.port) || o.Server != "10.0.0.2:80" || o.Time.UnixNano() != r.Last {
					t.Errorf("%q: %+v", line, o)
				}
				if o.Bytes == nil || *o.Bytes != tt.body || string(o.Raw) != tt.raw {
					t.Errorf("%q: %+v", line, o)
				}
			}) {
				t.Fatal("no request")
			}
		})
	}
}

// FuzzAppendString: what is quoted reads back, but for what is not UTF-8.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "é", "\xff", "\xed\xa0\x80", "a\"b\\c", "\x00\x1f\x7f", "\u2028", "\xc3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		if err := json.Unmarshal(appendString(nil, []byte(s)), &back); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if want := strings.Map(func(r rune) rune { return r }, s); back != want { // each wrong byte is U+FFFD
			t.Errorf("%q reads back as %q", s, back)
		}
		if utf8.ValidString(s) && back != s {
			t.Errorf("%q reads back as %q", s, back)
		}
	})
}
