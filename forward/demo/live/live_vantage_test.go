//go:build linux

package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The places where people stand: gor runs in web, and what it is to see arrives
// there, leaves from there, or passes through. Each request is seen once.

// watch starts the listener with these arguments and no others but where to send.
func (m *mirror) watch(args ...string) {
	m.t.Helper()
	m.listener = m.web.gor(append([]string{"listen", "-r", wireAddr}, args...)...)
}

// backend is a machine behind web, with a web server on a port:
//
//	web 10.99.3.1 --- 10.99.3.2 backend
func (m *mirror) backend(port string) *namespace {
	m.t.Helper()
	back := newNamespace(m.t)
	m.web.link("w2", "10.99.3.1/24", back, "b0", "10.99.3.2/24")
	back.ip("route add default via 10.99.3.1")
	back.newSink(":" + port)
	return back
}

// proxy has nginx in web pass on what comes to port 80.
func (m *mirror) proxy(to string) {
	m.t.Helper()
	m.runNginx(m.t.TempDir(), `access_log off;
		upstream back { server `+to+`; keepalive 16; }
		server { listen 0.0.0.0:80 backlog=4096; location / {
			proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection "";
		} }`)
}

// TestVantageProxy: a proxy's requests leave for its backends.
func TestVantageProxy(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		name, backend string
		args          []string
		sums          bool // the requests are as the client sent them
	}{
		{"the backends' port", "10.99.3.2:8080", []string{"-p", "8080"}, false},
		{"the same port, auto", "10.99.3.2:80", []string{"-p", "80"}, true},
		{"the same port, in", "10.99.3.2:80", []string{"-p", "80", "--direction", "in"}, true},
		{"the same port, out", "10.99.3.2:80", []string{"-p", "80", "--direction", "out"}, false},
		{"a backend on loopback", "127.0.0.1:8080", []string{"-p", "8080"}, false},
		{"a backend on loopback, both", "127.0.0.1:8080", []string{"-p", "8080", "--direction", "both"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			host, port, _ := strings.Cut(test.backend, ":")
			if host == "127.0.0.1" {
				m.web.newSink(test.backend)
			} else {
				m.backend(port)
			}
			m.proxy(test.backend)
			m.replay()
			m.watch(test.args...)
			gets, posts := m.newLoad(1, 1000), m.newLoad(10000, 40)
			posts.body = 100_000
			m.run(gets)
			m.run(posts)
			if test.sums {
				m.mirrored(gets, posts)
				return
			}
			// The proxy changes the head; that each is there once is what counts.
			listen, _ := m.finish(gets.count + posts.count)
			if n := m.sink.unique(); n != gets.count+posts.count || listen.Requests["captured"] != uint64(n) {
				t.Errorf("%d requests arrived of %d, captured %d", n, gets.count+posts.count, listen.Requests["captured"])
			}
		})
	}
}

// A containerHost is web with a container behind it, in which a web server has
// port 80; port 8080 of web is published and leads there:
//
//	client --- web 10.99.3.1 --- 10.99.3.2 container
func containerHost(t *testing.T, bridge bool, snat bool) *mirror {
	t.Helper()
	needTools(t, "nft")
	m := newMirror(t)
	container := newNamespace(t)
	if bridge {
		m.web.ip("link add br0 type bridge")
		m.web.ip("addr add 10.99.3.1/24 dev br0")
		m.web.ip("link set br0 up")
		m.web.ip(fmt.Sprintf("link add veth0 type veth peer name eth0 netns %d", container.tid))
		m.web.ip("link set veth0 master br0")
		m.web.ip("link set veth0 up")
		container.ip("addr add 10.99.3.2/24 dev eth0")
		container.ip("link set eth0 up")
		container.ip("route add default via 10.99.3.1")
	} else { // a route per container, as Calico has them
		m.web.ip(fmt.Sprintf("link add veth0 type veth peer name eth0 netns %d", container.tid))
		m.web.ip("link set veth0 up")
		m.web.ip("route add 10.99.3.2/32 dev veth0")
		m.web.command("sysctl", "-qw", "net.ipv4.conf.veth0.proxy_arp=1")
		container.ip("addr add 10.99.3.2/32 dev eth0")
		container.ip("link set eth0 up")
		container.ip("route add default dev eth0")
	}
	container.newSink(":80")
	m.web.command("sysctl", "-qw", "net.ipv4.ip_forward=1")
	rules := "table ip nat { chain pre { type nat hook prerouting priority -100; ip daddr 10.99.1.1 tcp dport 8080 dnat to 10.99.3.2:80; ip daddr 10.99.1.1 tcp dport 80 dnat to 10.99.3.2:80; }; "
	if snat {
		rules += "chain post { type nat hook postrouting priority 100; ip daddr 10.99.3.2 masquerade; }; "
	}
	m.web.command("nft", rules+"}")
	m.client.ip("route add 10.99.3.0/24 via 10.99.1.1")
	return m
}

