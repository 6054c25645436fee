//go:build linux

package live

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestLiveFidelity sends requests that net/http alone would change or refuse
// through the whole path: the target must receive what production received, but
// for Host, hop-by-hop headers and the mark. The order of headers and the case
// of their names may change.
func TestLiveFidelity(t *testing.T) {
	t.Parallel()
	const crlf = "\r\n"
	cookie := "Cookie: " + strings.Repeat("abcdefgh=01234567; ", 3000)
	tests := []fidelityTest{
		{name: "no User-Agent", head: "GET /a HTTP/1.1"},
		{name: "empty User-Agent", head: "GET /a HTTP/1.1\nUser-Agent:"},
		{name: "lower-case names", head: "GET /a HTTP/1.1\nuser-agent: t\nx-foo: 1\naccept-encoding: br\nX-CSRF-TOKEN: z"},
		{name: "names net/http respells", head: "GET /a HTTP/1.1\nDNT: 1\nX-B3-TraceId: 1\nETag: x\nWWW-Authenticate: y"},
		{name: "duplicates in order", head: "GET /a HTTP/1.1\nX-A: 2\nCookie: a=1\nX-A: 1\nCookie: b=2\nX-A: 2"},
		{name: "empty values", head: "GET /a HTTP/1.1\nX-Empty:\nAccept: "},
		{name: "values between blanks", head: "GET /a HTTP/1.1\nX-Foo:  \ta  b \nX-Bar:c"},
		{name: "Latin-1 value", head: "GET /a HTTP/1.1\nX-Name: M\xfcller"},
		{name: "Pragma alone", head: "GET /a HTTP/1.1\nPragma: no-cache"},
		{name: "credentials and ranges", head: "GET /a HTTP/1.1\nAuthorization: Basic dTpw\nRange: bytes=1-2\nIf-None-Match: \"x\""},
		{name: "64 KB of headers", head: "GET /a HTTP/1.1\n" + cookie},
		{name: "two slashes", head: "GET //a HTTP/1.1"},
		{name: "two slashes and a bar", head: "GET //a|b HTTP/1.1"},
		{name: "escaped slash", head: "GET /a%2Fb%2f HTTP/1.1"},
		{name: "unsafe characters", head: "GET /a|b\"<>^`{} HTTP/1.1"},
		{name: "invalid escape", head: "GET /%zz?x=%zz&y=%1 HTTP/1.1"},
		{name: "non-ASCII target", head: "GET /caf\xc3\xa9?q=\xfc HTTP/1.1"},
		{name: "number sign", head: "GET /a#b?c HTTP/1.1"},
		{name: "empty query", head: "GET /a? HTTP/1.1"},
		{name: "dots and parameters", head: "GET /../a/./b;c=1 HTTP/1.1"},
		{name: "asterisk", head: "OPTIONS * HTTP/1.1"},
		{name: "absolute form", head: "GET http://other.example/x?y HTTP/1.1", line: "GET http://" + stageIP + ":8001/x?y HTTP/1.1"},
		{name: "odd method", head: "M-SEARCH /a HTTP/1.1"},
		{name: "lower-case method", head: "get /a HTTP/1.1"},
		{name: "HTTP/1.0", head: "GET /a HTTP/1.0"},
		{name: "connection option", head: "GET /a HTTP/1.1\nConnection: X-Foo\nX-Foo: 1"},
		{name: "hop by hop", head: "GET /a HTTP/1.1\nConnection: keep-alive\nKeep-Alive: timeout=5\nProxy-Connection: keep-alive\nX-Bar: 2",
			gone: []string{"connection", "keep-alive", "proxy-connection"}},
		{name: "body", head: "POST /a HTTP/1.1\nContent-Type: x/y\nContent-Length: 3", sent: "abc", body: "abc"},
		{name: "binary body", head: "PUT /a HTTP/1.1\nContent-Encoding: gzip\nContent-Length: 26", sent: "\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n\x00\x00", body: "\x00\xff\r\n\r\nGET / HTTP/1.1\r\n\r\n\x00\x00"},
		{name: "GET with a body", head: "GET /a HTTP/1.1\nContent-Length: 3", sent: "abc", body: "abc"},
		{name: "empty body", head: "POST /a HTTP/1.1\nContent-Length: 0"},
		{name: "DELETE with length 0", head: "DELETE /a HTTP/1.1\nContent-Length: 0"},
		{name: "chunked", head: "POST /a HTTP/1.1\nTransfer-Encoding: chunked",
			sent: "3" + crlf + "abc" + crlf + "4;x=y" + crlf + "defg" + crlf + "0" + crlf + crlf, body: "abcdefg"},
		{name: "chunked with a trailer", head: "POST /a HTTP/1.1\nTransfer-Encoding: chunked\nTrailer: X-T",
			sent: "3" + crlf + "abc" + crlf + "0" + crlf + "X-T: 1" + crlf + crlf, body: "abc", trailer: "x-t: 1"},
	}

	m := newMirror(t)
	production, staging := m.web.newRecorder(":80"), m.stage.newRecorder(":8001")
	m.replay("-f", "http://"+stageIP+":8001")
	m.listen()
	for i, test := range tests {
		conn, err := m.client.dial("tcp", webAddr)
		if err != nil {
			t.Fatal(err)
		}
		line, rest, _ := strings.Cut(test.head, "\n")
		if rest != "" {
			rest += "\n"
		}
		head := fmt.Sprintf("%s\nHost: www.example.com\nX-Case: %d\n%s\n", line, i, rest)
		conn.SetDeadline(time.Now().Add(patience))
		_, err = io.WriteString(conn, strings.ReplaceAll(head, "\n", "\r\n")+test.sent)
		if err == nil {
			_, err = bufio.NewReader(conn).ReadString('\n')
		}
		conn.Close()
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
	}
	awaitCount(staging.count, len(tests))
	m.listener.interrupt()
	m.replayer.interrupt()
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.check(t, production.get(i), staging.get(i)) })
	}
	if t.Failed() {
		t.Logf("listener: %v\nreplayer: %v", finalAccounts(t, m.listener), finalAccounts(t, m.replayer))
	}
}

