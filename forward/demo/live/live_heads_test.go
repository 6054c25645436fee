//go:build linux

package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLiveOddHeads sends requests whose heads many servers refuse to a real
// nginx, each before two more on its connection. What nginx serves is handed on,
// byte for byte, and so is what follows it. What nginx refuses it has read as
// well, for its log has it: that has a fate in the accounts, and on its
// connection nothing follows.
func TestLiveOddHeads(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	log := m.startLoggingNginx()
	h := m.newRawHost()
	m.listener = m.web.gor("listen", "-p", "80", "--json")
	heads := oddHeads()
	texts := make([][]string, len(heads))
	wanted := 0
	for i, head := range heads {
		texts[i] = head.play(t, h.connect(), caseNumber(i))
		wanted += len(texts[i])
	}
	awaitCount(func() int { return strings.Count(readFile(t, log), "\n") }, wanted)
	m.listener.interrupt()
	served, handedOn := loggedRequests(t, log), printedRequests(t, m.listener)
	missing := 0
	for i, head := range heads {
		t.Run(head.text, func(t *testing.T) {
			k := caseNumber(i)
			if got := served[k]; len(got) != len(texts[i]) {
				t.Errorf("nginx logged %q, of\n%q", got, texts[i])
			}
			switch got := handedOn[k]; {
			case head.refused && len(got) == 0:
				missing++
			case !slices.Equal(got, texts[i]):
				t.Errorf("handed on %q, want\n%q", got, texts[i])
			}
		})
	}
	// A word that is no version makes the stream one of another protocol.
	a := finalAccounts(t, m.listener).Requests
	if known := a["captured"] + a["streams_unknown"]; known != uint64(wanted) || known-a["sent"] != uint64(missing) {
		t.Errorf("of %d requests %d were not handed on: %v", wanted, missing, a)
	}
}

// An oddHead is a head with \n for CRLF, without the empty line at its end.
type oddHead struct {
	text    string
	refused bool // nginx 1.22 responds with 400 and closes
}

// play sends the head and, where nginx serves it, two more requests. It returns
// the requests that nginx reads.
func (o oddHead) play(t *testing.T, c *rawConn, k caseNumber) []string {
	t.Helper()
	odd := strings.ReplaceAll(strings.Replace(o.text, "/1", fmt.Sprintf("/%d/1", k), 1), "\n", "\r\n") + "\r\n\r\n"
	c.send(segment{data: odd})
	c.responses(1)
	status := c.status()
	if refused := status != "200"; refused != o.refused {
		t.Errorf("%q: nginx responds with %s", o.text, status)
	}
	if status != "200" {
		c.closed()
		c.send(segment{at: len(odd), flags: flagFIN}) // nginx writes its log when it need not linger any more
		return []string{odd}
	}
	get, post := k.get(2), k.post(3, "body")
	c.send(segment{at: len(odd), data: get + post})
	c.responses(3)
	return []string{odd, get, post}
}

func oddHeads() []oddHead {
	const host = "\nHost: a"
	return []oddHead{
		{text: "GET /1 HTTP/1.1" + host + "\nX-[id]: 7"},
		{text: "GET /1 HTTP/1.1" + host + "\nno colon in this line", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nno-colon"},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Gr\u00f6\u00dfe: 7"},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Control: a\x01b"},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Control: a\x7fb"},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Latin: M\xfcller"},
		{text: "GET /1 HTTP/1.1" + host + "\nX Y: 7", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Y : 7", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\n: no name", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nX_Y: 7"},
		{text: "GET /1 HTTP/1.1" + host + "\n@#$%: 7"},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Folded: a\n b", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\n\tX-Y: 7", refused: true},
		{text: "GET  /1 HTTP/1.1" + host},
		{text: "GET /1  HTTP/1.1" + host},
		{text: "GET /1 HTTP/1.1 " + host},
		{text: "GET /1 HTTP/1.1\t" + host, refused: true},
		{text: "GET /1\t HTTP/1.1" + host, refused: true},
		{text: "GET /1 x HTTP/1.1" + host, refused: true},
		{text: "GET /1 HTTP/1.2" + host},
		{text: "GET /1 HTTP/01.1" + host, refused: true},
		{text: "GET /1 http/1.1" + host, refused: true},
		{text: "get /1 HTTP/1.1" + host, refused: true},
		{text: "M-SEARCH /1 HTTP/1.1" + host},
		{text: "GET /1?\x01 HTTP/1.1" + host, refused: true},
		{text: "GET /1?\u00e9 HTTP/1.1" + host},
		{text: "GET /1 HTTP/1.1" + host + host, refused: true},
		{text: "GET /1 HTTP/1.1\nX-Y: 7", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nX-Y: a\x00b", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nX-\x00: b", refused: true},
		{text: "GET /1 HTTP/1.1" + host + "\nContent-Length: x", refused: true},
	}
}