// TestVantageContainers: a host passes requests to its containers, with another
// address and port or without. Whichever port is given, each is seen once.
func TestVantageContainers(t *testing.T) {
	needRoot(t)
	for _, place := range []struct {
		name         string
		bridge, snat bool
	}{{"bridge", true, false}, {"routes", false, false}, {"bridge and masquerade", true, true}} {
		for _, test := range []struct {
			name, to string
			args     []string
		}{
			{"the container's port", "10.99.1.1:8080", []string{"-p", "80"}},
			{"the published port", "10.99.1.1:8080", []string{"-p", "8080"}},
			{"both ports", "10.99.1.1:8080", []string{"-p", "80,8080"}},
			{"the same port", "10.99.1.1:80", []string{"-p", "80"}},
			{"the container's interface", "10.99.1.1:8080", []string{"-p", "80", "-i", "veth0"}},
			{"the container's address", "10.99.3.2:80", []string{"-p", "80"}},
			{"what leaves", "10.99.1.1:80", []string{"-p", "80", "--direction", "out"}},
			{"what arrives", "10.99.1.1:80", []string{"-p", "80", "--direction", "in"}},
		} {
			t.Run(place.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				m := containerHost(t, place.bridge, place.snat)
				early := m.newLoad(1, 64)
				early.to = test.to
				if err := early.run(); err != nil { // connections that gor joins
					t.Fatal(err)
				}
				defer early.close()
				m.replay()
				m.watch(test.args...)
				early.first, early.count = 1000, 300
				if err := early.run(); err != nil {
					t.Fatal(err)
				}
				gets, posts := m.newLoad(5000, 500), m.newLoad(10000, 20)
				gets.to, posts.to, posts.body = test.to, test.to, 300_000
				m.run(gets)
				m.run(posts)
				m.mirrored(early, gets, posts)
			})
		}
	}
}

