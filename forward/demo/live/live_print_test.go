//go:build linux

package live

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLivePrint follows requests on standard output, where nothing is sent.
func TestLivePrint(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.listener = m.web.gor("listen", "-p", "80", "--print")
	l := m.newLoad(1, 100)
	l.conns = 1
	m.run(l)
	for limit := time.Now().Add(patience); strings.Count(m.listener.stdout.String(), "\n") < l.count && time.Now().Before(limit); {
		<-m.listener.stdout.grew
	}
	m.listener.interrupt()
	lines := strings.Split(strings.TrimSuffix(m.listener.stdout.String(), "\n"), "\n")
	if len(lines) != l.count {
		t.Fatalf("%d lines for %d requests:\n%.2000s", len(lines), l.count, m.listener.stdout.String())
	}
	for i, line := range lines {
		if want := " GET /r/" + strconv.Itoa(i+1) + " HTTP/1.1"; !strings.Contains(line, want) || !strings.Contains(line, "> "+webAddr) {
			t.Fatalf("line %d is %q, want it to hold %q", i, line, want)
		}
	}
}

// stdoutPipe makes a command's standard output a pipe, and returns its other end.
func stdoutPipe(t testing.TB) (r *os.File, configure func(*exec.Cmd)) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, func(cmd *exec.Cmd) { cmd.Stdout = w }
}

// get fetches a page from a server in the namespace.
func (n *namespace) get(addr, path string) string {
	n.t.Helper()
	c, err := n.dial("tcp", addr)
	if err != nil {
		n.t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path)
	page, err := io.ReadAll(c)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(page)
}

// TestLivePausedReader: whoever reads standard output has stopped. The mirror
// goes on, metrics and statistics tell so, and what was not printed is counted.
func TestLivePausedReader(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	_, configure := stdoutPipe(t)
	m.listener = m.web.start(configure, gorBinary(t), "listen", "-p", "80", "-r", wireAddr, "--json",
		"--metrics", "127.0.0.1:9090", "--stats", "100ms", "--log-format", "json")
	m.listener.await(`"msg":"listening"`)
	gets, posts := m.newLoad(1, 1000), m.newLoad(10_000, 200)
	posts.body = 50_000
	m.run(gets)
	m.run(posts)
	total := gets.count + posts.count
	m.sink.await(total)
	m.listener.await(fmt.Sprintf(`"requests.sent":%d`, total))
	if page := m.web.get("127.0.0.1:9090", "/metrics"); !strings.Contains(page, fmt.Sprintf("\ngor_listen_requests_captured_total %d\n", total)) {
		t.Errorf("metrics: %s", page)
	}
	listen, _ := m.mirrored(gets, posts)
	if p := listen.Print; p["dropped"] == 0 || p["lines"]+p["dropped"] != uint64(total) {
		t.Errorf("printed: %v of %d", p, total)
	}
}

// TestLiveReaderGone: standard output is closed by its reader after a line, or
// was full from the start. That ends the printing; the mirror goes on. A full disk is
// a failure in the end, a reader that has enough is none.
func TestLiveReaderGone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		end    func(t *testing.T) func(*exec.Cmd)
	}{
		{"after a line", 0, func(t *testing.T) func(*exec.Cmd) {
			r, configure := stdoutPipe(t)
			go func() { // ends with the line, or with the test
				bufio.NewReader(r).ReadString('\n')
				r.Close()
			}()
			return configure
		}},
		{"disk full", 1, func(t *testing.T) func(*exec.Cmd) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { full.Close() })
			return func(cmd *exec.Cmd) { cmd.Stdout = full }
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			m.listener = m.web.start(test.end(t), gorBinary(t), "listen", "-p", "80", "-r", wireAddr, "--print", "--log-format", "json")
			m.listener.await(`"msg":"listening"`)
			l := m.newLoad(1, 1000)
			l.rate = 1000
			m.run(l)
			m.sink.await(l.count)
			m.sink.check(t, l)
			m.listener.cmd.Process.Signal(os.Interrupt)
			if code := m.listener.wait(); code != test.status {
				t.Errorf("exit %d, want %d:\n%s", code, test.status, m.listener.stderr.String())
			}
			listen := finalAccounts(t, m.listener)
			listen.checkListener(t)
			if p := listen.Print; p["dropped"] == 0 || p["lines"]+p["dropped"] != uint64(l.count) {
				t.Errorf("printed: %v of %d", p, l.count)
			}
			if n := strings.Count(m.listener.stderr.String(), "no longer printed"); n != 1 {
				t.Errorf("%d warnings:\n%s", n, m.listener.stderr.String())
			}
		})
	}
}

