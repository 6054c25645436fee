//go:build linux

package live

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// intoContainer makes a process what a container runtime makes it: root directory,
// read only; user; the capabilities it keeps. Then it is /gor with the rest of the
// arguments.
const intoContainer = `
import ctypes, os, sys
root, user, keep = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
libc = ctypes.CDLL(None, use_errno=True)
def call(f, *args):
    if f(*args) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f.__name__)
NEWNS, BIND, REC, PRIVATE, REMOUNT, RDONLY = 0x20000, 0x1000, 0x4000, 1 << 18, 0x20, 1
call(libc.unshare, NEWNS)
call(libc.mount, b"none", b"/", None, REC | PRIVATE, None)
call(libc.mount, root.encode(), root.encode(), None, BIND, None)
call(libc.mount, b"none", root.encode(), None, BIND | REMOUNT | RDONLY, None)
os.chroot(root)
os.chdir("/")
for capability in range(64):
    if not (capability == 13 and "NET_RAW" in keep) and libc.prctl(23, capability, 0, 0, 0) == 1:
        call(libc.prctl, 24, capability, 0, 0, 0)
os.setgroups([])
os.setgid(user)
os.setuid(user)
call(libc.prctl, 38, 1, 0, 0, 0)
os.execve("/gor", ["/gor"] + sys.argv[4:], os.environ)
`

// A container is what a manifest says of one.
type container struct {
	user string
	caps string
	args []string
	env  []string
}

// containerOf reads the container of the object of that kind in the manifest that gor
// itself prints.
func containerOf(t *testing.T, kind string) container {
	t.Helper()
	manifest, err := exec.Command(gorBinary(t), "help", "kubernetes").Output()
	if err != nil {
		t.Fatal(err)
	}
	for object := range strings.SplitSeq(string(manifest), "\n---\n") {
		if !strings.Contains(object, "\nkind: "+kind+"\n") {
			continue
		}
		one := func(pattern string) string {
			found := regexp.MustCompile(pattern).FindStringSubmatch(object)
			if found == nil {
				return ""
			}
			return found[1]
		}
		c := container{user: one(`runAsUser: (\d+)\n`), caps: one(`add: \[(.*)\]\n`)}
		for arg := range strings.SplitSeq(one(`args: \[(.*)\]\n`), ", ") {
			c.args = append(c.args, strings.Trim(arg, `"`))
		}
		for _, v := range regexp.MustCompile(`- name: (GOR_\w+)\n +value: "?([^"\n]*)"?\n`).FindAllStringSubmatch(object, -1) {
			c.env = append(c.env, v[1]+"="+v[2])
		}
		for _, must := range []string{"drop: [ALL]\n", "readOnlyRootFilesystem: true\n", "allowPrivilegeEscalation: false\n"} {
			if !strings.Contains(object, must) {
				t.Errorf("the %s lacks %q", kind, must)
			}
		}
		return c
	}
	t.Fatalf("no %s in the manifest", kind)
	return container{}
}

// run starts the container in a namespace; of its root's files hosts alone is not the
// binary. set replaces variables of the manifest.
func (c *container) run(n *namespace, hosts string, set ...string) *process {
	n.t.Helper()
	root := publicDir(n.t)
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		n.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(hosts), 0o644); err != nil {
		n.t.Fatal(err)
	}
	copyBinary(n.t, root)
	args := append([]string{"-c", intoContainer, root, c.user, c.caps}, c.args...)
	env := slices.Concat([]string{"PATH=" + os.Getenv("PATH"), "GOR_LOG_FORMAT=json"}, c.env, set) // the last of a name counts
	return n.start(func(cmd *exec.Cmd) { cmd.Env = env }, "python3", args...)
}

// TestLiveContainer runs both halves as the manifest has them: in a root directory that
// holds the binary alone and cannot be written, with the manifest's user, capabilities,
// arguments and variables, of which only the server's port and the target are the
// test's. Probes ask what the manifest's ask.
func TestLiveContainer(t *testing.T) {
	t.Parallel()
	needTools(t, "python3", "curl")
	m := newMirror(t)
	m.startServer()
	replay, listen := containerOf(t, "Deployment"), containerOf(t, "DaemonSet")
	m.replayer = replay.run(m.stage, "127.0.0.1 localhost\n", "GOR_FORWARD="+stageURL, "GOR_SECRET="+strings.Repeat("k", 44))
	m.replayer.await(`"msg":"replaying"`)
	m.listener = listen.run(m.web, stageIP+" gor-replay.mirror.svc\n", "GOR_PORT=80", "GOR_SECRET="+strings.Repeat("k", 44))
	m.listener.await(`"msg":"listening"`)
	m.ready(m.web, "http://127.0.0.1:9101")
	m.ready(m.stage, "http://127.0.0.1:9100")
	l := m.newLoad(1, 500)
	m.run(l)
	m.mirrored(l)
}

// ready waits until the probes of a process are content.
func (m *mirror) ready(n *namespace, url string) {
	m.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		p := n.start(nil, "curl", "-sf", url+"/healthz", "-o", "/dev/null", url+"/readyz")
		if p.wait() == 0 {
			return
		}
		if time.Now().After(limit) {
			m.t.Fatal(fmt.Errorf("%s is not ready: %s", url, p.stdout.String()))
		}
	}
}
