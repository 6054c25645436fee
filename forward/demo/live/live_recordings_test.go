//go:build linux

package live

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// full has the tests of recordings take the time and the load that their results are
// quoted from, on a machine that does nothing else.
var full = flag.Bool("full", false, "run at full load, and what takes minutes or depends on the machine")

// scheduleKept reports whether a run of gor replay --read kept its schedule; it may
// not have on a machine that runs all the tests at once.
func scheduleKept(t *testing.T, p *process, code int) bool {
	t.Helper()
	if *full && code == 4 {
		t.Errorf("gor could not keep the schedule:\n%s", p.stderr.String())
	}
	return code != 4
}

// timedList writes a recording of n requests, rate per second, on connections in
// turn. Each carries its number.
func timedList(t *testing.T, n, rate, conns int) string {
	t.Helper()
	var b bytes.Buffer
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i := range n {
		raw := fmt.Sprintf("GET /items/%d HTTP/1.1\r\nHost: www.example.com\r\n\r\n", i)
		at := began.Add(time.Duration(i) * time.Second / time.Duration(rate)).Format(time.RFC3339Nano)
		fmt.Fprintf(&b, `{"conn":"%x","index":%d,"time":%q,"raw":%q}`+"\n", i%conns+1, i/conns, at, base64.StdEncoding.EncodeToString([]byte(raw)))
	}
	file := filepath.Join(t.TempDir(), "list.jsonl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestRecordingStoppedTarget: a target that stops for a while makes its latency that long,
// leaves the service time of the others what it was, and is the cause of the lag.
func TestRecordingStoppedTarget(t *testing.T) {
	m := newMirror(t)
	needTools(t, "nginx")
	m.startNginx()
	pause, rate := time.Second, 200
	if *full {
		pause = 5 * time.Second
	}
	out := filepath.Join(t.TempDir(), "run.json")
	seconds := int(pause/time.Second)*4 + 2
	list := timedList(t, rate*seconds, rate, 20)
	p := m.web.start(nil, gorBinary(t), "replay", "--read", list, "-f", webAddr, "--report", out)
	p.await("msg=replaying")
	nginx := m.nginx(t)
	time.Sleep(time.Second) // a part of the run in which all is well
	syscall.Kill(nginx, syscall.SIGSTOP)
	time.Sleep(pause)
	syscall.Kill(nginx, syscall.SIGCONT)
	code := p.wait()
	kept := scheduleKept(t, p, code)
	var r struct {
		Targets []struct {
			Accounts         map[string]uint64
			Latency, Service map[string]any
			Late             map[string]map[string]any
		}
	}
	b, err := os.ReadFile(out)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	get := func(h map[string]any, name string) time.Duration { return time.Duration(h[name].(float64)) }
	target := r.Targets[0]
	t.Logf("latency p50 %v, p99 %v; service p50 %v, p99 %v; late by the target %v, by gor %v", get(target.Latency, "p50"), get(target.Latency, "p99"),
		get(target.Service, "p50"), get(target.Service, "p99"), get(target.Late["target"], "max"), get(target.Late["gor"], "p99"))
	if target.Accounts["answered"] != uint64(rate*seconds) {
		t.Errorf("%v", target.Accounts)
	}
	// 20 connections have a request in flight when it stops; all others wait behind those.
	if got := get(target.Latency, "p99"); got < pause*8/10 || kept && got > pause*3/2 {
		t.Errorf("latency p99 is %v", got)
	}
	if got := get(target.Service, "p90"); kept && got > pause/4 {
		t.Errorf("service time p90 is %v", got)
	}
	if got := get(target.Late["target"], "max"); got < pause/2 {
		t.Errorf("late because of the target by %v at most", got)
	}
	if kept && get(target.Late["gor"], "p99") > 10*time.Millisecond {
		t.Errorf("late because of gor by %v", get(target.Late["gor"], "p99"))
	}
}

// nginx is the process of the web server in m.
func (m *mirror) nginx(t *testing.T) int {
	t.Helper()
	out := m.web.command("ss", "-Hltnp", "sport = :80")
	pid := regexp.MustCompile(`pid=(\d+)`).FindStringSubmatch(out)
	if pid == nil {
		t.Fatalf("nobody listens: %s", out)
	}
	n, _ := strconv.Atoi(pid[1])
	return n
}

// TestReadmeJob runs the README's example for CI as it is written: it records, plays
// that to a good build, which passes, and to a bad one, which does not.
func TestReadmeJob(t *testing.T) {
	m := newMirror(t)
	m.startNginx()
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n## Record and replay.*?```sh\n(.*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("no example in the README")
	}
	record, play, _ := strings.Cut(strings.TrimSpace(string(block[1])), "\n")
	dir := t.TempDir()
	copyBinary(t, dir)
	shell := func(line string) *process {
		return m.web.start(func(cmd *exec.Cmd) { cmd.Dir = dir }, "sh", "-c", line)
	}
	listener := shell(record)
	listener.await("msg=listening")
	load := m.newLoad(1, 1000)
	load.rate = 1000
	m.run(load)
	if code := listener.wait(); code != 0 {
		t.Fatalf("%s: status %d\n%s", record, code, listener.stderr.String())
	}
	answers := make(chan int, 1)
	answers <- 200
	ln := m.web.listen("127.0.0.1:8080")
	build := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := <-answers
		answers <- status
		w.WriteHeader(status)
	})}
	go build.Serve(ln)
	t.Cleanup(func() { build.Close() })
	good := shell(play)
	if code := good.wait(); scheduleKept(t, good, code) && code != 0 {
		t.Errorf("%s: status %d\n%s", play, code, good.stderr.String())
	}
	if !strings.Contains(good.stderr.String(), "started=1000 answered=1000 failed=0") {
		t.Errorf("%s", good.stderr.String())
	}
	<-answers
	answers <- 500
	bad := shell(play)
	if code := bad.wait(); scheduleKept(t, bad, code) && code != 3 || !strings.Contains(bad.stderr.String(), "EXCEEDED  errors=1%: 100%") {
		t.Errorf("%s: status %d\n%s", play, code, bad.stderr.String())
	}
	if page, err := os.ReadFile(filepath.Join(dir, "users.html")); err != nil || !bytes.Contains(page, []byte("errors=1%")) {
		t.Errorf("the page: %v", err)
	}
}