// A fidelityTest is one request; \n in its head stands for CRLF. Host and
// X-Case, its number, are added.
type fidelityTest struct {
	name, head, sent    string
	line, body, trailer string   // as they arrive; line where it differs
	gone                []string // headers that must not arrive
}

func (f fidelityTest) check(t *testing.T, sent, arrived *record) {
	if sent == nil || arrived == nil {
		t.Fatalf("recorded in production: %t, in staging: %t", sent != nil, arrived != nil)
	}
	line := f.line
	if line == "" {
		line, _, _ = strings.Cut(f.head, "\n")
	}
	if arrived.line != line {
		t.Errorf("request line %q, want %q", arrived.line, line)
	}
	want := []string{"gor-replayed: 1", "host: " + stageIP + ":8001"}
	for _, field := range sent.header {
		name, _, _ := strings.Cut(field, ":")
		if name != "host" && !slices.Contains(f.gone, name) {
			want = append(want, field)
		}
	}
	// Stable: what comes several times keeps its order.
	byName := func(a, b string) int {
		a, _, _ = strings.Cut(a, ":")
		b, _, _ = strings.Cut(b, ":")
		return strings.Compare(a, b)
	}
	slices.SortStableFunc(want, byName)
	slices.SortStableFunc(arrived.header, byName)
	if !slices.Equal(arrived.header, want) {
		t.Errorf("headers %.200q\nwant %.200q", arrived.header, want)
	}
	if arrived.body != f.body || arrived.trailer != f.trailer {
		t.Errorf("body %q, trailer %q, want %q and %q", arrived.body, arrived.trailer, f.body, f.trailer)
	}
}

// A record is a request as a recorder read it; names of headers in lower case.
type record struct {
	line, body, trailer string
	header              []string
}

// A recorder is a server that answers 200 and keeps what it received.
type recorder struct {
	mu      sync.Mutex
	records map[int]*record
}

func (n *namespace) newRecorder(addr string) *recorder {
	n.t.Helper()
	r := &recorder{records: make(map[int]*record)}
	ln := n.listen(addr)
	go func() { // ends with the listener
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go r.converse(c) // ends with its client
		}
	}()
	return r
}

func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.records)
}

func (r *recorder) get(i int) *record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.records[i]
}

func (r *recorder) converse(c net.Conn) {
	defer c.Close()
	br := bufio.NewReader(c)
	for {
		rec, number, err := readRecord(br)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.records[number] = rec
		r.mu.Unlock()
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil {
			return
		}
	}
}

func readRecord(br *bufio.Reader) (rec *record, number int, err error) {
	fields, err := readLines(br)
	if err != nil || len(fields) == 0 {
		return nil, 0, errors.Join(err, io.ErrUnexpectedEOF)
	}
	rec = &record{line: fields[0]}
	body := io.Reader(strings.NewReader(""))
	chunked := false
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, ":")
		name, value = strings.ToLower(name), strings.Trim(value, " \t")
		rec.header = append(rec.header, strings.TrimRight(name+": "+value, " "))
		switch name {
		case "x-case":
			number, err = strconv.Atoi(value)
		case "content-length":
			var n int64
			n, err = strconv.ParseInt(value, 10, 63)
			body = io.LimitReader(br, n)
		case "transfer-encoding":
			body, chunked = httputil.NewChunkedReader(br), true
		}
		if err != nil {
			return nil, 0, err
		}
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, 0, err
	}
	rec.body = string(b)
	if chunked {
		trailer, err := readLines(br)
		if err != nil {
			return nil, 0, err
		}
		rec.trailer = strings.ToLower(strings.Join(trailer, "\n"))
	}
	return rec, number, nil
}

// readLines reads lines up to an empty one.
func readLines(br *bufio.Reader) (lines []string, err error) {
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			return lines, nil
		}
		lines = append(lines, line)
	}
}
