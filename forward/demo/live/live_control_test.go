//go:build linux

package live

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tell runs gor ctl for a socket and returns what it says.
func tell(t *testing.T, socket string, words ...string) string {
	t.Helper()
	out, err := exec.Command(gorBinary(t), append([]string{"ctl", "--control", socket}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("gor ctl %q: %v: %s", words, err, out)
	}
	return string(out)
}

// TestLiveControl changes the limit of a target, pauses it and resumes it while 5,000
// requests come a second: that is in force within a second, and no request is lost nor
// out of its order. A socket that a killed process has left makes way, and each process
// removes its own, but for a listener that has given up the privileges for that.
func TestLiveControl(t *testing.T) {
	t.Parallel()
	const rate = 5000
	m := newMirror(t)
	m.startServer()
	dir := t.TempDir()
	replayer, listener := filepath.Join(dir, "replay.sock"), filepath.Join(dir, "listen.sock")
	stale, err := net.Listen("unix", replayer)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	stale.Close()
	m.replay("--control", replayer, "--max-wait", "60s")
	m.listen("--control", listener)
	l := m.newLoad(1, 8*rate)
	l.rate, l.conns = rate, 64
	ran := make(chan error, 1)
	go func() { ran <- l.run() }()
	m.sink.await(rate)
	// during counts what begins at the target in a second, a second after an order.
	during := func(words ...string) int {
		t.Log(strings.TrimSpace(tell(t, replayer, words...)))
		time.Sleep(time.Second)
		before := m.sink.unique()
		time.Sleep(time.Second)
		return m.sink.unique() - before
	}
	// No more than the limit, on any machine; a busy one may manage less, but more than the limit before.
	if n := during("limit", stageURL, "1000"); n > 1050 || n < 300 {
		t.Errorf("%d requests a second at a limit of 1000", n)
	}
	if n := during("pause", stageURL); n != 0 {
		t.Errorf("%d requests in a pause", n)
	}
	tell(t, replayer, "limit", stageURL, "2000")
	if n := during("resume", stageURL); n > 2100 || n <= 1050 {
		t.Errorf("%d requests a second at a limit of 2000", n)
	}
	if n := during("limit", stageURL, "off"); n < rate/2 && !l.fellShort() {
		t.Errorf("%d requests a second without a limit", n)
	}
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	l.close()
	if got := tell(t, listener, "status"); !strings.Contains(got, "gor listen ") || !strings.Contains(got, ": ready\n") || !strings.Contains(got, fmt.Sprintf("captured=%d", l.count)) {
		t.Errorf("the listener's status: %s", got)
	}
	m.sink.await(l.count)
	tell(t, listener, "deny-path", "^/r/")
	denied := m.newLoad(1_000_000, 10)
	m.run(denied)
	tell(t, listener, "drain")
	if code := m.listener.wait(); code != 0 {
		t.Errorf("drained: exit %d", code)
	}
	m.replayer.interrupt()
	m.sink.check(t, l)
	listen, replay := finalAccounts(t, m.listener), finalAccounts(t, m.replayer)
	listen.checkListener(t)
	replay.checkTargets(t)
	if target := replay.target(t, 0); target.number("answered") != uint64(l.count) || listen.Requests["filtered"] != uint64(denied.count) {
		t.Errorf("%v; listener: %v", target, listen)
	}
	if n := strings.Count(m.replayer.stderr.String(), `"msg":"changed by gor ctl"`); n != 5 {
		t.Errorf("%d changes in the log", n)
	}
	if _, err := os.Lstat(replayer); !os.IsNotExist(err) {
		t.Errorf("the replayer's socket stays behind: %v", err)
	}
}
