//go:build linux

package live

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A finding is one as gor doctor prints it.
type finding struct{ Level, About, Cause, Seen, Type string }

// examine runs gor doctor in web, with its text, too, and returns what is not ok.
func (m *mirror) examine(configure func(*exec.Cmd), file string, args ...string) (found []finding) {
	m.t.Helper()
	began := time.Now()
	p := m.web.start(configure, file, append([]string{"doctor", "--json"}, args...)...)
	code := p.wait()
	if took := time.Since(began); took > 3*time.Second+raceSlack {
		m.t.Errorf("it took %v", took)
	}
	var report struct {
		Level    string
		Findings []finding
	}
	if err := json.Unmarshal([]byte(p.stdout.String()), &report); err != nil {
		m.t.Fatalf("exit %d, %v in %q: %s", code, err, p.stdout.String(), p.stderr.String())
	}
	problems := 0
	for _, f := range report.Findings {
		if f.Level == "problem" {
			problems++
		}
		if f.Level != "ok" {
			found = append(found, f)
		}
	}
	if want := min(problems, 1); code != want {
		m.t.Errorf("exit %d with %d problems", code, problems)
	}
	m.t.Logf("%s", p.stdout.String())
	return found
}

// raceSlack is what the tests' own load may cost beyond the three seconds.
const raceSlack = 2 * time.Second

// keepDoing calls f ten times a second or so until the test ends.
func (m *mirror) keepDoing(f func() error) {
	stop := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(30 * time.Millisecond):
			}
			if err := f(); err != nil {
				m.t.Errorf("client: %v", err)
				return
			}
		}
	})
	m.t.Cleanup(func() {
		close(stop)
		ended.Wait()
	})
}

// visitTLS keeps asking the server at an address, by TLS, on one connection after
// another.
func (m *mirror) visitTLS(addr string) {
	client := &http.Client{Transport: &http.Transport{
		DialContext:     func(_ context.Context, network, _ string) (net.Conn, error) { return m.client.dial(network, addr) },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	m.keepDoing(func() error {
		r, err := client.Get("https://" + addr + "/x")
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, r.Body)
		return errorsOf(err, r.Body.Close())
	})
}

// visitHTTP2 keeps asking by HTTP/2 in clear, on one connection.
func (m *mirror) visitHTTP2(addr string) {
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(_ context.Context, network, _ string) (net.Conn, error) { return m.client.dial(network, addr) }, Protocols: &protocols,
	}}
	m.keepDoing(func() error {
		r, err := client.Get("http://" + addr + "/x")
		if err != nil {
			return err
		}
		if r.ProtoMajor != 2 {
			return fmt.Errorf("HTTP/%d", r.ProtoMajor)
		}
		_, err = io.Copy(io.Discard, r.Body)
		return errorsOf(err, r.Body.Close())
	})
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// talkWebSocket upgrades a connection, and from then on sends frames alone.
func (m *mirror) talkWebSocket(port string) {
	ln := m.web.listen(":" + port)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				if _, err := http.ReadRequest(r); err == nil {
					io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
					io.Copy(io.Discard, r)
				}
			}()
		}
	}()
	c, err := m.client.dial("tcp", "10.99.1.1:"+port)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { c.Close() })
	io.WriteString(c, "GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		m.t.Fatal(err)
	}
	m.keepDoing(func() error {
		_, err := c.Write([]byte("\x81\x85\x01\x02\x03\x04igohn"))
		return err
	})
}

// serveUnix runs a program that answers requests on a Unix socket in web.
func (m *mirror) serveUnix(path string) {
	needTools(m.t, "python3")
	m.web.start(nil, "python3", "-c", `
import http.server, socketserver, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "2"); self.end_headers(); self.wfile.write(b"ok")
    def address_string(self): return "unix"
    def log_message(self, *a): pass
class S(socketserver.ThreadingUnixStreamServer): daemon_threads = True
S(sys.argv[1], H).serve_forever()`, path)
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(limit) {
			m.t.Fatal("nobody listens on the Unix socket")
		}
	}
}