// TestVantageLinks: what passes several interfaces on its way is seen once.
func TestVantageLinks(t *testing.T) {
	needRoot(t)
	for _, test := range []struct {
		name  string
		setUp func(m *mirror)
	}{
		{"VLAN", func(m *mirror) {
			m.needDevice("w0.9", "link w0 type vlan id 9")
			for name, side := range map[string]*namespace{"c0": m.client, "w0": m.web} {
				side.ip("link add link " + name + " name " + name + ".5 type vlan id 5")
				side.ip("link set " + name + ".5 up")
			}
			m.client.ip("addr add 10.99.5.2/24 dev c0.5")
			m.web.ip("addr add 10.99.5.1/24 dev w0.5")
		}},
		{"bond", func(m *mirror) {
			m.needDevice("bond9", "type bond")
			m.web.ip("link add bond0 type bond mode active-backup")
			m.web.ip("link set w0 down")
			m.web.ip("link set w0 master bond0")
			m.web.ip("link set bond0 up")
			m.web.ip("addr add 10.99.5.1/24 dev bond0")
			m.client.ip("addr add 10.99.5.2/24 dev c0")
		}},
		{"macvlan", func(m *mirror) { // a packet is seen at the lower device and at the upper, as with a bond
			m.needDevice("mv9", "link w0 type macvlan mode bridge")
			m.web.ip("link add link w0 name mv0 type macvlan mode bridge")
			m.web.ip("link set mv0 up")
			m.web.ip("addr add 10.99.5.1/24 dev mv0")
			m.client.ip("addr add 10.99.5.2/24 dev c0")
		}},
		{"bridge over VLAN", func(m *mirror) {
			m.needDevice("w0.9", "link w0 type vlan id 9")
			for name, side := range map[string]*namespace{"c0": m.client, "w0": m.web} {
				side.ip("link add link " + name + " name " + name + ".5 type vlan id 5")
				side.ip("link set " + name + ".5 up")
			}
			m.client.ip("addr add 10.99.5.2/24 dev c0.5")
			m.web.ip("link add br0 type bridge")
			m.web.ip("link set w0.5 master br0")
			m.web.ip("link set br0 up")
			m.web.ip("addr add 10.99.5.1/24 dev br0")
		}},
	} {
		for _, direction := range []string{"auto", "both"} {
			t.Run(test.name+"/"+direction, func(t *testing.T) {
				t.Parallel()
				m := newMirror(t)
				test.setUp(m)
				m.startServer()
				m.replay()
				m.watch("-p", "80", "--direction", direction)
				l := m.newLoad(1, 1000)
				l.to = "10.99.5.1:80"
				m.run(l)
				m.mirrored(l)
			})
		}
	}
}

// needDevice skips the test where the kernel has no such devices.
func (m *mirror) needDevice(name, kind string) {
	m.t.Helper()
	p := m.web.start(nil, "ip", strings.Fields("link add "+name+" "+kind)...)
	if p.wait() != 0 {
		m.t.Skipf("this kernel cannot make a %s: %s", kind, p.stderr.String())
	}
	m.web.ip("link del " + name)
}

// TestVantageOverlay: what this machine sends into an overlay network leaves
// twice, plain and in a tunnel.
func TestVantageOverlay(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	back := m.backend("8080")
	m.overlay(back)
	m.replay()
	m.watch("-p", "8080")
	gets, posts := m.newLoad(1, 500), m.newLoad(10000, 20)
	for _, l := range []*load{gets, posts} {
		l.from, l.to = m.web, "10.42.0.2:8080"
	}
	posts.body = 300_000
	m.run(gets)
	m.run(posts)
	m.mirrored(gets, posts)
}

// TestVantageReplayer: a listener on the machine of a replayer sees what that
// sends, and takes it neither for a request nor for a loop.
func TestVantageReplayer(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	server := m.startServer()
	m.replay()
	m.listen()
	own := m.stage.gor("replay", "-p", "28021", "-f", "http://10.99.2.1:80")
	beside := m.stage.gor("listen", "-p", "80", "-r", stageIP+":28021")
	l := m.newLoad(1, 300)
	l.from, l.to = m.stage, "10.99.2.1:80"
	m.run(l)
	m.sink.await(l.count)
	server.awaitTotal(2 * l.count) // the load's, and what the machine's own replayer makes of it
	beside.interrupt()
	own.interrupt()
	listen := finalAccounts(t, beside)
	if r := listen.Requests; r["captured"] != uint64(l.count) || r["sent"] != uint64(l.count) || r["own_requests"] != uint64(l.count) || r["loop"] != 0 {
		t.Errorf("%v", slices.Sorted(mapItems(r)))
	}
	listen.checkListener(t)
	m.listener.interrupt()
	if r := finalAccounts(t, m.listener).Requests; r["sent"] != uint64(l.count) || r["loop"] != uint64(l.count) {
		t.Errorf("where they arrive they are a loop: %v", r)
	}
}

// mapItems are the counters that are not zero, for a message.
func mapItems(r map[string]uint64) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name, n := range r {
			if n != 0 && !yield(fmt.Sprintf("%s=%d", name, n)) {
				return
			}
		}
	}
}
