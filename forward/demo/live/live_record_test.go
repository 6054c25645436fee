//go:build linux

package live

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLiveRecordingStalls: whoever reads the recording has stopped, or its disk
// is full. The mirror goes on, what is missing in the recording is counted, and
// that it has ended is said once.
func TestLiveRecordingStalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		tape func(t *testing.T, dir string) (file string)
	}{
		{"paused reader", func(t *testing.T, dir string) string {
			name := filepath.Join(dir, "fifo")
			if err := unix.Mkfifo(name, 0o600); err != nil {
				t.Fatal(err)
			}
			reader, err := os.OpenFile(name, os.O_RDWR, 0) // it opens at once, and never reads
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { reader.Close() })
			return name
		}},
		{"full disk", func(t *testing.T, dir string) string {
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
			return filepath.Join(dir, "tape.pcap")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			tape := test.tape(t, t.TempDir())
			m.listen("--write", tape)
			l := m.newLoad(1, 300)
			l.body = 100_000 // more than is held back for a tape
			m.run(l)
			m.sink.await(l.count)
			m.sink.check(t, l)
			m.listener.cmd.Process.Signal(os.Interrupt)
			code := m.listener.wait()
			a := finalAccounts(t, m.listener)
			a.checkListener(t)
			warns := strings.Count(m.listener.stderr.String(), "recording has ended early")
			if code != 1 || warns != 1 || a.Requests["sent"] != uint64(l.count) || a.Recording["record_dropped"] == 0 {
				t.Errorf("exit %d, %d warnings:\n%s", code, warns, m.listener.stderr.String())
			}
			if !strings.HasSuffix(tape, ".pcap") {
				return
			}
			if n := recordsIn(t, tape); n == 0 || uint64(n) != a.Recording["recorded"] {
				t.Errorf("%d packets in the file, %d recorded", n, a.Recording["recorded"])
			}
		})
	}
}

// TestLiveRecordingSurvivesKill: what a listener has recorded is there although
// it was killed: whole records, those of the last second at most missing.
func TestLiveRecordingSurvivesKill(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	tape := filepath.Join(t.TempDir(), "tape.pcap")
	m.listen("--write", tape)
	before, during := m.newLoad(1, 500), m.newLoad(10_000, 400)
	m.run(before)
	sent := time.Now()
	for recordsIn(t, tape) < before.count { // a packet for each, and those of the handshakes
		if time.Since(sent) > patience {
			t.Fatalf("%d packets in the file", recordsIn(t, tape))
		}
		time.Sleep(10 * time.Millisecond)
	}
	during.body, during.rate = 50_000, 400
	ended := make(chan error)
	go func() { ended <- during.run() }()
	m.sink.await(before.count + during.count/4)
	m.listener.kill()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	during.close()
	if n := recordsIn(t, tape); n < before.count {
		t.Errorf("%d packets in the file", n)
	}
	if n := len(m.requestsIn(tape)); n < before.count {
		t.Errorf("%d requests in the file, want %d at least", n, before.count)
	}
}

// recordsIn counts the packets of a pcap file, which has to end where a record
// does.
func recordsIn(t *testing.T, name string) (n int) {
	t.Helper()
	b := []byte(readFile(t, name))
	if len(b) < 24 {
		t.Fatalf("a file of %d bytes", len(b))
	}
	for b = b[24:]; len(b) > 0; n++ {
		if len(b) < 16 || len(b)-16 < int(binary.LittleEndian.Uint32(b[8:])) {
			t.Fatalf("the file ends inside of record %d", n)
		}
		b = b[16+binary.LittleEndian.Uint32(b[8:]):]
	}
	return n
}