// secure runs nginx with TLS on a port of web, before what location says.
func (m *mirror) secure(port, location string) {
	dir := m.t.TempDir()
	n := &stagingNginx{m: m, dir: dir}
	n.writeCertificate()
	m.runNginx(dir, fmt.Sprintf(`access_log off; ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/cert.pem;
		server { listen 80; return 200 "x"; }
		server { listen %[2]s ssl; location / { %[3]s } }
		server { listen 127.0.0.1:18080; return 200 "x"; }`, dir, port, location))
}

// writeSecret writes a secret to a file.
func writeSecret(t *testing.T, secret string) string {
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDoctorSees: what is in the way of seeing requests is named, and nothing else;
// on a machine where nothing is, nothing is.
func TestDoctorSees(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		name  string
		run   func(m *mirror)
		args  []string
		cause string // "": all is ok
		typed string // part of what to type
	}{
		{"healthy", func(m *mirror) { m.startNginx(); m.replay(); m.keepRunning(m.client, webAddr) }, []string{"-p", "80", "-r", wireAddr}, "", ""},
		{"healthy, with a secret", func(m *mirror) {
			m.startServer()
			m.replay("--secret-file", writeSecret(m.t.(*testing.T), "0123456789abcdef"))
			m.keepRunning(m.client, webAddr)
		}, []string{"-p", "80", "-r", wireAddr, "--secret-file", "SECRET"}, "", ""},
		{"wrong port", func(m *mirror) { m.startNginx(); m.keepRunning(m.client, webAddr) }, []string{"-p", "8181"}, "wrong port", "-p 80"},
		{"TLS", func(m *mirror) { m.secure("443", "proxy_pass http://127.0.0.1:18080;"); m.visitTLS("10.99.1.1:443") }, []string{"-p", "443"}, "tls", "-p 18080"},
		{"TLS that ends here", func(m *mirror) { m.secure("443", `return 200 "x";`); m.visitTLS("10.99.1.1:443") }, []string{"-p", "443"}, "tls", "where TLS ends"},
		{"HTTP/2 in clear", func(m *mirror) {
			m.runNginx(m.t.TempDir(), `access_log off; server { listen 80; return 200 "x"; } server { listen 8383 http2; return 200 "x"; }`)
			m.visitHTTP2("10.99.1.1:8383")
		}, []string{"-p", "8383"}, "http2", "HTTP/1"},
		{"WebSocket", func(m *mirror) { m.talkWebSocket("8484") }, []string{"-p", "8484"}, "websocket", "upgrade"},
		{"interface down", func(m *mirror) {
			m.startNginx()
			m.client.link("c9", "10.99.9.2/24", m.web, "w9", "10.99.9.1/24")
			m.web.ip("link set w9 down")
			m.keepRunning(m.client, webAddr)
		}, []string{"-p", "80", "-i", "w9"}, "interface down", "ip link set w9 up"},
		{"other interface", func(m *mirror) { m.startNginx(); m.keepRunning(m.client, webAddr) }, []string{"-p", "80", "-i", "w1"}, "other interface", "-i w0"},
		{"only leaving", func(m *mirror) { m.backend("80"); m.startServer(); m.keepRunning(m.web, "10.99.3.2:80") }, []string{"-p", "80"}, "leaving", "--direction out"},
		{"bridge", func(m *mirror) {
			m.web.ip("link add br0 type bridge")
			m.web.ip("link set br0 up")
			m.web.ip("addr flush dev w0")
			m.web.ip("link set w0 master br0")
			m.web.ip("addr add 10.99.1.1/24 dev br0")
			m.startServer()
			m.keepRunning(m.client, webAddr)
		}, []string{"-p", "80"}, "copies", "-i br0"},
		{"DNAT", func(m *mirror) {
			needTools(m.t, "nft")
			m.web.command("nft", "table ip nat { chain pre { type nat hook prerouting priority -100; tcp dport 80 redirect to :8585; }; }")
			m.web.newSink(":8585")
			m.keepRunning(m.client, webAddr)
		}, []string{"-p", "8585"}, "dnat", "-p 80"},
		{"Unix socket", func(m *mirror) {
			path := filepath.Join(m.t.TempDir(), "app.sock")
			m.serveUnix(path)
			m.secure("443", "proxy_pass http://unix:"+path+":/;")
			m.visitTLS("10.99.1.1:443")
		}, []string{"-p", "443"}, "unix socket", "127.0.0.1:8000"},
		{"other namespace", func(m *mirror) {
			other := newNamespace(m.t)
			m.client.link("c8", "10.99.8.2/24", other, "n8", "10.99.8.1/24")
			swapped := &mirror{t: m.t, client: m.client, web: other}
			swapped.runNginxAt(m.t.TempDir(), `access_log off; server { listen 80; return 200 "x"; } server { listen 8686; return 200 "x"; }`, "10.99.8.1:8686")
		}, []string{"-p", "8686"}, "namespace", "nsenter"},
		{"loop", func(m *mirror) {
			m.startServer()
			m.replay("-f", "http://10.99.2.1")
			m.listen()
			m.keepRunning(m.client, webAddr)
			m.listener.await("listening")
		}, []string{"-p", "80"}, "loop", "-f"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			test.run(m)
			args := test.args
			for i, a := range args {
				if a == "SECRET" {
					args[i] = writeSecret(t, "0123456789abcdef")
				}
			}
			m.mustFind(m.examine(nil, gorBinary(t), args...), test.cause, test.typed)
		})
	}
}

