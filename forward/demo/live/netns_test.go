//go:build linux

package live

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// roleEnv makes the test binary play the yardstick of the listener's benchmark,
// the bare loop of the files', the sleeper of the recordings', or become a program that
// may not open packet sockets.
const roleEnv = "GOR_TEST_ROLE"

// patience bounds everything the live tests wait for. It is far more than any
// of it takes on an idle machine: a test that hits it has failed.
const patience = 60 * time.Second

// moreAtOnce lets four of the tests that run in parallel do so where there are fewer
// processors, unless the command line says how many: most of their time is spent
// waiting, for a cut to end or for silence to be noticed.
func moreAtOnce() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said && runtime.GOMAXPROCS(0) < 4 {
		flag.Set("test.parallel", "4")
	}
}

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "yardstick":
		os.Exit(yardstick(os.Args[1:], os.Stderr))
	case "bare loop":
		if err := bareLoop(os.Args[1], os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case "sealed":
		fmt.Fprintln(os.Stderr, sealed(os.Getenv(sealedEnv), os.Args[1:]))
		os.Exit(1)
	case "sleeper":
		if err := sleep(os.Args[1], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	dir, err := os.MkdirTemp("", "gor-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	buildGor = sync.OnceValues(func() (string, error) { return build(filepath.Join(dir, "gor")) })
	moreAtOnce()
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// buildGor makes the binary that users get, static and without cgo, when the
// first test asks for it. The test binary itself cannot stand in for it: with
// cgo a process cannot drop privileges on all its threads.
var buildGor func() (string, error)

func build(name string) (string, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("where is the module? go list: %w", err)
	}
	cmd := exec.Command("go", "build", "-o", name, ".")
	cmd.Dir = strings.TrimSpace(string(root))
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return name, nil
}

// needRoot skips where namespaces and packet sockets are out of reach.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("network namespaces and packet sockets need root")
	}
}

// needTools fails where a program is missing, naming what would bring it.
func needTools(t testing.TB, tools ...string) {
	t.Helper()
	packages := map[string]string{
		"nginx": "nginx-light", "curl": "curl", "nft": "nftables", "python3": "python3",
		"tcpdump": "tcpdump", "tshark": "tshark", "gzip": "gzip", "jq": "jq", "ip": "iproute2", "ss": "iproute2",
		"sysctl": "procps", "setcap": "libcap2-bin", "setpriv": "util-linux", "chromium": "chromium",
		"ethtool": "ethtool",
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", tool, packages[tool])
		}
	}
}

// A namespace is a network namespace without a name. It is held by one locked
// thread and by what runs or is open in it, so that the kernel removes it with
// the last of them, however the test ends.
type namespace struct {
	t     testing.TB
	calls chan func()
	tid   int
}

func newNamespace(t testing.TB) *namespace {
	t.Helper()
	n := &namespace{t: t, calls: make(chan func())}
	started := make(chan error)
	var ended sync.WaitGroup
	ended.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		n.tid = unix.Gettid()
		started <- err
		for call := range n.calls {
			call()
		}
	})
	if err := <-started; err != nil {
		t.Fatalf("new network namespace: %v", err)
	}
	t.Cleanup(func() {
		close(n.calls)
		ended.Wait()
	})
	n.ip("link set lo up")
	return n
}

// do calls f on the namespace's thread: sockets opened and processes started
// by f belong to the namespace. f must not wait for other users of it.
func (n *namespace) do(f func()) {
	done := make(chan struct{})
	n.calls <- func() { defer close(done); f() }
	<-done
}

// ip runs iproute2 inside the namespace.
func (n *namespace) ip(args string) {
	n.t.Helper()
	n.command("ip", strings.Fields(args)...)
}

// command runs a program inside the namespace to its end, which must be good,
// and returns what it printed.
func (n *namespace) command(name string, args ...string) string {
	n.t.Helper()
	p := n.start(nil, name, args...)
	if code := p.wait(); code != 0 {
		n.t.Fatalf("%s %s: exit %d: %s", name, strings.Join(args, " "), code, p.stderr.String())
	}
	return p.stdout.String()
}

// link joins n and m with a veth pair; addr and peer are "10.0.0.1/24" or IPv6.
func (n *namespace) link(name, addr string, m *namespace, peerName, peer string) {
	n.t.Helper()
	n.ip(fmt.Sprintf("link add %s type veth peer name %s netns %d", name, peerName, m.tid))
	for _, end := range []struct {
		ns         *namespace
		name, addr string
	}{{n, name, addr}, {m, peerName, peer}} {
		flags := ""
		if strings.Contains(end.addr, ":") {
			flags = " nodad" // an address under duplicate detection cannot be bound yet
		}
		end.ns.ip("addr add " + end.addr + " dev " + end.name + flags)
		end.ns.ip("link set " + end.name + " up")
	}
}

