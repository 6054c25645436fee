//go:build linux

package live

import "testing"

// TestLiveIPv6 has IPv6 everywhere: to the web server, on the wire, to the
// target.
func TestLiveIPv6(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay("-ip", "::", "-f", "http://[fd99:2::2]:8000")
	m.listen("-r", "[fd99:2::2]:28020")
	gets, posts := m.newLoad(1, 1000), m.newLoad(10000, 50)
	gets.to, posts.to, posts.body = "[fd99:1::1]:80", "[fd99:1::1]:80", 200_000
	m.run(gets)
	m.run(posts)
	m.mirrored(gets, posts)
}

// TestLiveLoopback listens on all interfaces while clients and web server talk
// on lo, where the kernel shows each packet on its way out and in.
func TestLiveLoopback(t *testing.T) {
	for _, test := range []struct{ name, iface, to string }{
		{"any", "any", "127.0.0.1:80"},
		{"any, IPv6", "any", "[::1]:80"},
		{"lo", "lo", "127.0.0.1:80"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			m.listen("-i", test.iface)
			gets, posts := m.newLoad(1, 2000), m.newLoad(10000, 40)
			gets.from, gets.to = m.web, test.to
			posts.from, posts.to, posts.body = m.web, test.to, 300_000
			m.run(gets)
			m.run(posts)
			m.mirrored(gets, posts)
		})
	}
}

// TestLiveBridge has the web server behind a bridge: every packet passes the
// listener on the bridge and on its port.
func TestLiveBridge(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.web.ip("link add br0 type bridge")
	m.web.ip("link set br0 up")
	m.web.ip("addr flush dev w0")
	m.web.ip("link set w0 master br0")
	m.web.ip("addr add 10.99.1.1/24 dev br0")
	m.startServer()
	m.replay()
	m.listen()
	gets, posts := m.newLoad(1, 2000), m.newLoad(10000, 40)
	posts.body = 300_000
	m.run(gets)
	m.run(posts)
	m.mirrored(gets, posts)
}

// TestLiveInterfaces has traffic on two interfaces and listens on one.
func TestLiveInterfaces(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listen("-i", "w0")
	seen, unseen := m.newLoad(1, 500), m.newLoad(10000, 500)
	unseen.from, unseen.to = m.web, "127.0.0.1:80"
	m.run(unseen)
	m.run(seen)
	m.mirrored(seen)
}

// TestLivePacketSizes has packets of a few bytes and of far more than 64 KB.
func TestLivePacketSizes(t *testing.T) {
	needTools(t, "ethtool")
	const big = "gso_max_size 196608 gro_max_size 196608"
	for _, test := range []struct {
		name, to string
		setUp    func(m *mirror)
	}{
		{"BIG TCP", webAddr, func(m *mirror) {
			m.client.ip("link set c0 " + big)
			m.web.ip("link set w0 " + big)
		}},
		{"BIG TCP, IPv6", "[fd99:1::1]:80", func(m *mirror) {
			m.client.ip("link set c0 " + big)
			m.web.ip("link set w0 " + big)
		}},
		{"no offloads, small MTU", webAddr, func(m *mirror) {
			m.client.command("ethtool", "-K", "c0", "tso", "off", "gso", "off", "tx", "off")
			m.web.command("ethtool", "-K", "w0", "gro", "off", "rx", "off")
			m.client.ip("link set c0 mtu 600")
			m.web.ip("link set w0 mtu 600")
		}},
		{"wire with a small MTU", webAddr, func(m *mirror) {
			m.web.ip("link set w1 mtu 1280")
			m.stage.ip("link set s0 mtu 1280")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			test.setUp(m)
			m.startServer()
			m.replay()
			m.listen()
			gets, posts := m.newLoad(1, 500), m.newLoad(10000, 20)
			gets.to, posts.to, posts.body, posts.conns = test.to, test.to, 2<<20, 2
			m.run(gets)
			m.run(posts)
			m.mirrored(gets, posts)
		})
	}
}

// TestLivePacketLoss drops packets between client and web server: before the
// listener, which then sees holes filled late and out of order, and behind it,
// which then sees what the server does not get, and sees it again.
func TestLivePacketLoss(t *testing.T) {
	needTools(t, "nft")
	for _, test := range []struct {
		name  string
		rules func(m *mirror) (where *namespace, hook string)
	}{
		{"before the listener", func(m *mirror) (*namespace, string) { return m.client, "egress device c0" }},
		{"behind the listener", func(m *mirror) (*namespace, string) { return m.web, "ingress device w0" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			where, hook := test.rules(m)
			where.command("nft", "table netdev lossy { chain lose { type filter hook "+hook+
				" priority 0; ip protocol tcp numgen random mod 100 < 2 drop; }; }")
			m.startServer()
			m.replay()
			m.listen()
			gets, posts := m.newLoad(1, 2000), m.newLoad(10000, 100)
			gets.conns, posts.conns, posts.body = 64, 64, 100_000
			m.run(gets)
			m.run(posts)
			m.mirrored(gets, posts)
		})
	}
}