// TestLiveHead: with `| head -1` the run ends when the reader has enough, as if
// it had been stopped: status 0 and the accounts.
func TestLiveHead(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.listener = m.web.start(nil, "sh", "-c", fmt.Sprintf("{ %s listen -p 80 --print --log-format json; echo status $? >&2; } | head -1", gorBinary(t)))
	m.listener.await(`"msg":"listening"`)
	l := m.newLoad(1, 3000)
	l.rate = 500 // what is printed while head ends brings the error
	m.run(l)
	m.listener.await("status 0")
	m.listener.wait()
	if n := strings.Count(m.listener.stdout.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if a := finalAccounts(t, m.listener); a.Requests["captured"] == 0 || a.Print["lines"] == 0 {
		t.Errorf("accounts: %v", a)
	}
}

// loadFile is a capture file of n requests.
func loadFile(t testing.TB, n int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "load.pcap")
	if err := (&recording{conns: 1000, requests: n / 1000}).write(file); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFileIntoSlowReader: a file waits for its reader, so that nothing is lost.
func TestFileIntoSlowReader(t *testing.T) {
	t.Parallel()
	needRoot(t)
	const requests = 20_000 // 14 MB of JSON, more than is held back
	n := newNamespace(t)
	r, configure := stdoutPipe(t)
	p := n.start(configure, gorBinary(t), "listen", "--read", loadFile(t, requests), "-p", "80", "--json", "--metrics", "127.0.0.1:9090", "--log-format", "json")
	p.await(`"msg":"listening"`)
	var before string
	for limit := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) { // until it waits
		_, page, _ := strings.Cut(n.get("127.0.0.1:9090", "/metrics"), "\r\n\r\n")
		page, _, _ = strings.Cut(page, "process_") // what follows is of the process, and never rests
		if !strings.Contains(page, "captured_total 0\n") && page == before {
			break
		}
		if before = page; time.Now().After(limit) {
			t.Fatalf("it does not come to rest: %s", page)
		}
	}
	select {
	case <-p.ended:
		t.Fatalf("it does not wait: %s", p.stderr.String())
	default:
	}
	lines := 0
	for in := bufio.NewScanner(r); lines < requests && in.Scan(); lines++ {
		if !strings.HasSuffix(in.Text(), `"}`) {
			t.Fatalf("line %d: %q", lines, in.Text())
		}
	}
	if code := p.wait(); code != 0 || lines != requests {
		t.Errorf("exit %d, %d lines of %d", code, lines, requests)
	}
	if a := finalAccounts(t, p); a.Print["lines"] != requests || a.Print["dropped"] != 0 || a.Requests["sent"] != requests {
		t.Errorf("accounts: %v", a)
	}
}

// TestFileIntoPausedReader: a signal ends the waiting, with all accounts.
func TestFileIntoPausedReader(t *testing.T) {
	t.Parallel()
	needRoot(t)
	n := newNamespace(t)
	_, configure := stdoutPipe(t)
	p := n.start(configure, gorBinary(t), "listen", "--read", loadFile(t, 20_000), "-p", "80", "--json", "--stats", "50ms", "--log-format", "json")
	p.await(`"requests.captured"`) // the reader has begun, and soon waits
	p.interrupt()
	a := finalAccounts(t, p)
	if a.Print["dropped"] == 0 || a.Print["lines"]+a.Print["dropped"] != a.Requests["captured"] {
		t.Errorf("accounts: %v", a)
	}
}

// TestFileIntoFullDisk: where printing is all that is done, that it fails is
// the run's failure.
func TestFileIntoFullDisk(t *testing.T) {
	t.Parallel()
	needRoot(t)
	n := newNamespace(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	p := n.start(func(cmd *exec.Cmd) { cmd.Stdout = full }, gorBinary(t), "listen", "--read", loadFile(t, 1000), "-p", "80", "--print", "--log-format", "json")
	if code := p.wait(); code != 1 || !strings.Contains(p.stderr.String(), "no space left") {
		t.Errorf("exit %d: %s", code, p.stderr.String())
	}
	if a := finalAccounts(t, p); a.Print["dropped"] != 1000 {
		t.Errorf("accounts: %v", a)
	}
}

// TestSilentPipe: whoever writes to standard input has stopped. Metrics answer,
// and a signal ends the run.
func TestSilentPipe(t *testing.T) {
	t.Parallel()
	needRoot(t)
	n := newNamespace(t)
	file, err := os.ReadFile(loadFile(t, 1000))
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	p := n.start(func(cmd *exec.Cmd) { cmd.Stdin = r }, gorBinary(t), "listen", "--read", "-", "-p", "80", "--print", "--metrics", "127.0.0.1:9090", "--log-format", "json")
	if _, err := w.Write(file); err != nil {
		t.Fatal(err)
	}
	p.await(`"msg":"listening"`)
	for limit := time.Now().Add(patience); !strings.Contains(n.get("127.0.0.1:9090", "/metrics"), "captured_total 1000\n"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("metrics: %s", n.get("127.0.0.1:9090", "/metrics"))
		}
	}
	p.interrupt()
	if a := finalAccounts(t, p); a.Print["lines"] != 1000 {
		t.Errorf("accounts: %v", a)
	}
}

// TestFileIntoDeadReplayer: a file waits for a replayer that is not there, and
// a signal ends the waiting, with all accounts.
func TestFileIntoDeadReplayer(t *testing.T) {
	t.Parallel()
	needRoot(t)
	n := newNamespace(t)
	p := n.start(nil, gorBinary(t), "listen", "--read", loadFile(t, 20_000), "-p", "80", "-r", "127.0.0.1:9", "--wire-buffer", "1MiB", "--stats", "50ms", "--log-format", "json")
	p.await(`"requests.captured"`) // the reader has begun, and soon waits
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(); code != 1 || !strings.Contains(p.stderr.String(), "was not delivered whole") {
		t.Errorf("exit %d, want 1 with a line that says what was not delivered:\n%s", code, p.stderr.String())
	}
	a := finalAccounts(t, p)
	if a.Requests["queue_full"] == 0 && a.Requests["captured"] > 1000 || // else it was not full yet
		a.Requests["sent"]+a.dropped() != a.Requests["captured"] {
		t.Errorf("accounts: %v", a)
	}
}