// mustFind fails unless exactly one cause, or with "" none, was found.
func (m *mirror) mustFind(found []finding, cause, typed string) {
	m.t.Helper()
	switch {
	case cause == "" && len(found) > 0, cause != "" && len(found) != 1:
		m.t.Errorf("found %+v, want %q", found, cause)
	case cause != "" && (found[0].Cause != cause || !strings.Contains(found[0].Type, typed)):
		m.t.Errorf("found %+v, want %q, and to type %q", found[0], cause, typed)
	}
}

// TestDoctorRights: who may not capture is told so.
func TestDoctorRights(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.keepRunning(m.client, webAddr)
	m.mustFind(m.examine(asNobody(), copyBinary(t, publicDir(t)), "-p", "80"), "privilege", "setcap cap_net_raw+ep")
}

// TestDoctorWire: what is in the way to the replayer, or behind it, is named, and
// nothing else.
func TestDoctorWire(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		name         string
		ours, theirs string // secrets
		run          func(m *mirror)
		cause, typed string
	}{
		{"down", "", "", func(*mirror) {}, "replayer down", "gor replay"},
		{"another secret", "0123456789abcdef", "fedcba9876543210", func(m *mirror) {}, "wrong secret", "sha256sum"},
		{"a secret there alone", "", "fedcba9876543210", func(m *mirror) {}, "secret there alone", "--secret-file"},
		{"a secret here alone", "0123456789abcdef", "", func(m *mirror) { m.replay() }, "secret here alone", "--secret-file"},
		{"no machine", "", "", func(m *mirror) { m.stage.ip("link set s0 down") }, "no answer", "firewall"},
		{"a path that loses what is large", "", "", func(m *mirror) {
			needTools(m.t, "nft")
			m.stage.command("nft", "table ip f { chain in { type filter hook input priority 0; udp length > 1300 drop; }; }")
			m.replay()
		}, "mtu", "ICMP"},
		{"a narrow interface", "", "", func(m *mirror) { m.replay(); m.web.ip("link set w1 mtu 1000") }, "mtu", "1500"},
		{"a target that refuses", "", "", func(m *mirror) {
			m.replay("-f", "http://10.99.2.2:9")
			m.listen()
			m.replayer.await("a request failed")
		}, "target refused", "-f"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.keepRunning(m.client, webAddr)
			args := []string{"-p", "80", "-r", wireAddr}
			if test.ours != "" {
				args = append(args, "--secret-file", writeSecret(t, test.ours))
			}
			if test.theirs != "" {
				m.replay("--secret-file", writeSecret(t, test.theirs))
			}
			test.run(m)
			m.mustFind(m.examine(nil, gorBinary(t), args...), test.cause, test.typed)
		})
	}
}