// TestRecordingShare: with the secret of a listener a recording's users are that
// listener's: |30% takes the same ones, from packets as from lines that name them.
func TestRecordingShare(t *testing.T) {
	needRoot(t)
	n := newNamespace(t)
	n.newArrivals("127.0.0.1:8000")
	file, dir := loadFile(t, 2000), t.TempDir()
	secret, lines := filepath.Join(dir, "secret"), filepath.Join(dir, "lines.jsonl")
	if err := os.WriteFile(secret, []byte("sixteen bytes or more"), 0o600); err != nil {
		t.Fatal(err)
	}
	keyed := n.command(gorBinary(t), "listen", "-p", "80", "--read", file, "--json", "--secret-file", secret)
	if err := os.WriteFile(lines, []byte(keyed), 0o600); err != nil {
		t.Fatal(err)
	}
	share := func(configure func(*exec.Cmd), args ...string) (taken string) {
		out := filepath.Join(dir, "each.csv")
		p := n.start(configure, gorBinary(t), append([]string{"replay", "-f", "127.0.0.1:8000|30%", "--speed", "max", "--report", out}, args...)...)
		if code := p.wait(); code != 0 {
			t.Fatalf("%v: status %d\n%s", args, code, p.stderr.String())
		}
		var requests []string
		for line := range strings.Lines(readFile(t, out)) {
			requests = append(requests, strings.Join(strings.Split(line, ",")[1:3], " ")) // connection and index
		}
		slices.Sort(requests)
		return strings.Join(requests, "\n")
	}
	want := share(nil, "--read", lines)
	if n := strings.Count(want, "\n"); n < 300 || n > 1200 {
		t.Errorf("%d of 2,000 requests were taken", n)
	}
	environment := func(cmd *exec.Cmd) { cmd.Env = append(os.Environ(), "GOR_SECRET=sixteen bytes or more") }
	if share(nil, "--read", file, "--secret-file", secret) != want || share(environment, "--read", file) != want {
		t.Error("with the secret other users are taken than behind the listener")
	}
	if share(nil, "--read", file) == want {
		t.Error("without the secret the same users are taken")
	}
}
