//go:build linux

package doctor

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSockets finds this process's own servers, connections and Unix sockets.
func TestSockets(t *testing.T) {
	d, err := openDiag()
	if err != nil {
		t.Skip("no netlink: ", err)
	}
	defer d.close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr := netip.MustParseAddrPort(ln.Addr().String())
	servers, err := d.servers()
	i := slices.IndexFunc(servers, func(s Server) bool { return s.Addr == addr })
	if err != nil || i < 0 || servers[i].inode == 0 {
		t.Fatalf("%v: %v is not among %v", err, addr, servers)
	}
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	exchange := func(n int) {
		c.Write(make([]byte, n))
		for got := 0; got < n; {
			k, err := s.Read(make([]byte, n))
			if err != nil {
				t.Fatal(err)
			}
			got += k
		}
	}
	var all connections
	exchange(100)
	for range 2 { // what was received before the first look does not count
		if err := all.look(d, []uint16{addr.Port()}); err != nil {
			t.Fatal(err)
		}
		exchange(50)
	}
	if err := all.look(d, []uint16{addr.Port()}); err != nil {
		t.Fatal(err)
	}
	remote := netip.MustParseAddrPort(c.LocalAddr().String())
	if got := all.list(); len(got) != 1 || got[0] != (Connection{addr, remote, 100}) {
		t.Errorf("%+v, want one from %v with 100 bytes", got, remote)
	}
	census := takeCensus(time.Now().Add(time.Minute))
	if p := census.owners.first(servers[i].inode); p.PID != os.Getpid() || p.Name == "" {
		t.Errorf("the server is %v's", p)
	}
	if late := takeCensus(time.Now()); !late.late {
		t.Error("a census without time does not say so")
	}
}

// TestUnixHops: a socket that somebody listens on is one, and one that somebody was
// connected to comes first; those that every machine has are none.
func TestUnixHops(t *testing.T) {
	d, err := openDiag()
	if err != nil {
		t.Skip("no netlink: ", err)
	}
	defer d.close()
	dir := t.TempDir()
	var used net.Listener
	for _, name := range []string{"a.sock", "dbus.sock", "used.sock"} {
		if used, err = net.Listen("unix", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		defer used.Close()
	}
	c, err := net.Dial("unix", filepath.Join(dir, "used.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := used.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var h hops
	for range 2 {
		if err := h.look(d); err != nil {
			t.Fatal(err)
		}
	}
	inode := h.listeners[filepath.Join(dir, "a.sock")]
	if inode == 0 || h.listeners[filepath.Join(dir, "dbus.sock")] != 0 {
		t.Fatalf("%v", h.listeners)
	}
	var owners = owners{}
	for path, i := range h.listeners {
		if strings.HasPrefix(path, dir) {
			owners[i] = []Process{{PID: 77, Name: "app"}}
		}
	}
	got := h.list(owners, nil)
	if len(got) != 2 || got[1].Path != filepath.Join(dir, "a.sock") || got[1].Used || !strings.HasSuffix(got[0].Path, "used.sock") || got[0].To.Name != "app" {
		t.Errorf("%+v", got)
	}
	servers := []Server{{inode: 1}}
	owners[1] = []Process{{PID: 77, Name: "app"}}
	if got := h.list(owners, servers); len(got) != 0 {
		t.Errorf("what listens on TCP itself is %+v", got)
	}
}

// TestHopFrom: of several who are connected the web server is named.
func TestHopFrom(t *testing.T) {
	h := hops{listeners: map[string]uint32{"/run/app": 5}, connected: map[[2]uint32]string{{10, 11}: "/run/app", {12, 13}: "/run/app", {14, 15}: "/run/other"}}
	o := owners{5: {{2, "app"}}, 10: {{3, "cron"}}, 12: {{4, "nginx"}}, 1: {{9, "nginx"}, {4, "nginx"}}}
	if got := h.list(o, []Server{{inode: 1}}); len(got) != 1 || got[0].From.PID != 4 || got[0].rank() != 2 {
		t.Errorf("%+v", got)
	}
	if got := h.list(o, nil); len(got) != 1 || got[0].From.PID != 0 || got[0].rank() != 1 {
		t.Errorf("%+v", got)
	}
}

// TestLinks finds the loopback.
func TestLinks(t *testing.T) {
	all, err := links([]string{"lo"})
	i := slices.IndexFunc(all, func(l Link) bool { return l.Loopback })
	if err != nil || i < 0 || all[i].Name != "lo" || all[i].Index == 0 || all[i].MTU == 0 || all[i].XDP || !all[i].Addr.IsLoopback() {
		t.Errorf("%v, %+v", err, all)
	}
}

// TestReadServers reads lists as the kernel writes them, and what else may stand there.
func TestReadServers(t *testing.T) {
	word := func(ip string) (s string) {
		a := netip.MustParseAddr(ip).AsSlice()
		for i := 0; i < len(a); i += 4 {
			s += fmt.Sprintf("%08X", binary.NativeEndian.Uint32(a[i:]))
		}
		return s
	}
	line := func(addr string, port int, state string) string {
		return fmt.Sprintf("   0: %s:%04X 00000000:0000 %s 00000000:00000000 00:00000000 00000000     0        0 4242 1 0\n", addr, port, state)
	}
	list := "heading\n" + line(word("127.0.0.1"), 80, "0A") + line(word("::1"), 80, "0A") + line(word("0.0.0.0"), 81, "0A") + "short\n"
	got := readServers(strings.NewReader(list), []uint16{80})
	if len(got) != 2 || got[0].Addr.String() != "127.0.0.1:80" || got[1].Addr.String() != "[::1]:80" || got[0].inode != 4242 {
		t.Errorf("%+v", got)
	}
	for _, l := range []string{"", "heading\n", "heading\n" + line("zz", 80, "0A"), "heading\n" + line(word("127.0.0.1"), 80, "01")} {
		for _, s := range readServers(strings.NewReader(l), []uint16{80}) {
			if s.Addr.Addr().IsValid() {
				t.Errorf("%q: %+v", l, s)
			}
		}
	}
}

// FuzzEntries: whatever the kernel says, it is read to its end and not beyond.
func FuzzEntries(f *testing.F) {
	f.Add(make([]byte, 100))
	f.Add([]byte{2, 10, 0, 0, 8, 0, 2, 0, 1, 0, 0, 0, 4, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		tcpEntry(b)
		unixEntry(b)
		if len(b) >= 16 {
			linkOf(b, nil)
		}
		n := 0
		for range attributes(b) {
			if n++; n > len(b)/4 {
				t.Fatal("it does not end")
			}
		}
	})
}
