package forward

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tlsTarget is an https server that notes what it was asked.
type tlsTarget struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string // proto, method, target, Host, some headers, body, trailers
	sni  []string
	cert bool // a client certificate came
}

func newTLSTarget(t testing.TB, http2 bool) *tlsTarget {
	t.Helper()
	s := &tlsTarget{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got = append(s.got, fmt.Sprintf("%s %s %s host=%s dup=%q ua=%q mark=%q body=%q trailer=%q", r.Proto, r.Method, r.RequestURI, r.Host,
			r.Header["X-Dup"], r.Header["User-Agent"], r.Header["Gor-Replayed"], body, r.Trailer["X-Sum"]))
		s.cert = s.cert || len(r.TLS.PeerCertificates) > 0
	}))
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		s.mu.Lock()
		s.sni = append(s.sni, h.ServerName)
		s.mu.Unlock()
		return nil, nil
	}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// caFile writes the test server's certificate, which is its own authority, for
// example.com and 127.0.0.1.
func (s *tlsTarget) caFile(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (s *tlsTarget) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.got, "\n")
}

func TestHTTPS(t *testing.T) {
	const (
		get     = "GET /a|b?q=%zz HTTP/1.1\r\nHost: example.com\r\nX-Dup: 1\r\nx-dup: 2\r\n\r\n"
		post    = "POST /a HTTP/1.1\r\nHost: example.com\r\nUser-Agent: t\r\nContent-Length: 3\r\n\r\nabc"
		chunked = "PUT /a HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nX-Sum: 7\r\n\r\n"
		old     = "GET /old HTTP/1.0\r\nHost: example.com\r\n\r\n"
	)
	for _, tt := range []struct {
		name  string
		http2 bool
		raw   string
		want  string
	}{
		{"GET, HTTP/1.1", false, get, `HTTP/1.1 GET /a|b?q=%zz host=example.com dup=["1" "2"] ua=[] mark=["1"] body="" trailer=[]`},
		{"GET, HTTP/2", true, get, `HTTP/2.0 GET /a|b?q=%zz host=example.com dup=["1" "2"] ua=[] mark=["1"] body="" trailer=[]`},
		{"POST, HTTP/1.1", false, post, `HTTP/1.1 POST /a host=example.com dup=[] ua=["t"] mark=["1"] body="abc" trailer=[]`},
		{"POST, HTTP/2", true, post, `HTTP/2.0 POST /a host=example.com dup=[] ua=["t"] mark=["1"] body="abc" trailer=[]`},
		{"chunked, HTTP/1.1", false, chunked, `HTTP/1.1 PUT /a host=example.com dup=[] ua=[] mark=["1"] body="abcde" trailer=["7"]`},
		{"chunked, HTTP/2", true, chunked, `HTTP/2.0 PUT /a host=example.com dup=[] ua=[] mark=["1"] body="abcde" trailer=["7"]`},
		{"options that are HTTP/1's own, HTTP/2", true, "GET /a HTTP/1.1\r\nHost: example.com\r\nConnection: keep-alive, TE\r\nTE: trailers\r\n\r\n",
			`HTTP/2.0 GET /a host=example.com dup=[] ua=[] mark=["1"] body="" trailer=[]`},
		{"version, HTTP/1.1", false, old, `HTTP/1.0 GET /old host=example.com dup=[] ua=[] mark=["1"] body="" trailer=[]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			srv := newTLSTarget(t, true) // what it offers is not taken unless it is asked for
			target := srv.URL
			if tt.http2 {
				target += "|h2"
			}
			s := forwardOne(t, Config{OriginalHost: true, TLS: TLSConfig{CAFile: srv.caFile(t)}}, target, tt.raw)
			if s.Status[200] != 1 {
				t.Fatalf("%s", AppendLine(nil, []TargetStats{s}))
			}
			if got := srv.all(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if len(srv.sni) != 1 || srv.sni[0] != "" {
				t.Errorf("server names %q, want one connection, without a name as the target is an address", srv.sni)
			}
		})
	}
}

// TestHostsKeepThePool: whatever Hosts were captured, and whether or not they are
// sent, connections are pooled by target, and as few as there are workers. The
// server name is the target's.
func TestHostsKeepThePool(t *testing.T) {
	for _, original := range []bool{false, true} {
		srv := newTLSTarget(t, false)
		_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		f, err := New(Config{
			Targets: []TargetSpec{{URL: "https://example.com:" + port}}, OriginalHost: original, Concurrency: 4, TLS: TLSConfig{CAFile: srv.caFile(t)},
		})
		if err != nil {
			t.Fatal(err)
		}
		f.targets[0].route.dialer.lookup = func(context.Context, string, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		}
		hosts := []string{"a]", "::1", "a:b", "[a]", "", "a b", "a/b?c#d", "user@a", "b\xc3\xbccher", "[::1]:8", "%zz", "a,b"}
		for n := range 200 {
			hosts = append(hosts, fmt.Sprintf("host%d.example", n))
		}
		for n, host := range hosts {
			f.Submit(&Request{Conn: uint64(n) << 32, Raw: fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: %s\r\n\r\n", n, host)})
		}
		f.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		f.Run(ctx)
		s := f.Stats()[0]
		checkBalance(t, &s)
		if s.Answered != uint64(len(hosts)) {
			t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
		}
		// http.Transport opens one while another comes free; and net/http's server
		// closes behind a Host that it refuses.
		if n := len(srv.sni); n > 4*(1+maxHung)+int(s.Status[400]) || slices.ContainsFunc(srv.sni, func(name string) bool { return name != "example.com" }) {
			t.Errorf("original host %v: %d connections with the server names %q", original, n, slices.Compact(srv.sni))
		}
	}
}

func TestCertificates(t *testing.T) {
	srv := newTLSTarget(t, true)
	const raw = "GET / HTTP/1.1\r\nHost: unknown.example\r\n\r\n"
	key, err := x509.MarshalPKCS8PrivateKey(srv.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	ca, keyFile := srv.caFile(t), filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cfg  Config
		ok   bool
	}{
		{"the system's authorities do not know it", Config{}, false},
		{"its authority, and the target's own name", Config{TLS: TLSConfig{CAFile: ca}}, true},
		{"its authority, and a captured Host that it is not for", Config{OriginalHost: true, TLS: TLSConfig{CAFile: ca}}, true},
		{"not verified", Config{OriginalHost: true, TLS: TLSConfig{Insecure: true}}, true},
		{"client certificate", Config{TLS: TLSConfig{CAFile: ca, CertFile: ca, KeyFile: keyFile}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := forwardOne(t, tt.cfg, srv.URL, raw)
			if tt.ok && s.Status[200] != 1 || !tt.ok && s.Failed[FailTLS] != 1 {
				t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
			}
			if srv.cert != (tt.cfg.TLS.CertFile != "") {
				t.Errorf("client certificate: %v", srv.cert)
			}
		})
	}
}
