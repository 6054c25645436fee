//go:build linux

package live

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// folderOf is a folder of root's that others may do with what its mode says.
func folderOf(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// clerks are the processes that make files of a recording in the place of a gor
// that has dropped its privileges, by the file's name.
func clerks(t *testing.T, stem string) (n int) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		if b, err := os.ReadFile(p); err == nil && strings.Contains(string(b), "\x00-clerk-of-a-recording\x00"+stem+"\x00") {
			n++
		}
	}
	return n
}

// recordings are the files of a folder, in order.
func recordings(t *testing.T, dir string) (names []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// judge has tcpdump and tshark read capture files, and returns how many packets each
// found. Of a file that a kill has cut they may say so, behind its last whole record.
func judge(t *testing.T, names []string, cut bool) (tcpdump, tshark int) {
	t.Helper()
	needTools(t, "tcpdump", "tshark", "gzip")
	lines := func(name, excuse, command string) int {
		out, err := exec.Command("sh", "-c", command, "sh", name).CombinedOutput()
		if text := string(out); strings.Contains(text, excuse) != (err != nil) || err != nil && !cut {
			t.Errorf("%s of %s: %v:\n%s", command, name, err, text[max(0, len(text)-500):])
		}
		n := 0
		for line := range strings.Lines(string(out)) {
			if line[0] >= '0' && line[0] <= '9' {
				n++
			}
		}
		return n
	}
	for _, name := range names {
		shown := name
		if strings.HasSuffix(name, ".gz") { // which tcpdump cannot read
			shown = filepath.Join(t.TempDir(), "plain.pcap")
			out, err := exec.Command("gzip", "-dc", name).Output()
			if err == nil || cut {
				err = os.WriteFile(shown, out, 0o600)
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		tcpdump += lines(shown, "truncated dump file", `tcpdump -nn -tt -r "$1"`)
		tshark += lines(name, "cut short", `tshark -n -r "$1" -T fields -e frame.number`)
	}
	return tcpdump, tshark
}

// TestLiveRecordingRotates: under load the files of a recording follow each other,
// none is larger than it may be, and together they hold each request.
func TestLiveRecordingRotates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		size   int // KiB
		mode   os.FileMode
		clerks int
	}{{"rotating.pcap", 300, 0o777, 0}, {"rotating-too.pcap.gz", 64, 0o700, 1}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			dir, limit := folderOf(t, test.mode), int64(test.size<<10)
			m.listen("--write", filepath.Join(dir, test.name), "--write-size", fmt.Sprintf("%dKiB", test.size))
			stem, _, _ := strings.Cut(test.name, ".")
			if n := clerks(t, stem); n != test.clerks {
				t.Errorf("%d processes make the files, want %d", n, test.clerks)
			}
			l := m.newLoad(1, 3000)
			l.body, l.conns = 100, 50
			m.run(l)
			listen, _ := m.mirrored(l)
			if n := clerks(t, stem); n != 0 {
				t.Errorf("%d processes are left", n)
			}
			names := recordings(t, dir)
			if len(names) < 2 || uint64(len(names)) != listen.Recording["record_files"] {
				t.Errorf("files %q, accounts %v", names, listen.Recording)
			}
			for _, name := range names {
				if info, err := os.Stat(name); err != nil || info.Size() > limit {
					t.Errorf("%s has %d bytes: %v", name, info.Size(), err)
				}
			}
			tcpdump, tshark := judge(t, names, false)
			if n := int(listen.Recording["recorded"]); tcpdump != n || tshark != n || listen.Recording["record_dropped"] != 0 {
				t.Errorf("tcpdump found %d packets, tshark %d, accounts %v", tcpdump, tshark, listen.Recording)
			}
			if n := len(m.requestsIn(filepath.Join(dir, "*"))); n != l.count {
				t.Errorf("%d requests are recorded, %d were sent", n, l.count)
			}
		})
	}
}

// TestLiveRecordingRotationKilled: whenever a listener is killed, what it had said to
// have recorded is there, in files that everybody can read. With -full it is killed at
// many moments.
func TestLiveRecordingRotationKilled(t *testing.T) {
	t.Parallel()
	moments := map[string][]int{"killed.pcap": {2000}, "killed-too.pcap.gz": {3000}}
	for name, after := range moments {
		if *full {
			for n := 40; n < 6000; n += 297 {
				after = append(after, n)
			}
		}
		for _, n := range after {
			t.Run(fmt.Sprint(name, " after ", n), func(t *testing.T) {
				if !*full {
					t.Parallel()
				}
				killedRecording(t, name, n)
			})
		}
	}
}

