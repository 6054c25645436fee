//go:build linux

package live

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A stagingNginx is nginx in stage, with its default of a master and workers.
type stagingNginx struct {
	m   *mirror
	dir string
	*process
}

// startStaging runs nginx in stage with the servers given, in which %[1]s is the
// folder for their logs, of the format "uri", and certificate.
func (m *mirror) startStaging(servers string) *stagingNginx {
	m.t.Helper()
	needTools(m.t, "nginx")
	n := &stagingNginx{m: m, dir: m.t.TempDir()}
	os.Chmod(n.dir, 0o755)
	n.writeCertificate()
	conf := fmt.Sprintf(`
		daemon off; worker_processes 2; user root; pid %[1]s/pid; error_log stderr notice;
		events { worker_connections 4096; }
		http {
			log_format uri "$request_method $request_uri $status"; client_max_body_size 0;
			client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
			uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
			ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/cert.pem;
			`+servers+`
		}`, n.dir)
	file := filepath.Join(n.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		m.t.Fatal(err)
	}
	n.process = m.stage.start(nil, "nginx", "-p", n.dir, "-e", "stderr", "-c", file)
	n.await("start worker processes")
	return n
}

// writeCertificate writes a certificate that nobody signed, and its key.
func (n *stagingNginx) writeCertificate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		n.m.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"staging"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		n.m.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		n.m.t.Fatal(err)
	}
	var out bytes.Buffer
	pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: cert})
	pem.Encode(&out, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(filepath.Join(n.dir, "cert.pem"), out.Bytes(), 0o600); err != nil {
		n.m.t.Fatal(err)
	}
}

// reloadEverySecond makes nginx replace its workers again and again, which end as
// soon as they have answered what they have begun, until it is stopped.
func (n *stagingNginx) reloadEverySecond() (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				n.cmd.Process.Signal(syscall.SIGHUP)
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// served counts how often each request is in a log, those of other statuses than
// 200 apart.
func (n *stagingNginx) served(t *testing.T, log string) (times map[string]int, others int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(n.dir, log))
	if err != nil {
		t.Fatal(err)
	}
	times = make(map[string]int)
	for line := range strings.Lines(string(text)) {
		method, rest, _ := strings.Cut(line, " ")
		if uri, status, _ := strings.Cut(rest, " "); strings.TrimSpace(status) == "200" {
			times[method+" "+uri]++
		} else {
			others++
		}
	}
	return times, others
}

// TestLiveNginxHTTP2: nginx ends its connections after 20 requests each, and all of
// them when it is reloaded, each second. Over HTTP/2 no POST is lost or comes twice:
// those above what its GOAWAY names were not processed, and it says so. Where it ends a
// connection for its 20 requests and is reloaded just then, on a busy machine, it may
// lose answers that it has given; before the first reload gor knows how many it takes.
func TestLiveNginxHTTP2(t *testing.T) {
	m := newMirror(t)
	m.startServer()
	nginx := m.startStaging(`server {
		listen 0.0.0.0:8443 ssl http2; keepalive_requests 20; access_log %[1]s/h2.log uri;
		location / { return 200 "ok"; }
	}`)
	m.replay("-f", "https://"+stageIP+":8443|h2", "--insecure")
	m.listen()
	stop := nginx.reloadEverySecond()
	l := m.newLoad(1, 5000)
	l.rate, l.body, l.conns = 1000, 200, 64
	m.run(l)
	awaitCount(func() int { times, _ := nginx.served(t, "h2.log"); return len(times) }, l.count)
	stop()
	m.listener.interrupt()
	m.replayer.interrupt()
	target := finalAccounts(t, m.replayer).target(t, 0)
	if target.number("answered_200") != uint64(l.count) {
		t.Errorf("%v\n%s", target, m.replayer.stderr.String())
	}
	times, others := nginx.served(t, "h2.log")
	for request, n := range times {
		if n != 1 {
			t.Errorf("%s came %d times", request, n)
		}
	}
	if len(times) != l.count || others != 0 {
		t.Errorf("%d requests came, and %d that nginx did not serve", len(times), others)
	}
}

// TestLiveNginxKeepalive: nginx closes connections that were idle for a second, and
// requests come after just as long. No GET is lost for that, with TLS or without.
func TestLiveNginxKeepalive(t *testing.T) {
	m := newMirror(t)
	m.startServer()
	nginx := m.startStaging(`keepalive_timeout 1s;
		server { listen 0.0.0.0:8081; access_log %[1]s/plain.log uri; location / { return 200 "ok"; } }
		server { listen 0.0.0.0:8444 ssl; access_log %[1]s/tls.log uri; location / { return 200 "ok"; } }`)
	m.replay("-f", "http://"+stageIP+":8081,https://"+stageIP+":8444", "--insecure")
	m.listen()
	const rounds, each = 8, 60
	for round := range rounds {
		l := m.newLoad(uint64(1+round*each), each)
		l.conns, l.newConn = 30, true
		start := time.Now()
		m.run(l)
		time.Sleep(time.Until(start.Add(998*time.Millisecond + time.Duration(round)*time.Millisecond)))
	}
	m.listener.interrupt()
	m.replayer.interrupt()
	for i, log := range []string{"plain.log", "tls.log"} {
		target := finalAccounts(t, m.replayer).target(t, i)
		times, others := nginx.served(t, log)
		if target.number("answered_200") != rounds*each || len(times) != rounds*each || others != 0 {
			t.Errorf("%d requests came, and %d that nginx did not serve: %v", len(times), others, target)
		}
	}
}
