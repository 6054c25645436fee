package forward

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"gor/reassembly/http1/http1test"
)

// TestOddRequests: what a listener calls sent, arrives at the target byte for
// byte, with nothing but the mark added; what it does not send, is refused.
func TestOddRequests(t *testing.T) {
	// Rows with fields that belong to the connection, and what is left of those.
	changed := map[string]*strings.Replacer{
		"hop-by-hop fields": strings.NewReplacer("Keep-Alive: timeout=5\r\n", "", "Connection: X-Foo, keep-alive\r\n", "Connection: X-Foo\r\n"),
		"folded Connection": strings.NewReplacer("Connection: keep-alive,\r\n X-Foo\r\n", "Connection: X-Foo\r\n"),
	}
	blankLine := regexp.MustCompile(`\n\r?\n`)
	for _, c := range http1test.Requests(t) {
		t.Run(c.Name, func(t *testing.T) {
			rec := newRecorder(t, okClose)
			s := forwardOne(t, Config{OriginalHost: true}, rec.Addr().String(), string(c.Raw))
			got := rec.received()
			if c.Want != "sent" {
				if s.Unsupported != 1 || len(got) != 0 {
					t.Errorf("unsupported %d, sent %q", s.Unsupported, got)
				}
				return
			}
			want := strings.TrimLeft(string(c.Raw), "\r\n")
			if r := changed[c.Name]; r != nil {
				want = r.Replace(want)
			}
			end := blankLine.FindStringIndex(want)[0] + len("\n")
			want = want[:end] + "Gor-Replayed: 1\r\n" + want[end:]
			if s.Status[200] != 1 || len(got) != 1 || got[0] != want {
				t.Errorf("status %v\ngot  %q\nwant %q", s.Status, got, want)
			}
		})
	}
}

// TestOddConnections: an odd request is the last on its connection, as is one of
// HTTP/1.0 that does not ask for more; no other is.
func TestOddConnections(t *testing.T) {
	for _, c := range http1test.Requests(t) {
		if c.Want != "sent" {
			continue
		}
		hreq, err := benchWorker(t).prepare(c.Raw)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		old := bytes.Contains(c.Raw, []byte(" HTTP/1.0")) && !bytes.Contains(c.Raw, []byte("Keep-Alive"))
		if hreq.Close != (c.Odd || old) {
			t.Errorf("%s: the connection's last is %v", c.Name, hreq.Close)
		}
	}
}

// TestOddFilters: a filter sees what http1 reads, and nothing else passes one.
func TestOddFilters(t *testing.T) {
	f, err := NewFilter(FilterConfig{DenyPath: []string{"never there"}, DenyHeader: []string{"Never-There: ."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range http1test.Requests(t) {
		if got := f.Allow(c.Raw); c.Want == "sent" && !got || c.Want == "other" && got {
			t.Errorf("%s, which is %s: passes is %v", c.Name, c.Want, got)
		}
	}
}
