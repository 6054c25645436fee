//go:build linux

package live

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A mirror is the whole product at work, each machine a namespace:
//
//	client 10.99.1.2 --- 10.99.1.1 web 10.99.2.1 --- 10.99.2.2 stage
//
// and the same with fd99:1:: and fd99:2::. A web server answers on port 80 of
// web, where gor listens; gor replays in stage to the sink on port 8000.
type mirror struct {
	t                  testing.TB
	client, web, stage *namespace
	sink               *sink
	listener, replayer *process
}

const (
	webAddr   = "10.99.1.1:80"
	stageIP   = "10.99.2.2"
	wireAddr  = stageIP + ":28020"
	stageAddr = stageIP + ":8000"
	stageURL  = "http://" + stageAddr
)

func newMirror(t testing.TB) *mirror {
	t.Helper()
	needRoot(t)
	needTools(t, "ip")
	m := &mirror{t: t, client: newNamespace(t), web: newNamespace(t), stage: newNamespace(t)}
	m.client.link("c0", "10.99.1.2/24", m.web, "w0", "10.99.1.1/24")
	m.client.ip("addr add fd99:1::2/64 dev c0 nodad")
	m.web.ip("addr add fd99:1::1/64 dev w0 nodad")
	m.web.link("w1", "10.99.2.1/24", m.stage, "s0", stageIP+"/24")
	m.web.ip("addr add fd99:2::1/64 dev w1 nodad")
	m.stage.ip("addr add fd99:2::2/64 dev s0 nodad")
	m.sink = m.stage.newSink(":8000")
	return m
}

// startNginx runs a real web server on port 80 of web. It answers /r/ with a
// fixed text, to a POST before it has read the body, as nginx does.
func (m *mirror) startNginx() {
	m.t.Helper()
	m.runNginx(m.t.TempDir(), `access_log off; server {
		listen 0.0.0.0:80 backlog=4096; listen [::]:80 backlog=4096;
		location /r/ { return 200 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"; }
	}`)
}

// runNginx runs nginx in web with the servers given, and what else belongs into
// the http block; its files lie in dir.
func (m *mirror) runNginx(dir, servers string) { m.runNginxAt(dir, servers, webAddr) }

// runNginxAt is runNginx that is up when an address accepts connections.
func (m *mirror) runNginxAt(dir, servers, addr string) {
	m.t.Helper()
	needTools(m.t, "nginx")
	conf := fmt.Sprintf(`
		daemon off; master_process off; worker_rlimit_nofile 19000;
		pid %[1]s/pid; error_log stderr notice;
		events { worker_connections 16384; multi_accept on; }
		http {
			keepalive_requests 1000000000; keepalive_timeout 600s; client_max_body_size 0;
			client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
			uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
			%[2]s
		}`, dir, servers)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		m.t.Fatal(err)
	}
	m.web.start(nil, "nginx", "-p", dir, "-e", "stderr", "-c", file)
	m.await(addr)
}

// startServer runs a Go web server on port 80 of web, which reads each request
// to its end before it answers and counts as the sink does.
func (m *mirror) startServer() *sink { return m.web.newSink(":80") }

// await waits until a server accepts connections at addr.
func (m *mirror) await(addr string) {
	m.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := m.client.dial("tcp", addr)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(limit) {
			m.t.Fatal(err)
		}
	}
}

// listen starts the listener; without arguments the plainest there is.
func (m *mirror) listen(args ...string) {
	m.t.Helper()
	if !slices.Contains(args, "-r") {
		args = append(args, "-r", wireAddr)
	}
	m.listener = m.web.gor(append([]string{"listen", "-p", "80"}, args...)...)
}

// replay starts the replayer; without arguments the plainest there is.
func (m *mirror) replay(args ...string) {
	m.t.Helper()
	if !slices.Contains(args, "-f") {
		args = append(args, "-f", stageURL)
	}
	m.replayer = m.stage.gor(append([]string{"replay"}, args...)...)
}

// newLoad prepares count requests numbered from first, from client to web.
func (m *mirror) newLoad(first uint64, count int) *load {
	return &load{from: m.client, to: webAddr, first: first, count: count, conns: 16}
}

// run sends a load to its end.
func (m *mirror) run(l *load) {
	m.t.Helper()
	if err := l.run(); err != nil {
		m.t.Fatalf("load: %v", err)
	}
	l.close()
}

