//go:build linux

package live

import (
	"testing"
)

// The live tests put real listeners and replayers between real servers, in
// network namespaces of their own, and count what arrives: every request
// exactly once, intact, and in all accounts. They judge counts, never speed.
//
// Those with a heavy load run one after the other; the others in parallel.

// scaled lowers a rate or a count where the race detector is in the way.
func scaled[N int | float64](n N) N {
	if raceEnabled {
		return n / 10
	}
	return n
}

func TestLiveLoads(t *testing.T) {
	for _, test := range []struct {
		name string
		load load
	}{
		{"1,000 a second", load{count: 3000, rate: 1000, conns: 64}},
		{"5,000 a second", load{count: scaled(15000), rate: scaled(5000.), conns: 64}},
		{"a connection per request", load{count: scaled(6000), rate: scaled(2000.), conns: 64, newConn: true}},
		{"bodies of 1 KB", load{count: scaled(4000), rate: scaled(2000.), conns: 64, body: 1 << 10}},
		{"bodies of 64 KB", load{count: scaled(800), rate: scaled(400.), conns: 64, body: 64 << 10}},
		{"bodies of 1 MB", load{count: 40, rate: 20, conns: 16, body: 1 << 20}},
		{"bodies of 20 MB", load{count: 3, conns: 2, body: 20 << 20}},
		{"chunked", load{count: scaled(2000), rate: scaled(1000.), conns: 32, body: 8000, chunk: 999}},
		{"large chunks", load{count: scaled(100), rate: scaled(50.), conns: 8, body: 1 << 20, chunk: 100_000}},
		{"pipelined", load{count: scaled(8000), rate: scaled(4000.), conns: 32, pipeline: 8}},
		{"pipelined bodies", load{count: scaled(2000), rate: scaled(1000.), conns: 16, pipeline: 4, body: 3000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMirror(t)
			server := m.startServer()
			m.replay()
			m.listen()
			l := &test.load
			l.from, l.to, l.first = m.client, webAddr, 1
			m.run(l)
			server.check(t, l)
			m.mirrored(l)
		})
	}
}

// TestLive20000 drives the whole path with 20,000 requests a second in front of
// nginx. A machine that cannot carry that may lose requests, but must know:
// then the accounts have to explain every single one.
func TestLive20000(t *testing.T) {
	m := newMirror(t)
	m.startNginx()
	m.replay()
	m.listen()
	l := m.newLoad(1, scaled(60000))
	l.rate, l.conns = scaled(20000.), 64
	m.run(l)
	listen, replay := m.finish(l.count)
	t.Logf("worst delay of the load %v, kernel drops %d\nlistener %v\nreplayer %v",
		l.late, listen.kernelDrops(), listen.Requests, replay)
	if !l.fellShort() && listen.kernelDrops() == 0 {
		m.sink.check(t, l)
		return
	}
	missing := uint64(l.count - m.sink.unique())
	lost := listen.kernelDrops() + listen.dropped() + replay.Wire["messages_lost"]
	for _, fate := range []string{"failed", "limited", "queue_full", "unsupported"} {
		lost += replay.target(t, 0).number(fate)
	}
	if missing > lost {
		t.Errorf("%d requests are missing, the accounts know of %d", missing, lost)
	}
}

// TestLiveNginx is the plainest use in front of a real web server, which
// answers a POST before it has read it.
func TestLiveNginx(t *testing.T) {
	for _, test := range []struct {
		name string
		load load
	}{
		{"gets", load{count: 2000, rate: 1000, conns: 64}},
		{"a connection per request", load{count: 1000, rate: 500, conns: 16, newConn: true}},
		{"bodies answered early", load{count: 100, rate: 50, conns: 8, body: 100_000}},
		{"over IPv6", load{to: "[fd99:1::1]:80", count: 1000, rate: 1000, conns: 8}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startNginx()
			m.replay()
			m.listen()
			l := &test.load
			l.from, l.first = m.client, 1
			if l.to == "" {
				l.to = webAddr
			}
			m.run(l)
			m.mirrored(l)
		})
	}
}

// TestLiveIdle holds 5,000 connections open beside the traffic.
func TestLiveIdle(t *testing.T) {
	m := newMirror(t)
	m.startNginx()
	m.replay()
	m.listen()
	idle := m.newLoad(1, scaled(5000))
	idle.conns = idle.count
	if err := idle.run(); err != nil {
		t.Fatal(err)
	}
	defer idle.close()
	l := m.newLoad(1_000_000, scaled(4000))
	l.rate, l.conns = scaled(2000.), 64
	m.run(l)
	m.mirrored(idle, l)
}

// TestLiveEarlyConnections uses connections that were open, and in use, before
// the listener started: it has seen neither their SYN nor what came before.
func TestLiveEarlyConnections(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	l := m.newLoad(1, 320)
	if err := l.run(); err != nil {
		t.Fatal(err)
	}
	defer l.close()
	m.replay()
	m.listen()
	l.first, l.count, l.body = 1000, 2000, 500
	if err := l.run(); err != nil {
		t.Fatal(err)
	}
	m.mirrored(l)
}
