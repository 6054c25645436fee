//go:build linux

package live

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// nobody is the unprivileged user of the tests; its number is the same
// wherever Linux is.
const nobody = 65534

// TestLiveDropPrivileges starts the listener as root: once it listens it is
// nobody, on every thread, for good, and does all of its work.
func TestLiveDropPrivileges(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	tape := filepath.Join(t.TempDir(), "tape.pcap")
	m.listen("--write", tape)
	before := m.newLoad(1, 500)
	m.run(before)
	checkUnprivileged(t, m.listener.cmd.Process.Pid)
	m.mirrored(before)
	if n := len(m.requestsIn(tape)); n != before.count {
		t.Errorf("%d requests in the file, want %d", n, before.count)
	}
}

// TestLiveOtherUser gives the listener another user to become, and one that
// does not exist.
func TestLiveOtherUser(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listen("--user", "daemon")
	l := m.newLoad(1, 100)
	m.run(l)
	if status := threadStatus(t, m.listener.cmd.Process.Pid)[0]; !strings.Contains(status, "\nUid:\t1\t1\t1\t1\n") {
		t.Errorf("the listener is not daemon:\n%s", status)
	}
	m.mirrored(l)

	p := m.web.start(nil, gorBinary(t), "listen", "-p", "80", "--user", "no-such-user")
	if code := p.wait(); code == 0 || !strings.Contains(p.stderr.String(), "no-such-user") {
		t.Errorf("a user that does not exist: exit %d: %s", code, p.stderr.String())
	}
}

// checkUnprivileged fails unless no thread of the process can do more than
// nobody can, or ever will.
func checkUnprivileged(t testing.TB, pid int) {
	t.Helper()
	none := strings.Repeat("0", 16)
	for _, status := range threadStatus(t, pid) {
		for _, want := range []string{
			"\nUid:\t65534\t65534\t65534\t65534\n", "\nGid:\t65534\t65534\t65534\t65534\n",
			"\nCapInh:\t" + none, "\nCapPrm:\t" + none, "\nCapEff:\t" + none, "\nCapAmb:\t" + none, "\nNoNewPrivs:\t1\n",
		} {
			if !strings.Contains(status, want) {
				t.Errorf("a thread of the listener lacks %q:\n%s", want, status)
			}
		}
		groups, _, _ := strings.Cut(status[strings.Index(status, "\nGroups:")+len("\nGroups:"):], "\n")
		if g := strings.TrimSpace(groups); g != "" && g != "65534" {
			t.Errorf("a thread of the listener is still in the groups %s", g)
		}
	}
}

// threadStatus is /proc/PID/task/TID/status of each thread.
func threadStatus(t testing.TB, pid int) (all []string) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		t.Fatalf("no threads of process %d: %v", pid, err)
	}
	for _, file := range files {
		if status, err := os.ReadFile(file); err == nil { // else the thread has just ended
			all = append(all, string(status))
		}
	}
	return all
}

// TestLiveCapNetRaw starts the listener as a user who may open packet sockets
// and nothing else, in the two ways there are to be that.
func TestLiveCapNetRaw(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needTools(t, "setcap")
	program := copyBinary(t, publicDir(t))
	withCap := copyBinary(t, publicDir(t))
	if out, err := exec.Command("setcap", "cap_net_raw+ep", withCap).CombinedOutput(); err != nil {
		t.Fatalf("setcap: %v: %s", err, out)
	}
	for _, test := range []struct {
		name, program string
		ambient       []uintptr
	}{
		{"ambient capability", program, []uintptr{unix.CAP_NET_RAW}},
		{"file capability", withCap, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			m.listener = m.web.start(asNobody(test.ambient...), test.program,
				"listen", "-p", "80", "-r", wireAddr, "--log-format", "json")
			m.listener.await(`"msg":"listening"`)
			l := m.newLoad(1, 500)
			m.run(l)
			checkUnprivileged(t, m.listener.cmd.Process.Pid)
			m.mirrored(l)
		})
	}
}

// TestLiveRootWithNetRaw starts the listener as a root that may open packet
// sockets and do nothing else, as a hardened container has it: it captures, drops
// what it can, and says once what it cannot.
func TestLiveRootWithNetRaw(t *testing.T) {
	t.Parallel()
	needTools(t, "setpriv")
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listener = m.web.start(nil, "setpriv", "--bounding-set=-all,+net_raw", "--inh-caps=-all", gorBinary(t),
		"listen", "-p", "80", "-r", wireAddr, "--log-format", "json")
	m.listener.await(`"msg":"listening"`)
	l := m.newLoad(1, 500)
	m.run(l)
	none := strings.Repeat("0", 16)
	for _, status := range threadStatus(t, m.listener.cmd.Process.Pid) {
		for _, want := range []string{"\nCapPrm:\t" + none, "\nCapEff:\t" + none, "\nCapAmb:\t" + none, "\nNoNewPrivs:\t1\n"} {
			if !strings.Contains(status, want) {
				t.Errorf("a thread of the listener lacks %q:\n%s", want, status)
			}
		}
	}
	if n := strings.Count(m.listener.stderr.String(), "may not become another user"); n != 1 {
		t.Errorf("%d warnings, want one:\n%s", n, m.listener.stderr.String())
	}
	m.mirrored(l)
}

// TestLiveNoPrivilege is refused in one line that says what to do.
func TestLiveNoPrivilege(t *testing.T) {
	t.Parallel()
	needRoot(t)
	n := newNamespace(t)
	p := n.start(asNobody(), copyBinary(t, publicDir(t)), "listen", "-p", "80", "-r", wireAddr)
	code := p.wait()
	said := p.stderr.String()
	if code != 1 || strings.Count(said, "\n") != 1 || !strings.Contains(said, "sudo") || !strings.Contains(said, "setcap cap_net_raw+ep") {
		t.Errorf("exit %d, want 1 and one line that names sudo and setcap cap_net_raw+ep:\n%s", code, said)
	}
}

// asNobody runs a command as nobody with just the capabilities given.
func asNobody(ambient ...uintptr) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) {
		cmd.Dir = "/"
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		cmd.SysProcAttr.AmbientCaps = ambient
	}
}

// publicDir is a temporary directory that every user may enter.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gor-live-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
