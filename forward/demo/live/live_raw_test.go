//go:build linux

package live

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLiveRaw sends segments that no sane client sends to a real nginx: what it
// logs is what it read, and that is what is handed on, byte for byte.
func TestLiveRaw(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	log := m.startLoggingNginx()
	h := m.newRawHost()
	m.listener = m.web.gor("listen", "-p", "80", "--json")
	tests := slices.Concat(rawSegments(), rawEndings(), rawOverlaps())
	for i, test := range tests {
		test.play(h.connect(), caseNumber(i))
	}
	wanted := 0
	for _, test := range tests {
		wanted += len(test.want)
	}
	awaitCount(func() int { return strings.Count(readFile(t, log), "\n") }, wanted)
	m.listener.interrupt()
	served, handedOn := loggedRequests(t, log), printedRequests(t, m.listener)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := make([]string, len(test.want))
			for j, w := range test.want {
				line, body, _ := strings.Cut(w, " ")
				method := "GET"
				if body != "" {
					method = "POST"
				}
				want[j] = fmt.Sprintf("%s /%d/%s HTTP/1.1 %s", method, i, line, body)
			}
			if got := served[caseNumber(i)]; !slices.Equal(got, want) {
				t.Errorf("nginx served\n%q, want\n%q", got, want)
			}
			var got []string
			for _, raw := range handedOn[caseNumber(i)] {
				got = append(got, lineAndBody(raw))
			}
			if !slices.Equal(got, want) {
				t.Errorf("handed on\n%q, want\n%q", got, want)
			}
		})
	}
	if a := finalAccounts(t, m.listener); a.Packets["bad_checksum"] == 0 {
		t.Errorf("no checksum was verified: %v", a.Packets)
	}
	if t.Failed() {
		t.Logf("accounts: %v", finalAccounts(t, m.listener))
	}
}

// A rawCase is what one connection sends, and which requests of it the server
// reads: each is its number and, for a POST, its body.
type rawCase struct {
	name string
	play func(c *rawConn, k caseNumber)
	want []string
}

// A caseNumber is in the target of each request of a case.
type caseNumber int

func (k caseNumber) get(n int) string {
	return fmt.Sprintf("GET /%d/%d HTTP/1.1\r\nHost: a\r\n\r\n", k, n)
}

func (k caseNumber) head(n, length int) string {
	return fmt.Sprintf("POST /%d/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", k, n, length)
}

func (k caseNumber) post(n int, body string) string { return k.head(n, len(body)) + body }

// rawSegments are segments that the server's kernel drops.
func rawSegments() []rawCase {
	between := func(odd func(next int) segment) func(c *rawConn, k caseNumber) {
		return func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.post(2, "body")
			c.send(segment{data: a})
			c.responses(1)
			s := odd(len(a))
			if s.data == "" && s.flags&(flagRST|flagSYN) == 0 {
				s.data = k.get(9)
			}
			c.send(s)
			c.send(segment{at: len(a), data: b[:9]}, segment{at: len(a) + 9, data: b[9:]})
			c.responses(2)
			c.send(segment{at: len(a) + len(b), data: k.get(3)})
			c.responses(3)
		}
	}
	three := []string{"1", "2 body", "3"}
	return []rawCase{
		{"a wrong checksum, then the good segment", func(c *rawConn, k caseNumber) {
			c.send(segment{data: k.post(1, "evil"), damaged: true}, segment{data: k.post(1, "good")})
			c.responses(1)
		}, []string{"1 good"}},
		{"a wrong checksum between", between(func(next int) segment { return segment{at: next, damaged: true} }), three},
		{"an old duplicate of another connection", between(func(int) segment { return segment{at: 1 << 30} }), three},
		{"an old duplicate from far behind", between(func(int) segment { return segment{at: -1 << 29} }), three},
		{"other bytes where the server has read", between(func(int) segment { return segment{at: 0} }), three},
		{"a RST in the window, not exact", between(func(next int) segment { return segment{at: next + 7, flags: flagRST} }), three},
		{"a RST behind", between(func(next int) segment { return segment{at: next - 5, flags: flagRST} }), three},
		{"a RST with a wrong checksum", between(func(next int) segment { return segment{at: next, flags: flagRST, damaged: true} }), three},
		{"a SYN from elsewhere", between(func(int) segment { return segment{at: 1 << 29, flags: flagSYN} }), three},
		{"a SYN in the window", between(func(next int) segment { return segment{at: next + 8, flags: flagSYN} }), three},
		{"a SYN just before the next byte", between(func(next int) segment { return segment{at: next - 1, flags: flagSYN} }), three},
		{"a SYN with data", between(func(next int) segment { return segment{at: next - 1, flags: flagSYN, data: "GET /x HTTP/1.1\r\n\r\n"} }), three},
		{"a FIN with a wrong checksum", between(func(next int) segment { return segment{at: next, flags: flagFIN, damaged: true} }), three},
		{"a FIN from elsewhere", between(func(int) segment { return segment{at: 1 << 28, flags: flagFIN} }), three},
	}
}

