//go:build linux

package live

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestLiveCurl mirrors a real client: bodies with and without 100-continue,
// chunked uploads, several requests on a connection.
func TestLiveCurl(t *testing.T) {
	t.Parallel()
	needTools(t, "curl")
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listen()
	body := bytes.Repeat([]byte("0123456789abcdef\x00\r\n\r\nGET / HTTP/1.1\r\n"), 60_000) // 2.3 MB
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, test := range []struct {
		method string
		body   []byte
		args   []string
	}{
		{"GET", nil, nil},
		{"PURGE", nil, []string{"-X", "PURGE"}},
		{"POST", []byte("a=b"), []string{"-d", "a=b"}},
		{"POST", body, []string{"-H", "Expect: 100-continue", "--data-binary", "@" + file}},
		{"POST", body, []string{"-H", "Expect:", "--data-binary", "@" + file}},
		{"PUT", body, []string{"-H", "Expect: 100-continue", "-T", file}},
		{"PUT", body, []string{"-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "-T", file}},
		{"PUT", body, []string{"-H", "Transfer-Encoding: chunked", "-H", "Expect:", "-T", file}},
	} {
		target := "/r/" + strconv.Itoa(i+1)
		args := append([]string{"-sS", "-f", "-H", fmt.Sprintf("X-Sum: %08x", checksum(test.method, target, test.body))}, test.args...)
		m.client.command("curl", append(args, "http://10.99.1.1"+target)...)
	}
	m.mirrored(&load{first: 1, count: 8})
}

// TestLivePython mirrors a client that writes header and body apart and reuses
// its connection.
func TestLivePython(t *testing.T) {
	t.Parallel()
	needTools(t, "python3")
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listen()
	body := bytes.Repeat([]byte("python"), 50_000)
	var script strings.Builder
	script.WriteString("import http.client\nc = http.client.HTTPConnection('10.99.1.1', 80)\nbody = b'python' * 50000\n")
	const requests = 12
	for i := range requests {
		target := "/r/" + strconv.Itoa(i+1)
		switch i % 3 {
		case 0:
			fmt.Fprintf(&script, "c.request('GET', '%s', headers={'X-Sum': '%08x'})\n", target, checksum("GET", target, nil))
		case 1:
			fmt.Fprintf(&script, "c.request('POST', '%s', body, {'X-Sum': '%08x'})\n", target, checksum("POST", target, body))
		case 2:
			fmt.Fprintf(&script, "c.request('POST', '%s', iter([body[:7], body[7:]]), {'X-Sum': '%08x'}, encode_chunked=True)\n", target, checksum("POST", target, body))
		}
		script.WriteString("r = c.getresponse()\nr.read()\nassert r.status == 200\n")
	}
	m.client.command("python3", "-c", script.String())
	m.mirrored(&load{first: 1, count: requests})
}

// TestLiveSecondOpinion records the same traffic with tcpdump and with
// listen --write: both files hold the same requests, and tshark counts as many.
func TestLiveSecondOpinion(t *testing.T) {
	t.Parallel()
	needTools(t, "tcpdump", "tshark")
	m := newMirror(t)
	m.startServer()
	m.replay()
	dir := t.TempDir()
	ours, theirs := filepath.Join(dir, "gor.pcap"), filepath.Join(dir, "tcpdump.pcap")
	dump := m.web.start(nil, "tcpdump", "-i", "w0", "-s", "0", "-B", "65536", "--immediate-mode", "-Z", "root", "-w", theirs, "tcp dst port 80")
	dump.await("listening on")
	m.listen("-i", "w0", "--write", ours)
	gets, posts := m.newLoad(1, 1000), m.newLoad(10000, 100)
	gets.rate, posts.body, posts.rate = 1000, 20_000, 100
	m.run(gets)
	m.run(posts)
	m.mirrored(gets, posts)
	dump.interrupt()

	a, b := m.requestsIn(ours), m.requestsIn(theirs)
	if len(a) != gets.count+posts.count {
		t.Errorf("%d requests in what gor wrote, want %d", len(a), gets.count+posts.count)
	}
	if !slices.Equal(a, b) {
		t.Errorf("gor wrote a capture of %d requests, tcpdump one of %d, and they differ", len(a), len(b))
	}
	for _, file := range []string{ours, theirs} {
		out := m.web.command("tshark", "-r", file, "-d", "tcp.port==80,http", "-Y", "http.request", "-T", "fields", "-e", "http.request.method")
		if n := len(strings.FieldsFunc(out, func(r rune) bool { return r == ',' || r == '\n' })); n != gets.count+posts.count {
			t.Errorf("tshark finds %d requests in %s, want %d", n, filepath.Base(file), gets.count+posts.count)
		}
	}
}

// requestsIn reads a capture file with gor: client and bytes of each request,
// sorted.
func (m *mirror) requestsIn(file string) (requests []string) {
	m.t.Helper()
	p := m.web.start(nil, gorBinary(m.t), "listen", "--read", file, "-p", "80", "--json")
	if code := p.wait(); code != 0 {
		m.t.Fatalf("listen --read %s: exit %d: %s", file, code, p.stderr.String())
	}
	for line := range strings.Lines(p.stdout.String()) {
		var r struct{ Client, Raw string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			m.t.Fatalf("%q: %v", line, err)
		}
		raw, err := base64.StdEncoding.DecodeString(r.Raw)
		if err != nil {
			m.t.Fatalf("%q: %v", line, err)
		}
		requests = append(requests, r.Client+" "+string(raw))
	}
	slices.Sort(requests)
	return requests
}
