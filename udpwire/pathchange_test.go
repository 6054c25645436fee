package udpwire

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
)

// pathChanges are ways in which a path's MTU changes.
var pathChanges = []struct {
	name string
	set  func(n *network, mtu int)
}{
	{"the interface", func(n *network, mtu int) { n.mtu, n.strict, n.limit = mtu, true, payload(mtu) }},
	{"a router that says so", func(n *network, mtu int) { n.router, n.limit = mtu, payload(mtu) }},
	{"nobody says so", func(n *network, mtu int) { n.limit = payload(mtu) }},
}

// TestPathShrinks: the path carries less from one moment to the next, down to the least of IPv4, and more again. All
// messages arrive once, also those whose datagrams were made before; what is sent stays in proportion, and the sizes
// follow in both directions.
func TestPathShrinks(t *testing.T) {
	for _, c := range pathChanges {
		for _, secret := range []string{"", "a secret of good length"} {
			for _, loss := range []float64{0, 0.05, 0.2} {
				for seed := range uint64(3) {
					t.Run(fmt.Sprintf("%s/sealed=%t/%.0f%%/%d", c.name, secret != "", 100*loss, seed), func(t *testing.T) {
						n := newNetwork(t, seed, secret)
						n.loss = loss
						n.mixed(300)
						for _, mtu := range []int{1280, 576, 1100} {
							c.set(n, mtu)
							n.mixed(600)
							if full := n.peer.out.tx.size.full; full > payload(mtu) {
								t.Errorf("MTU %d: datagrams of %d bytes", mtu, full)
							}
						}
						c.set(n, 1500)
						n.router = 0
						n.run(n.now + 2*searchEvery)
						n.mixed(300)
						if full := n.peer.out.tx.size.full; full != 1452 && loss == 0 {
							t.Errorf("datagrams of %d bytes when the path carries 1,500 again", full)
						}
						n.finish(20000 * ms)
						n.allArrived()
						n.balanced()
						if sent := n.peer.out.tx.bytes; sent > 3*n.bytes {
							t.Errorf("%d bytes sent for %d", sent, n.bytes)
						}
					})
				}
			}
		}
	}
}

// mixed sends small messages, and now and then a large one, over as many ms as there are, and lets half a second pass.
func (n *network) mixed(count int) {
	for i := range count {
		size := 100 + n.rng.IntN(500)
		if i%100 == 50 {
			size = 50000 + n.rng.IntN(150000)
		}
		n.send(n.rng.Uint64N(20), size)
		n.pack.flush()
		n.run(n.now + ms)
	}
	n.run(n.now + 500*ms)
}

// TestPathShrinksAtOnce: it takes a few round trips until what was on its way arrives, not seconds.
func TestPathShrinksAtOnce(t *testing.T) {
	for _, c := range pathChanges {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t, 1, "")
			n.delay = 5 * ms
			n.mixed(200)
			c.set(n, 1280)
			n.delays = nil
			n.mixed(300)
			n.allArrived()
			for _, d := range n.delays {
				if d > 300*ms {
					t.Fatalf("a message took %d ms", d/ms)
				}
			}
		})
	}
}

// TestPathFromLoopback: datagrams of 60,000 bytes made for a path that carries them pass one that does not carry 1,280.
func TestPathFromLoopback(t *testing.T) {
	for _, secret := range []string{"", "a secret of good length"} {
		n := newNetwork(t, 1, secret)
		n.mtu = 65536
		n.peer.out.tx.size = newPathSize(0, n.mtu, listenerAt.addr.Addr())
		n.run(n.now + 1000*ms)
		n.cut = true
		n.send(1, 8<<20)
		n.send(2, 300)
		n.pack.flush()
		n.cut, n.limit = false, payload(1280)
		n.finish(20000 * ms)
		n.allArrived()
		n.balanced()
	}
}

// TestPathDoubtHeals: loss at random that looks like a hole costs a round trip, not the size.
func TestPathDoubtHeals(t *testing.T) {
	for seed := range uint64(20) {
		n := newNetwork(t, seed, "")
		n.loss = 0.2
		n.mixed(1000)
		n.loss = 0
		n.run(n.now + searchEvery + 500*ms)
		if full := n.peer.out.tx.size.full; full != 1452 {
			t.Errorf("seed %d: datagrams of %d bytes after loss at random", seed, full)
		}
	}
}

// TestResendsBackOff: where nothing arrives any more though the replayer responds, as behind a firewall that takes DATA
// alone, what is sent again fades; with the first arrival it is as fast as ever.
func TestResendsBackOff(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.run(n.now + 1000*ms)
	n.drop = func(toReplayer bool, d []byte) bool {
		return toReplayer && (kind(d[4]) == kindData || kind(d[4]) == kindPiece)
	}
	for i := range 1000 {
		n.send(uint64(i), 1000)
	}
	n.pack.flush()
	var bytes [3]uint64
	for i := range bytes {
		before := n.peer.out.tx.bytes
		n.run(n.now + 1300*ms)
		bytes[i] = n.peer.out.tx.bytes - before
	}
	if bytes[2] > n.bytes/4 || bytes[0] > 3*n.bytes {
		t.Errorf("%d bytes sent in three steps of time, for %d", bytes, n.bytes)
	}
	n.drop = nil
	at := n.now
	n.finish(20000 * ms)
	n.allArrived()
	n.balanced()
	if took := n.now - at; took > 2000*ms {
		t.Errorf("all had arrived after %d ms", took/ms)
	}
}

