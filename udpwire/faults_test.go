package udpwire

import (
	"fmt"
	"testing"
)

// load sends messages of all sizes for a while: one each 0.2 ms.
func (n *network) load(count int) {
	for i := range count {
		size := n.rng.IntN(1000)
		if i%200 == 0 {
			size = 50000
		}
		n.send(n.rng.Uint64N(20), size)
		if i%3 == 0 {
			n.pack.flush()
		}
		n.run(n.now + ms/5)
	}
}

// each runs a scenario with and without a secret.
func each(t *testing.T, scenario func(t *testing.T, secret string)) {
	for _, secret := range []string{"", "secret"} {
		t.Run(fmt.Sprintf("sealed=%t", secret != ""), func(t *testing.T) { scenario(t, secret) })
	}
}

func (n *network) allArrived() {
	n.t.Helper()
	if len(n.got) != len(n.bodies) {
		n.t.Errorf("%d of %d messages arrived", len(n.got), len(n.bodies))
	}
}

func TestNetworkCutForThreeSeconds(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(1000)
		n.cut = true
		n.load(15000) // 3 s
		if n.peer.up() {
			t.Error("the listener has not noticed")
		}
		n.cut = false
		n.load(1000)
		n.finish(10000 * ms)
		n.allArrived()
		n.balanced()
		if n.peer.accounts.sessions != 1 {
			t.Errorf("%d sessions, want the same to go on", n.peer.accounts.sessions)
		}
	})
}

// A killed replayer takes what it has handed on and not confirmed with it: the listener counts that as lost, and
// sends nothing twice.
func TestReplayerKilled(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.loss = 0.02
		n.load(2000)
		n.cut, n.refuse = true, true
		n.queue = nil
		n.load(1000)
		before := len(n.got)
		past := n.recv.past
		for _, s := range n.recv.sessions.byID {
			s.addTo(&past)
		}
		n.startReplayer(secret)
		n.cut, n.refuse = false, false
		n.load(1000)
		n.finish(10000 * ms)
		sent := uint64(len(n.bodies))
		if p := n.peer.accounts; p.received.messages+p.lost.messages != sent || p.received.messages > uint64(len(n.got)) {
			t.Errorf("listener: %d received + %d lost of %d sent; %d arrived", p.received.messages, p.lost.messages, sent, len(n.got))
		}
		if n.peer.accounts.lost.messages > 200 {
			t.Errorf("%d lost, more than was under way", n.peer.accounts.lost.messages)
		}
		if st, _ := n.totals(); st.MessagesSent != st.MessagesReceived+st.MessagesLost || st.MessagesReceived != uint64(len(n.got)-before) {
			t.Errorf("new replayer: %d sent, %d received, %d lost; handled %d", st.MessagesSent, st.MessagesReceived, st.MessagesLost, len(n.got)-before)
		}
		if n.peer.accounts.sessions != 2 {
			t.Errorf("%d sessions", n.peer.accounts.sessions)
		}
	})
}

func TestReplayerGoesAndComesBack(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(1000)
		n.pack.flush()
		n.run(n.now + 50*ms)
		n.recv.close(n.now)
		n.refuse = true
		n.run(n.now + 10*ms)
		n.load(1000)
		n.startReplayer(secret)
		n.refuse = false
		n.load(1000)
		n.finish(10000 * ms)
		n.allArrived()
		if p := n.peer.accounts; p.received.messages != uint64(len(n.bodies)) || p.lost.messages != 0 || p.sessions != 2 {
			t.Errorf("%+v", p)
		}
	})
}

func TestListenerKilled(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(1000)
		n.startListener(secret)
		n.order = map[uint64]uint64{}
		n.load(1000)
		n.finish(10000 * ms)
		if len(n.recv.sessions.byID) != 1 { // the one that said nothing
			t.Errorf("%d sessions", len(n.recv.sessions.byID))
		}
		n.run(n.now + idleEnd + 1000*ms)
		st, _ := n.totals()
		if st.MessagesSent != st.MessagesReceived+st.MessagesLost || int(st.MessagesReceived) != len(n.got) || len(n.recv.sessions.byID) != 0 {
			t.Errorf("%d sent = %d received + %d lost; %d sessions left", st.MessagesSent, st.MessagesReceived, st.MessagesLost, len(n.recv.sessions.byID))
		}
		if len(n.got) < len(n.bodies)-60 {
			t.Errorf("%d of %d arrived", len(n.got), len(n.bodies))
		}
	})
}

