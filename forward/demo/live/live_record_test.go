//go:build linux

package live

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
			if n, rest := recordsIn(t, tape); n == 0 || rest != 0 || uint64(n) != a.Recording["recorded"] {
				t.Errorf("%d packets and %d bytes in the file, %d recorded", n, rest, a.Recording["recorded"])
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
	written := func() int { n, _ := recordsIn(t, tape); return n }
	whole := before.count + 2*before.conns // packets: one for each request, a SYN and a FIN for each connection
	awaitCount(written, whole)
	during.rate = 400
	ended := make(chan error)
	go func() { ended <- during.run() }()
	m.sink.await(before.count + during.count/4)
	m.listener.kill()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	during.close()
	if n, rest := recordsIn(t, tape); n < whole || rest != 0 {
		t.Errorf("%d packets and %d bytes in the file, want %d packets at least", n, rest, whole)
	}
	if n := len(m.requestsIn(tape)); n < before.count {
		t.Errorf("%d requests in the file, want %d at least", n, before.count)
	}
}

// recordsIn counts the packets of a pcap file, and the bytes behind the last
// whole one: a write that is on its way may be seen in part.
func recordsIn(t *testing.T, name string) (n, rest int) {
	t.Helper()
	b := []byte(readFile(t, name))
	for b = b[min(24, len(b)):]; len(b) >= 16; n++ {
		size := 16 + int(binary.LittleEndian.Uint32(b[8:]))
		if len(b) < size {
			break
		}
		b = b[size:]
	}
	return n, len(b)
}