// listen opens a TCP socket in the namespace; it is closed with the test.
func (n *namespace) listen(addr string) net.Listener {
	n.t.Helper()
	var ln net.Listener
	var err error
	n.do(func() { ln, err = net.Listen("tcp", addr) })
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { ln.Close() })
	return ln
}

// listenUDP opens a UDP socket in the namespace; it is closed with the test.
func (n *namespace) listenUDP(addr string) *net.UDPConn {
	n.t.Helper()
	var conn net.PacketConn
	var err error
	n.do(func() { conn, err = net.ListenPacket("udp4", addr) })
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { conn.Close() })
	return conn.(*net.UDPConn)
}

// dial connects from inside the namespace; addr is "ip:port".
func (n *namespace) dial(network, addr string) (conn net.Conn, err error) {
	n.do(func() { conn, err = net.DialTimeout(network, addr, patience) })
	return conn, err
}

// A process is a program under test. It dies with its namespace's thread, and
// so with the test, even where that is killed.
type process struct {
	t              testing.TB
	cmd            *exec.Cmd
	stdout, stderr output
	ended          chan struct{} // closed once cmd.Wait returned
}

// An output collects what a process writes and lets others wait for a part.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	grew chan struct{} // capacity 1: something was written since the last look
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.grew <- struct{}{}:
	default:
	}
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// start runs a program in the namespace; configure, when given, may change the
// command before it starts. The process is stopped when the test ends.
func (n *namespace) start(configure func(*exec.Cmd), name string, args ...string) *process {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	p := &process{t: n.t, cmd: exec.CommandContext(ctx, name, args...), ended: make(chan struct{})}
	p.stdout.grew, p.stderr.grew = make(chan struct{}, 1), make(chan struct{}, 1)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd.WaitDelay = time.Second
	if configure != nil {
		configure(p.cmd)
	}
	var err error
	n.do(func() { err = p.cmd.Start() })
	if err != nil {
		cancel()
		n.t.Fatalf("start %s: %v", name, err)
	}
	go func() {
		p.cmd.Wait()
		cancel()
		close(p.ended)
	}()
	n.t.Cleanup(func() {
		syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
	})
	return p
}

// asRole makes a command of the test binary play a role.
func asRole(role string) func(*exec.Cmd) {
	return func(cmd *exec.Cmd) { cmd.Env = append(os.Environ(), roleEnv+"="+role) }
}

// gor starts gor in the namespace and waits until its sockets are open.
func (n *namespace) gor(args ...string) *process {
	n.t.Helper()
	return n.gorAt(gorBinary(n.t), args...)
}

// gorAt is gor for a binary in a file.
func (n *namespace) gorAt(file string, args ...string) *process {
	n.t.Helper()
	p := n.start(nil, file, append(args, "--log-format", "json")...)
	p.await(map[string]string{"listen": `"msg":"listening"`, "replay": `"msg":"replaying"`}[args[0]])
	return p
}

func gorBinary(t testing.TB) string {
	t.Helper()
	name, err := buildGor()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// copyBinary puts a copy of gor where any user may run it.
func copyBinary(t testing.TB, dir string) string {
	t.Helper()
	from, err := os.Open(gorBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	name := filepath.Join(dir, "gor")
	to, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(to, from)
	if err := errors.Join(err, to.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

// await waits until the process has written want to its standard error.
func (p *process) await(want string) {
	p.t.Helper()
	limit := time.After(patience)
	for !strings.Contains(p.stderr.String(), want) {
		select {
		case <-p.stderr.grew:
		case <-p.ended:
			if !strings.Contains(p.stderr.String(), want) {
				p.t.Fatalf("%s ended before it said %q:\n%s", p.cmd, want, p.stderr.String())
			}
		case <-limit:
			p.t.Fatalf("%s did not say %q:\n%s", p.cmd, want, p.stderr.String())
		}
	}
}

// wait returns the exit status once the process has ended.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("%s does not end:\n%s", p.cmd, p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// interrupt asks the process to end as an operator does and expects success.
func (p *process) interrupt() {
	p.t.Helper()
	p.cmd.Process.Signal(os.Interrupt)
	if code := p.wait(); code != 0 {
		p.t.Fatalf("%s: exit %d after SIGINT:\n%s", p.cmd, code, p.stderr.String())
	}
}

// kill ends the process without warning, as a crash would.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}