// killedRecording kills a listener that records when some of 6,000 requests have gone on.
func killedRecording(t *testing.T, name string, after int) {
	m := newMirror(t)
	m.startServer()
	m.replay()
	dir := folderOf(t, 0o700)
	m.listen("--write", filepath.Join(dir, name), "--write-size", "500KiB", "--metrics", "127.0.0.1:9090")
	l := m.newLoad(1, 6000)
	l.body, l.conns, l.rate = 300, 20, 3000
	ended := make(chan error)
	go func() { ended <- l.run() }()
	m.sink.await(after)
	recorded := m.recorded()
	m.listener.kill()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	l.close()
	stem, _, _ := strings.Cut(name, ".")
	awaitCount(func() int { return 1 - clerks(t, stem) }, 1) // it ends with whom it works for
	if n := clerks(t, stem); n != 0 {
		t.Errorf("%d processes are left", n)
	}
	tcpdump, tshark := judge(t, recordings(t, dir), true)
	if recorded == 0 && after >= 2000 || tcpdump < recorded || tshark < recorded {
		t.Errorf("%d packets were recorded, tcpdump finds %d, tshark %d", recorded, tcpdump, tshark)
	}
	if tcpdump == 0 {
		return // nobody finds a request in files without a packet
	}
	if n := len(m.requestsIn(filepath.Join(dir, "*"))); n < recorded-l.conns {
		t.Errorf("%d requests of %d packets", n, recorded)
	}
}

// recorded is how many packets the listener says that it has recorded.
func (m *mirror) recorded() (n int) {
	m.t.Helper()
	const name = "\ngor_listen_recording_recorded_total "
	_, value, _ := strings.Cut(m.web.get("127.0.0.1:9090", "/metrics"), name)
	value, _, _ = strings.Cut(value, "\n")
	n, err := strconv.Atoi(value)
	if err != nil {
		m.t.Errorf("how many packets are recorded: %v", err)
	}
	return n
}

// TestLiveRecordingFullDisk: what had room on a disk that is full can be read, and
// what found none is counted.
func TestLiveRecordingFullDisk(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tape.pcap", "tape.pcap.gz"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			dir := t.TempDir()
			if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k,mode=777"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
			m.listen("--write", filepath.Join(dir, name), "--write-size", "64KiB")
			l := m.newLoad(1, 3000)
			l.body = 1000
			m.run(l)
			m.sink.await(l.count)
			m.listener.cmd.Process.Signal(os.Interrupt)
			code := m.listener.wait()
			a := finalAccounts(t, m.listener)
			a.checkListener(t)
			n := int(a.Recording["recorded"])
			tcpdump, tshark := judge(t, recordings(t, dir), false)
			if code != 1 || n == 0 || tcpdump != n || tshark != n || a.Recording["record_dropped"] == 0 || a.Requests["sent"] != uint64(l.count) {
				t.Errorf("exit %d, tcpdump finds %d packets, tshark %d, accounts %v", code, tcpdump, tshark, a)
			}
		})
	}
}

// TestLiveReplayRecords: what arrives at a replayer is recorded as packets that
// everybody can read, with the addresses and the order of the original.
func TestLiveReplayRecords(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	here, there := filepath.Join(t.TempDir(), "tape.pcap"), filepath.Join(t.TempDir(), "tape.pcap")
	m.replay("--write", there)
	m.listen("--write", here)
	l, large := m.newLoad(1, 2000), m.newLoad(1_000_000, 20)
	large.body = 200_000
	m.run(l)
	m.run(large)
	_, replay := m.mirrored(l, large)
	tcpdump, tshark := judge(t, []string{there}, false)
	if n := int(replay.Recording["recorded"]); tcpdump != n || tshark != n || n < 2*2020 {
		t.Errorf("tcpdump finds %d packets, tshark %d, accounts %v", tcpdump, tshark, replay.Recording)
	}
	captured, arrived := m.requestsIn(here), m.requestsIn(there)
	if len(captured) != l.count+large.count || !slices.Equal(captured, arrived) {
		t.Errorf("%d requests were captured, %d recorded where they arrived", len(captured), len(arrived))
	}
	bad, err := exec.Command("tshark", "-n", "-o", "tcp.check_checksum:TRUE", "-r", there, "-Y", "tcp.checksum.status == 0 || tcp.analysis.flags").Output()
	if len(bad) > 0 || err != nil {
		t.Errorf("packets that tshark finds fault with: %v\n%.500s", err, bad)
	}
	streams, err := exec.Command("tshark", "-n", "-r", there, "-T", "fields", "-e", "tcp.stream", "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0").Output()
	if n := strings.Count(string(streams), "\n"); err != nil || n != len(m.sink.last) {
		t.Errorf("%d connections, want the %d on which requests came: %v", n, len(m.sink.last), err)
	}
}
