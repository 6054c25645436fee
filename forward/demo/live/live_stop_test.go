//go:build linux

package live

import (
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLiveSignals: each signal ends listener and replayer in order, also where it
// comes twice: what was captured is delivered, the recording is whole, and the
// accounts are out.
func TestLiveSignals(t *testing.T) {
	t.Parallel()
	hangups := make(chan os.Signal, 1) // under nohup the processes would inherit that SIGHUP is ignored, and then ignore it
	signal.Notify(hangups, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(hangups) })
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			recording := filepath.Join(t.TempDir(), "traffic.pcap")
			recorder := m.web.gor("listen", "-p", "80", "--write", recording, "--print")
			m.listen()
			l := m.newLoad(1, 500)
			m.run(l)
			m.sink.await(l.count)
			for _, p := range []*process{recorder, m.listener, m.replayer} {
				p.cmd.Process.Signal(s)
				p.cmd.Process.Signal(s)
				if code := p.wait(); code != 0 {
					t.Fatalf("%s: exit %d:\n%s", p.cmd, code, p.stderr.String())
				}
			}
			listen, replay := finalAccounts(t, m.listener), finalAccounts(t, m.replayer)
			listen.checkListener(t)
			replay.checkTargets(t)
			if sent, got := listen.Requests["sent"], replay.target(t, 0).number("answered"); sent != uint64(l.count) || got != sent {
				t.Errorf("%d sent and %d answered of %d", sent, got, l.count)
			}
			read := m.web.start(nil, gorBinary(t), "listen", "--read", recording, "-p", "80", "--print", "--log-format", "json")
			if code := read.wait(); code != 0 {
				t.Fatalf("the recording: exit %d:\n%s", code, read.stderr.String())
			}
			if n := finalAccounts(t, read).Requests["captured"]; n != uint64(l.count) {
				t.Errorf("the recording has %d requests of %d", n, l.count)
			}
		})
	}
}

// TestLiveDuration: both ends end by themselves, with their accounts.
func TestLiveDuration(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.replay("--duration", "300ms")
	m.listen("--duration", "200ms")
	for _, p := range []*process{m.listener, m.replayer} {
		if code := p.wait(); code != 0 {
			t.Errorf("%s: exit %d:\n%s", p.cmd, code, p.stderr.String())
		}
		finalAccounts(t, p)
	}
}

// TestLiveStopInFlight: requests that a stopping replayer cannot deliver in time,
// in flight or waiting, are counted as stopped, and nothing is said of the target.
// A second signal, not repeated but later, ends the wait.
func TestLiveStopInFlight(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	silent := m.stage.listen(":9000") // accepts, by its backlog, and never answers
	m.replay("-f", "http://"+stageIP+":9000", "--concurrency", "20")
	m.listen()
	l := m.newLoad(1, 100)
	l.conns = 100
	m.run(l)
	m.listener.interrupt()
	start := time.Now()
	m.replayer.cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(1200 * time.Millisecond) // what makes the second signal another one
	m.replayer.interrupt()
	if d := time.Since(start); d > 4500*time.Millisecond {
		t.Errorf("the end took %v", d)
	}
	silent.Close()
	replay := finalAccounts(t, m.replayer)
	replay.checkTargets(t)
	if n := replay.target(t, 0).number("stopped"); n != uint64(l.count) {
		t.Errorf("%d of %d stopped: %v", n, l.count, replay.Targets)
	}
	if log := m.replayer.stderr.String(); strings.Contains(log, "canceled") {
		t.Errorf("log:\n%s", log)
	}
}

// TestLiveStopWithoutAReplayer: a recording that is read into a full buffer, for
// nobody, is left at the first signal within the time for delivery, and that is a
// failure that says what was lost.
func TestLiveStopWithoutAReplayer(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	recording := filepath.Join(t.TempDir(), "traffic.pcap")
	recorder := m.web.gor("listen", "-p", "80", "--write", recording, "--print")
	l := m.newLoad(1, 100)
	l.body = 64 << 10
	m.run(l)
	recorder.interrupt()
	p := m.web.gor("listen", "--read", recording, "-p", "80", "-r", wireAddr, "--wire-buffer", "1MiB", "--stats", "50ms")
	p.await("no replayer there yet")
	p.await(`"msg":"stats"`)
	start := time.Now()
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(); code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("the end took %v", d)
	}
	listen := finalAccounts(t, p)
	listen.checkListener(t)
	lines := strings.Split(strings.TrimSpace(p.stderr.String()), "\n")
	if last := lines[len(lines)-1]; !strings.Contains(last, "was not delivered whole: ") || !strings.Contains(last, "messages_lost=") {
		t.Errorf("the last line is %q", last)
	}
}
