//go:build linux

package live

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLiveKilledWhileRecording: what a second ago was captured is in the file,
// which ends with a whole record.
func TestLiveKilledWhileRecording(t *testing.T) {
	t.Parallel()
	needTools(t, "tcpdump")
	m := newMirror(t)
	m.startServer()
	m.replay()
	tape := filepath.Join(t.TempDir(), "tape.pcap")
	m.listen("-i", "w0", "--write", tape)
	before, during := m.newLoad(1, 500), m.newLoad(10_000, 3000)
	m.run(before)
	m.sink.await(before.count)
	for limit := time.Now().Add(patience); len(m.requestsIn(tape)) < before.count; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%d of %d requests in the file while it is being written", len(m.requestsIn(tape)), before.count)
		}
	}
	during.rate = 1000
	done := make(chan error, 1)
	go func() { done <- during.run() }()
	m.sink.await(before.count + during.count/2)
	m.listener.kill()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	during.close()
	p := m.web.start(nil, "tcpdump", "-Z", "root", "-r", tape, "-w", os.DevNull)
	if code := p.wait(); code != 0 || strings.Contains(p.stderr.String(), "truncated") {
		t.Errorf("tcpdump reads the file: exit %d: %s", code, p.stderr.String())
	}
	if n := len(m.requestsIn(tape)); n < before.count {
		t.Errorf("%d requests in the file after the kill, %d before", n, before.count)
	}
}

// TestLiveRecordingDiskFull: a full disk ends the recording, with one warning
// and a count, and nothing else.
func TestLiveRecordingDiskFull(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	disk := t.TempDir()
	if err := syscall.Mount("gor-test", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	tape := filepath.Join(disk, "tape.pcap")
	m.listen("-i", "w0", "--write", tape)
	l := m.newLoad(1, 3000) // 600 KB
	l.rate = 1000
	m.run(l)
	m.sink.await(l.count)
	m.listener.cmd.Process.Signal(os.Interrupt)
	if code := m.listener.wait(); code != 1 {
		t.Errorf("exit %d: what was asked for could not be done", code)
	}
	m.replayer.interrupt()
	m.sink.check(t, l)
	if a := finalAccounts(t, m.listener).Recording; a["recorded"] == 0 || a["record_dropped"] == 0 {
		t.Errorf("recording: %v", a)
	}
	if n := strings.Count(m.listener.stderr.String(), `"level":"WARN","msg":"recording`); n != 1 {
		t.Errorf("%d warnings:\n%s", n, m.listener.stderr.String())
	}
	if n := len(m.requestsIn(tape)); n == 0 || n >= l.count {
		t.Errorf("%d requests of %d in the file", n, l.count)
	}
}