// The handshake survives the loss of each of its datagrams.
func TestHandshakeLost(t *testing.T) {
	for _, lost := range []kind{kindHello, kindRetry, kindWelcome, kindBegin, kindReport, kindHeartbeat} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			n := newNetwork(t, 1, "secret")
			left := 5
			n.drop = func(_ bool, d []byte) bool {
				if kind(d[4]) == lost && left > 0 {
					left--
					return true
				}
				return false
			}
			n.load(3000)
			n.finish(5000 * ms)
			n.allArrived()
			n.balanced()
		})
	}
}

// A datagram that never passes, such as one too large for a path that has shrunk, is given up after a while; what
// was in it is lost, and known to be on both sides; all else goes on.
func TestGone(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(500)
		n.limit = 1400
		n.load(500)
		n.limit = 0
		n.drop = func(toReplayer bool, d []byte) bool { // these never pass
			return toReplayer && kind(d[4]) == kindData && (d[23] == 0 || d[23] == 1)
		}
		n.load(1000)
		n.finish(30000 * ms)
		n.balanced()
		if _, past := n.totals(); past.lost.messages == 0 || len(n.got) < len(n.bodies)*3/4 {
			t.Errorf("%d lost, %d of %d arrived", past.lost.messages, len(n.got), len(n.bodies))
		}
	})
}

// What was not confirmed when the listener had to stop is lost for both.
func TestCloseUnfinished(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(1000)
		n.drop = func(toReplayer bool, d []byte) bool { return toReplayer && kind(d[4]) == kindData }
		n.load(100)
		n.pack.flush()
		n.run(n.now + 5*ms)
		n.peer.abandon(n.now)
		n.run(n.now + 100*ms)
		n.balanced()
		if len(n.got) == len(n.bodies) {
			t.Error("nothing was lost")
		}
	})
}

// A listener that leaves waits for a replayer that went or never came, but not for ever.
func TestLeaveAnAbsentReplayer(t *testing.T) {
	for _, tt := range []struct {
		name         string
		before, back int64 // when the path is cut, and works again, in ns from the start; the farewell begins after 1 s
		arrive       bool
	}{
		{"never there", 0, 1 << 62, false},
		{"there too late", 0, 8000 * ms, false},
		{"there in time", 0, 4000 * ms, true},
		{"gone", 500 * ms, 1 << 62, false},
		{"gone for a while", 500 * ms, 5000 * ms, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNetwork(t, 1, "secret")
			start := n.now
			passes := func() bool { return n.now-start < tt.before || n.now-start >= tt.back }
			n.drop = func(bool, []byte) bool { return !passes() }
			n.load(5000) // 1 s
			n.finish(30000 * ms)
			took := n.now - start
			if n.peer.state != departed || n.peer.farewell.abandoned == tt.arrive {
				t.Errorf("state %d, abandoned %t", n.peer.state, n.peer.farewell.abandoned)
			}
			if tt.arrive {
				n.allArrived()
			} else if took < 6000*ms || took > 9000*ms {
				t.Errorf("it took %d ms", took/ms)
			}
		})
	}
}

// TestNumbersEnd: a session goes on in a new one when its numbers are used up.
func TestNumbersEnd(t *testing.T) {
	n := newNetwork(t, 1, "secret")
	n.loss = 0.05
	n.run(n.now + 200*ms)
	s := n.recv.sessions.byID[n.peer.out.channel.session]
	if s == nil {
		t.Fatal("no session")
	}
	const first = maxNumber - 1000
	n.peer.out.flight.next, n.peer.out.flight.oldest, n.peer.out.flight.seen = first, first, first-1
	s.inbox.numbers.next, s.inbox.detector.known, s.inbox.detector.overdue = first, first-1, first-1
	n.load(5000)
	n.finish(10000 * ms)
	n.allArrived()
	n.balanced()
	if n.peer.accounts.sessions != 2 {
		t.Errorf("%d sessions", n.peer.accounts.sessions)
	}
}