// finish waits until want requests have arrived at the sink, ends listener and
// replayer in the order of the stream, and returns their accounts, which must
// balance.
func (m *mirror) finish(want int) (listen, replay accounts) {
	m.t.Helper()
	m.sink.await(want)
	m.listener.interrupt()
	m.replayer.interrupt()
	listen, replay = finalAccounts(m.t, m.listener), finalAccounts(m.t, m.replayer)
	listen.checkListener(m.t)
	replay.checkTargets(m.t)
	return listen, replay
}

// mirrored is finish for the common case: everything in loads, and nothing
// else, went through the whole path, and all accounts say so.
func (m *mirror) mirrored(loads ...*load) (listen, replay accounts) {
	m.t.Helper()
	total := uint64(0)
	for _, l := range loads {
		total += uint64(l.count)
	}
	listen, replay = m.finish(int(total))
	m.sink.check(m.t, loads...)
	for what, n := range map[string]uint64{
		"listener: captured":        listen.Requests["captured"],
		"listener: sent":            listen.Requests["sent"],
		"replayer: received":        replay.Wire["messages_received"],
		"target: received":          replay.target(m.t, 0).number("received"),
		"target: answered":          replay.target(m.t, 0).number("answered"),
		"target: answered with 200": replay.target(m.t, 0).number("answered_200"),
	} {
		if n != total {
			m.t.Errorf("%s %d of %d requests", what, n, total)
		}
	}
	if m.t.Failed() {
		m.t.Logf("listener: %v\nreplayer: %v", listen, replay)
	}
	return listen, replay
}

// accounts are the final accounts of a gor process, as it reports them.
type accounts struct {
	Requests, Packets, Kernel, Print, Recording, Wire map[string]uint64
	Answers, Responses                                map[string]uint64 // of --responses
	Targets                                           []target
}

type target map[string]any

// number is a counter of the target.
func (t target) number(name string) uint64 {
	n, _ := t[name].(float64)
	return uint64(n)
}

func (a accounts) target(t testing.TB, i int) target {
	t.Helper()
	if i >= len(a.Targets) {
		t.Fatalf("accounts of %d targets, not %d", len(a.Targets), i+1)
	}
	return a.Targets[i]
}

// fates are the ends of a request that was captured, other than sent.
var fates = []string{
	"gap", "truncated", "too_large", "aborted", "expired", "malformed",
	"unsupported", "loop", "filtered", "shed", "queue_full", "stopped", "skipped", "repeated",
}

// dropped is how many captured requests the listener did not send.
func (a accounts) dropped() (n uint64) {
	for _, fate := range fates {
		n += a.Requests[fate]
	}
	return n
}

// finalAccounts reads the last record of accounts in a process's log.
func finalAccounts(t testing.TB, p *process) accounts {
	t.Helper()
	var last accounts
	found := false
	for _, line := range bytes.Split([]byte(p.stderr.String()), []byte("\n")) {
		var record struct {
			Msg string
			accounts
		}
		if json.Unmarshal(line, &record) == nil && record.Msg == "accounts" {
			last, found = record.accounts, true
		}
	}
	if !found {
		t.Fatalf("%s: no accounts in its log:\n%s", p.cmd, p.stderr.String())
	}
	return last
}

// checkListener fails unless every captured request has exactly one fate, and
// every message on the wire too.
func (a accounts) checkListener(t testing.TB) {
	t.Helper()
	if captured := a.Requests["captured"]; captured != a.Requests["sent"]+a.dropped() {
		t.Errorf("listener: %d captured are not %d sent and %d dropped: %v", captured, a.Requests["sent"], a.dropped(), a.Requests)
	}
	ended := a.Wire["messages_received"] + a.Wire["messages_lost"] + a.Wire["messages_unconfirmed"]
	if sent := a.Wire["messages_sent"]; sent != a.Requests["sent"] || sent != ended {
		t.Errorf("listener: %d sent, but %d on the wire, of which %d ended: %v", a.Requests["sent"], sent, ended, a.Wire)
	}
}

// checkTargets fails unless every request received has exactly one fate at
// every target.
func (a accounts) checkTargets(t testing.TB) {
	t.Helper()
	for _, target := range a.Targets {
		sum := uint64(0)
		for _, fate := range []string{"answered", "failed", "limited", "queue_full", "sampled_out", "filtered", "unsupported", "stopped"} {
			sum += target.number(fate)
		}
		if received := target.number("received"); received != sum {
			t.Errorf("replayer: %d received are not %d ended: %v", received, sum, target)
		}
	}
}

// kernelDrops is how many packets the kernel had no room for.
func (a accounts) kernelDrops() (n uint64) {
	for name, v := range a.Kernel {
		if strings.Contains(name, "drop") {
			n += v
		}
	}
	return n
}