// rawEndings are FINs, RSTs and urgent bytes.
func rawEndings() []rawCase {
	return []rawCase{
		{"data behind a FIN", func(c *rawConn, k caseNumber) {
			a := k.get(1)
			c.send(segment{data: a, flags: flagFIN})
			c.responses(1)
			c.closed()
			c.send(segment{at: len(a), data: k.get(2)}, segment{at: len(a) + 1, data: k.get(3)})
		}, []string{"1"}},
		{"data behind a FIN, at once", func(c *rawConn, k caseNumber) {
			a := k.get(1)
			c.send(segment{data: a, flags: flagFIN}, segment{at: len(a), data: k.get(2)}, segment{at: len(a) + 1, data: k.get(3)})
			c.closed()
		}, []string{"1"}},
		{"data behind a FIN, before it", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.get(2)
			c.send(segment{at: len(a) + len(b), data: k.get(3)}, segment{data: a}, segment{at: len(a), data: b, flags: flagFIN})
			c.closed()
		}, []string{"1", "2"}},
		{"a FIN behind a hole, then what is missing", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.post(2, "body")
			c.send(segment{data: a}, segment{at: len(a) + len(b), flags: flagFIN}, segment{at: len(a) + 7, data: b[7:]}, segment{at: len(a), data: b[:7]})
			c.closed()
		}, []string{"1", "2 body"}},
		{"two FINs, the nearer one covered by data", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.get(2)
			c.send(segment{at: len(a) + len(b), flags: flagFIN}, segment{at: len(a), flags: flagFIN}, segment{at: len(a), data: b}, segment{data: a})
			c.closed()
		}, []string{"1", "2"}},
		{"two FINs, the nearer one first in order", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.get(2)
			c.send(segment{at: len(a) + len(b), flags: flagFIN}, segment{data: a, flags: flagFIN}, segment{at: len(a), data: b})
			c.closed()
		}, []string{"1"}},
		{"two FINs, the nearer one inside of data", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.get(2)
			c.send(segment{at: len(a) + 3, data: b[3:9], flags: flagFIN}, segment{at: len(a) + len(b), flags: flagFIN}, segment{data: a + b})
			c.closed()
		}, []string{"1", "2"}},
		{"a RST, then data", func(c *rawConn, k caseNumber) {
			a := k.get(1)
			c.send(segment{data: a})
			c.responses(1)
			c.send(segment{at: len(a), flags: flagRST}, segment{at: len(a), data: k.get(2)})
			c.closed()
		}, []string{"1"}},
		// Urgent bytes begin a segment: nginx does not read on where the kernel has
		// stopped its reading at one, until more comes.
		{"urgent", func(c *rawConn, k caseNumber) {
			a := k.get(1) + "!"
			c.send(segment{data: a, flags: flagURG, urgent: uint16(len(a))})
			c.responses(1)
			c.send(segment{at: len(a), data: k.post(2, "body")})
			c.responses(2)
		}, []string{"1", "2 body"}},
		{"urgent, in a later segment", func(c *rawConn, k caseNumber) {
			a := k.get(1)
			c.send(segment{data: a, flags: flagURG, urgent: uint16(len(a) + 1)})
			c.responses(1)
			c.send(segment{at: len(a), data: "!" + k.post(2, "body")})
			c.responses(2)
		}, []string{"1", "2 body"}},
		{"urgent, announced by an old copy", func(c *rawConn, k caseNumber) {
			a := k.get(1)
			c.send(segment{data: a})
			c.responses(1)
			c.send(segment{data: a[:9], flags: flagURG, urgent: uint16(len(a) + 1)}, segment{at: len(a), data: k.post(2, "body")})
			c.responses(2)
		}, []string{"1", "2 body"}},
	}
}

