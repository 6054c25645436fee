package capture

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// TestReadServices takes what listens, up to the first that does not.
func TestReadServices(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	for _, tt := range []struct{ name, list, want string }{
		{"empty", "", "[]"},
		{"no lines", head, "[]"},
		{"IPv4", head +
			"   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1588 1 0\n" +
			"   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1589 1 0\n" +
			"   2: 0100007F:C944 0100007F:84BB 06 00000000:00000000 03:00000E7C 00000000     0        0 0 3 0\n" +
			"   3: 0100007F:0051 0100007F:84BB 0A 00000000:00000000 03:00000E7C 00000000     0        0 0 3 0\n", "[80 8080]"},
		{"IPv6", head + "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A x\n", "[443]"},
		{"nonsense", head + "   0: 00000000 00000000:0000 0A\n   1: x:y z:0 0A\n  2:\n", "[]"},
	} {
		var heard portSet
		readServices(strings.NewReader(tt.list), &heard)
		if got := fmt.Sprint(heard.list()); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestServices asks the kernel, again and again, in both ways.
func TestServices(t *testing.T) {
	listen := func() (net.Listener, uint16) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l, uint16(l.Addr().(*net.TCPAddr).Port)
	}
	byLists := &services{diag: -1}
	for _, name := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		byLists.lists = append(byLists.lists, f)
	}
	now := time.Unix(1000, 0)
	for name, s := range map[string]*services{"netlink": openServices(), "lists": byLists} {
		l, port := listen()
		if heard := s.ports(now); !heard.has(port) {
			t.Errorf("%s: port %d is listened on", name, port)
		}
		l.Close()
		if heard := s.ports(now.Add(time.Minute)); heard.has(port) {
			t.Errorf("%s: port %d is not listened on any more", name, port)
		}
		s.close()
	}
}

// BenchmarkServices is what a look at what listens costs.
func BenchmarkServices(b *testing.B) {
	s := openServices()
	defer s.close()
	for b.Loop() {
		s.ports(time.Now())
	}
}