// TestKeysChange: keys change when they are old, and when they are much used, under loss, and whichever direction is
// deaf for however long. Nothing is lost by that, and nothing refused.
func TestKeysChange(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*network)
		epochs uint64
	}{
		{"old ones", func(n *network) { n.run(n.now + 3*keyLife + 5000*ms) }, 3},
		{"much used ones", func(n *network) { n.peer.out.channel.age.sealed = keyUses - 100; n.load(1000) }, 1},
		{"old ones that cannot be changed", func(n *network) {
			n.cut = true
			n.peer.out.channel.age.since -= 5 * keyLife
			n.run(n.now + 10000*ms)
			n.cut = false
		}, 1},
		{"old ones while nothing passes and nothing is sent", func(n *network) {
			n.pack.flush()
			n.run(n.now + 1000*ms)
			n.cut = true
			for range 5 {
				n.peer.out.channel.age.since -= keyLife
				n.run(n.now + 1500*ms)
			}
			n.cut = false
		}, 1},
		{"one datagram does not pass", func(n *network) {
			stuck := n.peer.out.flight.next
			n.drop = func(toReplayer bool, d []byte) bool {
				h, _, _ := parseHeader(d)
				return toReplayer && h.kind == kindData && h.number == stuck
			}
			for range 5 {
				n.peer.out.channel.age.since -= keyLife
				n.load(500)
			}
			n.drop = nil
		}, 1},
		{"nothing comes back", func(n *network) {
			n.oneWay = true
			for range 5 {
				n.peer.out.channel.age.since -= keyLife
				n.load(500)
			}
			n.oneWay = false
		}, 1},
		{"nothing gets there", func(n *network) {
			n.drop = func(toReplayer bool, _ []byte) bool { return toReplayer }
			for range 5 {
				n.peer.out.channel.age.since -= keyLife
				n.load(500)
			}
			n.drop = nil
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t, 1, "secret")
			n.loss, n.jit = 0.05, ms
			n.load(1000)
			id := n.peer.out.channel.session
			c.change(n)
			n.load(1000)
			if s := n.recv.sessions.byID[id]; s == nil || n.peer.out.channel.session != id || n.peer.out.channel.seal.epoch < c.epochs ||
				s.out.seal.epoch+1 < n.peer.out.channel.seal.epoch || s.in.seal.epoch < s.out.seal.epoch {
				t.Errorf("%d sessions, epoch %d", n.peer.accounts.sessions, n.peer.out.channel.seal.epoch)
			}
			n.finish(10000 * ms)
			n.allArrived()
			n.balanced()
			if here, there := n.peer.accounts.rejects[rejectAuth], n.recv.past.Rejected[rejectAuth]; here+there > 0 {
				t.Errorf("%d and %d not authentic", here, there)
			}
		})
	}
}

// Nothing goes out to whoever does not answer, and nothing is lost when it does at last.
func TestNothingToTheSilent(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.oneWay = true
		n.load(1000)
		n.run(n.now + 3*warnAfter)
		if len(n.got) != 0 || n.peer.state != seeking || !n.peer.contact.warned {
			t.Errorf("%d messages sent, state %d, warned %t", len(n.got), n.peer.state, n.peer.contact.warned)
		}
		n.oneWay = false
		n.finish(3000 * ms)
		n.allArrived()
		n.balanced()
	})
}

// The size of a HEARTBEAT that arrives proves what passes.
func TestPathSizeProven(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.limit = 1300
	n.load(1000)
	n.finish(5000 * ms)
	n.allArrived()
	if n.peer.out.tx.size.full != 1232 {
		t.Errorf("datagrams of %d bytes", n.peer.out.tx.size.full)
	}
}