// rawOverlaps are segments and fragments that have bytes of the stream in common.
func rawOverlaps() []rawCase {
	overlap := func(name, body string, pieces ...segment) rawCase {
		return rawCase{name, func(c *rawConn, k caseNumber) {
			head := k.head(1, len(body))
			c.send(segment{data: head})
			for _, p := range pieces {
				p.at += len(head)
				c.send(p)
			}
			c.responses(1)
		}, []string{"1 " + body}}
	}
	run := func(at, n int, text string) segment { return segment{at: at, data: strings.Repeat(text, n)} }
	return []rawCase{
		overlap("in order", "aaaaaaaabbbb", run(0, 8, "a"), run(4, 8, "b")),
		overlap("the next wins over what waits", "bbbbbbbbaa", run(4, 6, "a"), run(0, 8, "b")),
		overlap("of those that wait the earlier", "cbbbbaaa", run(2, 6, "a"), run(1, 4, "b"), run(0, 1, "c")),
		overlap("of those that wait the longer", "cbbbbbbb", run(2, 3, "a"), run(1, 7, "b"), run(0, 1, "c")),
		overlap("covered by one that waits", "caaaaaaa", run(1, 7, "a"), run(2, 3, "b"), run(0, 1, "c")),
		overlap("damaged among them", "caaaaaaa", run(1, 7, "a"), segment{data: "xxxxxxxx", damaged: true}, run(0, 1, "c")),
		{"3.2 s late", func(c *rawConn, k caseNumber) {
			a, b := k.get(1), k.post(2, "body")
			c.send(segment{data: a})
			c.responses(1)
			c.send(segment{at: len(a) + 9, data: b[9:]})
			time.Sleep(3200 * time.Millisecond) // a client's third try: its time is the test
			c.send(segment{at: len(a), data: b[:9]})
			c.responses(2)
		}, []string{"1", "2 body"}},
		{"fragments", func(c *rawConn, k caseNumber) {
			p := c.packet(segment{data: k.post(1, "in fragments")})
			c.h.send(fragment(p, 48, len(p)-20), fragment(p, 0, 24), fragment(p, 24, 48))
			c.responses(1)
		}, []string{"1 in fragments"}},
		{"fragments that overlap", func(c *rawConn, k caseNumber) {
			evil, good := c.packet(segment{data: k.post(1, "evil body")}), c.packet(segment{data: k.post(1, "good body")})
			c.h.send(fragment(evil, 0, 48), fragment(evil, 40, len(evil)-20), fragment(evil, 48, len(evil)-20), good)
			c.responses(1)
		}, []string{"1 good body"}},
		{"fragments with a wrong checksum", func(c *rawConn, k caseNumber) {
			evil := c.packet(segment{data: k.post(1, "evil body"), damaged: true})
			c.h.send(fragment(evil, 0, 48), fragment(evil, 48, len(evil)-20), c.packet(segment{data: k.post(1, "good body")}))
			c.responses(1)
		}, []string{"1 good body"}},
	}
}

// startLoggingNginx runs nginx on port 80 of web and returns its log, which has
// a line for each request that it read, with the body.
func (m *mirror) startLoggingNginx() (log string) {
	m.t.Helper()
	dir := m.t.TempDir()
	log = filepath.Join(dir, "access.log")
	m.runNginx(dir, `log_format read escape=json '{"status":$status,"request":"$request","body":"$request_body"}';
		access_log off; proxy_ignore_client_abort on; client_body_buffer_size 1m; client_body_in_single_buffer on;
		server { listen 0.0.0.0:80; access_log `+log+` read; location / { proxy_pass http://127.0.0.1:81; } }
		server { listen 127.0.0.1:81; location / { return 200 "ok"; } }`)
	return log
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// loggedRequests are the request lines and bodies in nginx's log, by case.
func loggedRequests(t *testing.T, log string) map[caseNumber][]string {
	t.Helper()
	all := make(map[caseNumber][]string)
	for line := range strings.Lines(readFile(t, log)) {
		var entry struct {
			Status        int
			Request, Body string
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v in nginx's log: %s", err, line)
		}
		k := caseOf(entry.Request)
		all[k] = append(all[k], entry.Request+" "+entry.Body)
	}
	return all
}

// printedRequests are the requests that a listener has printed as JSON, as they
// came, by case.
func printedRequests(t *testing.T, p *process) map[caseNumber][]string {
	t.Helper()
	all := make(map[caseNumber][]string)
	for line := range strings.Lines(p.stdout.String()) {
		var entry struct{ Raw []byte }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		k := caseOf(string(entry.Raw))
		all[k] = append(all[k], string(entry.Raw))
	}
	return all
}

// lineAndBody is what nginx logs of a request.
func lineAndBody(raw string) string {
	line, _, _ := strings.Cut(raw, "\r\n")
	_, body, _ := strings.Cut(raw, "\r\n\r\n")
	return line + " " + body
}

// caseOf is the case of a request line.
func caseOf(line string) caseNumber {
	_, target, _ := strings.Cut(line, " /")
	k := caseNumber(-1)
	fmt.Sscan(strings.SplitN(target, "/", 2)[0], &k)
	return k
}
