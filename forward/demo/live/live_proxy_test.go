//go:build linux

package live

import (
	"io"
	"strings"
	"sync"
	"testing"
)

// relay has a namespace copy the bytes of connections to addr to connections of its
// own to another address, as a proxy in user space does, until the test ends.
func (n *namespace) relay(addr, to string) {
	n.t.Helper()
	ln := n.listen(addr)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			front, err := ln.Accept()
			if err != nil {
				return // the test has closed it
			}
			all.Go(func() {
				defer front.Close()
				back, err := n.dial("tcp", to)
				if err != nil {
					return // the client gets no answer, and says so
				}
				all.Go(func() {
					defer front.Close()
					defer back.Close()
					io.Copy(front, back)
				})
				io.Copy(back, front)
				back.Close()
			})
		}
	})
	n.t.Cleanup(func() {
		ln.Close()
		all.Wait()
	})
}

// TestVantageRelay: a proxy in one container hands requests on to another, and the
// host sees both of its sides. TCP cannot tell that they are one: each request is
// taken once, and that is said.
func TestVantageRelay(t *testing.T) {
	needRoot(t)
	t.Parallel()
	m := newMirror(t)
	m.web.command("sysctl", "-qw", "net.ipv4.ip_forward=1")
	m.backend("80")
	proxy := newNamespace(t)
	m.web.link("w3", "10.99.4.1/24", proxy, "p0", "10.99.4.2/24")
	proxy.ip("route add default via 10.99.4.1")
	m.client.ip("route add 10.99.4.0/24 via 10.99.1.1")
	proxy.relay(":80", "10.99.3.2:80")
	m.replay()
	m.watch("-p", "80")
	first, gets, posts := m.newLoad(1, 1), m.newLoad(1000, 500), m.newLoad(10000, 20)
	posts.body = 100_000
	for _, l := range []*load{first, gets, posts} {
		l.to = "10.99.4.2:80"
		m.run(l) // the first shows that there is a proxy, and is seen twice
	}
	total := first.count + gets.count + posts.count
	listen, _ := m.finish(total)
	if n, r := m.sink.unique(), listen.Requests; n != total || r["sent"] != uint64(total+1) || r["repeated"] != uint64(total-1) {
		t.Errorf("%d of %d requests arrived, sent %d, repeated %d", n, total, r["sent"], r["repeated"])
	}
	const said = "requests are seen before and behind a proxy"
	if log := m.listener.stderr.String(); strings.Count(log, said) != 1 || !strings.Contains(log, `"proxy":"10.99.4.2:`) || !strings.Contains(log, `"behind":"10.99.3.2:80"`) {
		t.Errorf("the log does not name the proxy, once: %s", log)
	}
}
