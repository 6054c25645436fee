//go:build linux

package live

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestWatchServices: a server that begins to listen makes the machine one whose
// incoming requests are wanted, and one that ends makes it again a machine that
// others' requests pass through.
func TestWatchServices(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.backend("80")
	m.replay()
	m.watch("-p", "80")
	leaving := m.newLoad(1, 200)
	leaving.from, leaving.to = m.web, "10.99.3.2:80"
	m.run(leaving)
	server := m.web.listen(":80")
	m.listener.await("the direction follows what listens on this machine: what arrives at port 80")
	ignored := m.newLoad(1000, 200)
	ignored.from, ignored.to = m.web, "10.99.3.2:80"
	m.run(ignored)
	server.Close()
	m.listener.await("the direction follows what listens on this machine: what arrives at and leaves for port 80")
	again := m.newLoad(2000, 200)
	again.from, again.to = m.web, "10.99.3.2:80"
	m.run(again)
	m.mirrored(leaving, again)
}

// TestWatchOtherWay: what goes the other way is named, about as much as it is.
func TestWatchOtherWay(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.backend("80")
	m.startServer()
	m.replay()
	m.watch("-p", "80")
	l := m.newLoad(1, 4000)
	l.from, l.to, l.rate = m.web, "10.99.3.2:80", 500
	m.run(l)
	const want = "requests/s to port 80 leave this machine: --direction out"
	m.listener.await(want)
	said := m.listener.stderr.String()
	if !strings.Contains(said, "about 4") && !strings.Contains(said, "about 5") {
		t.Errorf("not about 500 requests a second:\n%s", said)
	}
	if n := strings.Count(said, want); n != 1 {
		t.Errorf("said %d times", n)
	}
	m.mirrored()
}

// TestWatchInterface: an interface that is deleted and made again is captured on
// again.
func TestWatchInterface(t *testing.T) {
	for _, names := range []string{"w9", "w9,w1"} {
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			make := func() { m.client.link("c9", "10.99.9.2/24", m.web, "w9", "10.99.9.1/24") }
			make()
			m.replay()
			m.listen("-i", names)
			before, after := m.newLoad(1, 100), m.newLoad(1000, 100)
			before.to, after.to = "10.99.9.1:80", "10.99.9.1:80"
			m.run(before)
			m.web.ip("link del w9")
			m.listener.await("interface is gone")
			make()
			m.listener.await("interface is back")
			m.run(after)
			m.mirrored(before, after)
		})
	}
}

// TestLivePause: a listener that is kept from running for three seconds, as a
// virtual machine's pause or a throttled control group does, loses nothing.
func TestLivePause(t *testing.T) {
	m := newMirror(t)
	m.startServer()
	rate := scaled(4000.)
	if *full { // the requests are not forwarded: there is no processor left for that
		rate = 20000
		m.replay("--method", "NONE")
	} else {
		m.replay()
	}
	m.listen()
	l := m.newLoad(1, int(5*rate))
	l.rate, l.conns = rate, 64
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	paused := time.AfterFunc(time.Second, func() { m.listener.cmd.Process.Signal(syscall.SIGSTOP) })
	resumed := time.AfterFunc(4*time.Second, func() { m.listener.cmd.Process.Signal(syscall.SIGCONT) })
	defer paused.Stop()
	defer resumed.Stop()
	m.run(l)
	var listen accounts
	if *full {
		m.listener.interrupt()
		if listen = finalAccounts(t, m.listener); listen.Requests["sent"] != uint64(l.count) {
			t.Errorf("%d of %d requests sent: %v", listen.Requests["sent"], l.count, listen)
		}
	} else {
		listen, _ = m.mirrored(l)
	}
	if n := listen.kernelDrops(); n > 0 {
		t.Errorf("%d packets were dropped", n)
	}
}

// TestWatchInstead: ten seconds without a request, and gor says what it sees
// instead.
func TestWatchInstead(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		run  func(m *mirror)
		want string
	}{
		{"nothing", []string{"-p", "80"}, func(*mirror) {}, "nothing came in"},
		{"another port", []string{"-p", "81"}, func(m *mirror) { m.keepRunning(m.client, webAddr) }, "-p 80"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay()
			m.watch(test.args...)
			test.run(m)
			m.listener.await("so far: ")
			_, said, _ := strings.Cut(m.listener.stderr.String(), "so far: ")
			if line, _, _ := strings.Cut(said, "\n"); !strings.Contains(line, test.want) {
				t.Errorf("said %q, want %q in it", line, test.want)
			}
		})
	}
}

// keepRunning sends twenty requests a second, until the test ends.
func (m *mirror) keepRunning(from *namespace, to string) {
	stop := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		for first := uint64(1); ; first++ {
			select {
			case <-stop:
				return
			case <-ticker.C:
			}
			l := &load{from: from, to: to, first: first, count: 1}
			if err := l.run(); err != nil {
				m.t.Errorf("load: %v", err)
				return
			}
			l.close()
		}
	})
	m.t.Cleanup(func() {
		close(stop)
		ended.Wait()
	})
}
