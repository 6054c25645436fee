package forward

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLoopWatch: a target is found out whose address is that of a captured server,
// once, whichever came first.
func TestLoopWatch(t *testing.T) {
	ap := netip.MustParseAddrPort
	addrs := []netip.AddrPort{ap("10.0.0.1:80"), ap("[fd00::1]:80")}
	for _, tt := range []struct {
		servers string
		want    string // "": none
	}{
		{"10.0.0.1:80", "10.0.0.1:80"},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
		{"10.0.0.1:8080 10.0.0.2:80 [fd00::1]:80", "[fd00::1]:80"},
		{"10.0.0.1:8080 10.0.0.1:8080 10.0.0.2:80 [fd00::2]:80", ""},
	} {
		var l loopWatch
		l.captured(netip.AddrPort{}) // not known
		if _, found := l.look(addrs); found {
			t.Errorf("%s: found before anything came", tt.servers)
		}
		for server := range strings.FieldsSeq(tt.servers) {
			l.captured(ap(server))
		}
		if _, found := l.look(nil); found {
			t.Errorf("%s: found without an address", tt.servers)
		}
		got, found := l.look(addrs)
		if found != (tt.want != "") || found && got != ap(tt.want) {
			t.Errorf("%s: %v, %v, want %q", tt.servers, got, found, tt.want)
		}
		l.captured(ap("10.0.0.1:80"))
		if _, again := l.look(addrs); found && again {
			t.Errorf("%s: found twice", tt.servers)
		}
	}
	var l loopWatch
	for n := range 2 * maxServers {
		l.captured(netip.AddrPortFrom(addrs[0].Addr(), uint16(n+1)))
	}
	if len(l.servers) != maxServers {
		t.Errorf("%d servers are remembered, want %d", len(l.servers), maxServers)
	}
}

// logOf runs a Forwarder, offers it what submit says, and returns the log.
func logOf(t *testing.T, v *virtualTarget, submit func(r *virtualRun)) string {
	var log bytes.Buffer
	r := runVirtual(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, []string{""}, v)
	submit(r)
	r.finish()
	return log.String()
}

// TestLoopIsLogged: a target that is a captured server, and requests that were
// replayed before, are warned of at once, and once.
func TestLoopIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := logOf(t, newVirtualTarget(), func(r *virtualRun) {
			for n := range 100 {
				r.Submit(&Request{Conn: 1, Raw: []byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), Server: netip.MustParseAddrPort("10.0.0.1:80")})
				if n == 0 {
					time.Sleep(3 * tickEvery)
				}
			}
		})
		if strings.Count(got, "every request twice") != 1 || !strings.Contains(got, "server=10.0.0.1:80") || strings.Count(got, "\n") != 1 {
			t.Errorf("%s", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		got := logOf(t, newVirtualTarget(), func(r *virtualRun) {
			for range 10 {
				r.Submit(&Request{Conn: 1, Raw: []byte("GET /a HTTP/1.1\r\ngor-replayed: 1\r\n\r\n"), Server: netip.MustParseAddrPort("10.0.0.1:8080")})
			}
		})
		if strings.Count(got, "replayed before") != 1 || !strings.Contains(got, `request="GET /a HTTP/1.1"`) || strings.Count(got, "\n") != 1 {
			t.Errorf("%s", got)
		}
	})
}

// TestFirstOfEachKind: the first failure of each kind is logged with its reason and
// the request; a stop that breaks requests off is no failure of the target.
func TestFirstOfEachKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVirtualTarget()
		v.reply = func(n int, q *http.Request, c net.Conn) bool {
			if q.URL.Path == "/ssh" {
				fmt.Fprint(c, "SSH-2.0-OpenSSH_9.2\r\n\r\n")
			}
			return false
		}
		got := logOf(t, v, func(r *virtualRun) {
			for n := range 6 {
				r.submit(1, n, []string{"POST /close", "POST /ssh"}[n%2])
				time.Sleep(time.Second)
			}
		})
		if strings.Count(got, "\n") != 2 || !strings.Contains(got, `kind=reset err=EOF request="POST /close HTTP/1.1"`) ||
			!strings.Contains(got, "kind=protocol") || !strings.Contains(got, `request="POST /ssh HTTP/1.1"`) {
			t.Errorf("%s", got)
		}
	})
	srv := newTLSTarget(t, false)
	var log bytes.Buffer
	forwardOne(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}, srv.URL, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
	if got := log.String(); !strings.Contains(got, "kind=tls") || !strings.Contains(got, "unknown authority") || !strings.Contains(got, "GET /a") {
		t.Errorf("%s", got)
	}
}