// TestTransmitterErrors: what the system says of sending is counted by what it means, and news is told once.
func TestTransmitterErrors(t *testing.T) {
	var result error
	mtu := 1500
	tx := transmitter{write: func(b []byte, size int) (int, error) {
		if result != nil {
			return 0, result
		}
		return (len(b) + size - 1) / size, nil
	}, mtu: func() int { return mtu }, size: newPathSize(0, 1500, listenerAt.addr.Addr())}
	tx.size.proven(1452)
	tx.send(make([]byte, 3000), 1452)
	if tx.datagrams != 3 || tx.bytes != 3000 || tx.health.errors != (SendErrors{}) {
		t.Errorf("%d datagrams of %d bytes, errors %d", tx.datagrams, tx.bytes, tx.health.errors)
	}
	for _, c := range []struct {
		err  error
		want sendError
		news bool
	}{
		{syscall.ECONNREFUSED, sendRefused, false},
		{errWouldBlock, sendNoRoom, false},
		{syscall.ENETUNREACH, sendUnreachable, true},
		{syscall.ENETDOWN, sendUnreachable, true},
		{syscall.EPERM, sendDenied, true},
		{fmt.Errorf("write: %w", syscall.EHOSTUNREACH), sendUnreachable, true},
		{errors.New("strange"), sendOther, true},
	} {
		before := tx.health.errors[c.want]
		result = c.err
		for range 2 {
			if n, err := tx.send(make([]byte, 100), 100); n != 0 || err != c.err {
				t.Errorf("%v: %d, %v", c.err, n, err)
			}
		}
		if tx.health.errors[c.want] != before+2 {
			t.Errorf("%v: counted as %d", c.err, tx.health.errors)
		}
		if err, over := tx.health.news(); (err != nil) != c.news || over {
			t.Errorf("%v: news %v, %t", c.err, err, over)
		}
		if err, over := tx.health.news(); err != nil || over {
			t.Errorf("%v: the same news twice", c.err)
		}
		result = nil
		tx.send(make([]byte, 100), 100)
		if err, over := tx.health.news(); err != nil || over != c.news {
			t.Errorf("%v: over %t", c.err, over)
		}
	}
	if !tx.refused {
		t.Error("the refusal is not known")
	}
	if tx.heard(syscall.ECONNREFUSED); tx.health.errors[sendRefused] != 3 {
		t.Errorf("%d", tx.health.errors)
	}
}

// TestTransmitterTooLarge: a refusal for the size that belongs to a datagram before is no reason to send less; one of
// this datagram is, whatever the kernel says that it knows.
func TestTransmitterTooLarge(t *testing.T) {
	mtu, pending := 1500, 0
	carries := 1452
	tx := transmitter{write: func(b []byte, size int) (int, error) {
		if pending > 0 {
			pending--
			return 0, syscall.EMSGSIZE
		}
		if min(size, len(b)) > carries {
			return 0, syscall.EMSGSIZE
		}
		return (len(b) + size - 1) / size, nil
	}, mtu: func() int { return mtu }, size: newPathSize(0, 1500, listenerAt.addr.Addr())}
	tx.size.proven(1452)
	pending = 1
	if n, err := tx.send(make([]byte, 2904), 1452); n != 2 || err != nil || tx.size.full != 1452 {
		t.Errorf("a late report: %d sent, %v, %d bytes", n, err, tx.size.full)
	}
	mtu, carries = 1280, 1232
	if n, err := tx.send(make([]byte, 2904), 1452); n != 0 || err != errTooLarge || tx.size.full != 1232 {
		t.Errorf("the kernel knows: %d sent, %v, %d bytes", n, err, tx.size.full)
	}
	carries = 1000
	if n, err := tx.send(make([]byte, 1232), 1232); n != 0 || err != errTooLarge || tx.size.full != minDatagram {
		t.Errorf("the kernel does not know: %d sent, %v, %d bytes", n, err, tx.size.full)
	}
	before := tx.health.errors
	tx.probe(&outgoing{}, make([]byte, 100, 2000), 1452)
	if tx.health.errors != before || tx.size.full != minDatagram {
		t.Errorf("a probe that is refused counts: %d", tx.health.errors)
	}
	mtu, tx.size.full = 900, 1452
	if tx.heard(syscall.EMSGSIZE); tx.size.full != payload(900) {
		t.Errorf("heard by reading: %d bytes", tx.size.full)
	}
}

// TestPathMoved: what another socket's path carries is found out within the session that goes on there.
func TestPathMoved(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.trickle(second)
	n.cut = true
	n.trickle(6 * second)
	n.peer.out.tx.moved(newPathSize(0, n.mtu, listenerAt.addr.Addr()))
	if full := n.peer.out.tx.size.full; full != safeDatagram {
		t.Errorf("datagrams of %d bytes on a path of which nothing is known", full)
	}
	n.cut = false
	n.trickle(2 * second)
	if full := n.peer.out.tx.size.full; full != payload(n.mtu) {
		t.Errorf("datagrams of %d bytes after two seconds", full)
	}
	n.oneSession()
}
