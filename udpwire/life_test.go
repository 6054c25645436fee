package udpwire

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const second = 1000 * ms

// trickle sends small messages for a while, one each 2 ms.
func (n *network) trickle(d int64) {
	for end := n.now + d; n.now < end; {
		n.send(n.rng.Uint64N(20), 100)
		n.pack.flush()
		n.run(n.now + 2*ms)
	}
}

// What a listener logs.
const (
	saysAnswers = "replayer answers"
	saysSilent  = "replayer does not answer any more, what was not sent yet is kept as far as the buffer goes"
	saysAgain   = "replayer answers again"
	saysLost    = "replayer does not know the session any more, what it had not confirmed is lost"
	saysBack    = "replayer is back, a new session begins"
	saysLeft    = "replayer has left, what was not sent yet is kept as far as the buffer goes"
	saysNobody  = "no replayer there yet, messages are kept as far as the buffer goes"
)

// heard checks what the listener has logged.
func (n *network) heard(want ...string) {
	n.t.Helper()
	if !slices.Equal(n.said, want) {
		n.t.Errorf("the log says:\n  %s\nwant:\n  %s", strings.Join(n.said, "\n  "), strings.Join(want, "\n  "))
	}
}

// oneSession checks that the session has gone on all the time, and nothing was lost.
func (n *network) oneSession() {
	n.t.Helper()
	n.finish(10 * second)
	n.allArrived()
	n.balanced()
	if s := n.peer.accounts.sessions; s != 1 {
		n.t.Errorf("%d sessions", s)
	}
}

// TestLongCut: a session outlives more than a minute in which nothing passes.
func TestLongCut(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.trickle(second)
		n.cut = true
		n.trickle(70 * second)
		n.cut = false
		n.trickle(second)
		n.heard(saysAnswers, saysSilent, saysAgain)
		n.oneSession()
	})
}

// TestOneDirectionCut: a replayer that hears nothing says so all the time, but confirms nothing: it is silent. It gets
// nothing more meanwhile, and is back soon after.
func TestOneDirectionCut(t *testing.T) {
	for _, toReplayer := range []bool{true, false} {
		n := newNetwork(t, 1, "")
		n.trickle(second)
		n.drop = func(to bool, _ []byte) bool { return to == toReplayer }
		begun := n.peer.out.begun.messages()
		n.trickle(3 * second)
		if n.peer.state != silent || n.peer.up() {
			t.Errorf("state %d after 3 s", n.peer.state)
		}
		n.trickle(17 * second)
		if sent := n.peer.out.begun.messages() - begun; sent > 50 {
			t.Errorf("%d messages sent to nobody", sent)
		}
		n.drop = nil
		n.trickle(second)
		n.heard(saysAnswers, saysSilent, saysAgain)
		n.oneSession()
	}
}

// TestListenerStopped: whoever did not run has not heard anybody, and does not conclude from that that nobody spoke.
func TestListenerStopped(t *testing.T) {
	for _, d := range []int64{10 * second, 70 * second} {
		n := newNetwork(t, 1, "secret")
		n.trickle(second)
		for range 3 {
			n.stop(listener, func() { n.run(n.now + d) })
			n.trickle(500 * ms)
		}
		n.heard(saysAnswers)
		n.oneSession()
	}
}

// TestReplayerStopped: a replayer that did not run goes on where it stopped; its listeners were not silent, and are not
// forgotten, however long it was.
func TestReplayerStopped(t *testing.T) {
	for _, d := range []int64{10 * second, 70 * second, 2 * idleEnd} {
		n := newNetwork(t, 1, "secret")
		n.trickle(second)
		n.stop(replayer, func() { n.trickle(second); n.run(n.now + d) })
		n.trickle(second)
		n.heard(saysAnswers, saysSilent, saysAgain)
		n.oneSession()
	}
}

// replace puts another process into the replayer's place. What was on the way to the old one is heard by the new one.
func (n *network) replace(secret string) {
	n.past = addReceived(n.past, n.recv)
	n.startReplayer(secret)
}

// addReceived adds what a replayer that is no more had received.
func addReceived(sum uint64, r *reception) uint64 {
	st := r.past
	for _, s := range r.sessions.byID {
		s.addTo(&st)
	}
	return sum + st.MessagesReceived
}

// settled checks that what the listener knows is true: every message arrived or is lost, and no more is believed to have
// arrived than has.
func (n *network) settled(mayLose uint64) {
	n.t.Helper()
	a := n.peer.accounts
	sent := uint64(len(n.bodies))
	if a.received.messages+a.lost.messages != sent || a.received.messages > uint64(len(n.got)) || a.received.bytes+a.lost.bytes != n.bytes {
		n.t.Errorf("listener: %d received + %d lost of %d sent; %d arrived", a.received.messages, a.lost.messages, sent, len(n.got))
	}
	if a.lost.messages > mayLose {
		n.t.Errorf("%d lost, more than the %d that were under way", a.lost.messages, mayLose)
	}
	if got := addReceived(n.past, n.recv); got != uint64(len(n.got)) {
		n.t.Errorf("replayers: %d received; %d arrived", got, len(n.got))
	}
}

// TestReplacedWithoutAWord: another process takes the replayer's place between two datagrams, and no ICMP says so. The new
// one says that it does not know the session. Where that does not arrive either, DATA stops after 50 ms, and the listener
// asks after 2 seconds. What was sent and not confirmed by then is lost; the rest is kept.
func TestReplacedWithoutAWord(t *testing.T) {
	for _, c := range []struct {
		name          string
		lost          kind // does not arrive
		back, mayLose int64
	}{
		{"told", 0, 100 * ms, 20},
		{"not told", kindUnknown, 2700 * ms, 30},
	} {
		each(t, func(t *testing.T, secret string) {
			n := newNetwork(t, 1, secret)
			n.trickle(second)
			n.drop = func(_ bool, d []byte) bool { return kind(d[4]) == c.lost }
			n.replace(secret)
			at := n.now
			for n.peer.accounts.sessions < 2 && n.now < at+10*second {
				n.trickle(2 * ms)
			}
			if took := n.now - at; took > c.back {
				t.Errorf("%s: back after %d ms", c.name, took/ms)
			}
			n.trickle(second)
			n.finish(10 * second)
			n.settled(uint64(c.mayLose))
			n.heard(saysAnswers, saysSilent, saysLost, saysBack)
			if a := n.peer.accounts; a.sessions != 2 {
				t.Errorf("%s: %d sessions", c.name, a.sessions)
			}
		})
	}
}

// TestDoubtIsNoEnd: whoever makes the listener believe that nobody knows its session, by UNKNOWN or by ICMP, makes it ask,
// and no more than that.
func TestDoubtIsNoEnd(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.trickle(second)
		for range 20 {
			n.peer.out.tx.refused = true
			n.trickle(50 * ms)
			n.peer.happen(n.now, doubted)
			n.trickle(50 * ms)
		}
		n.oneSession()
	})
}

// TestKilledAndStartedAgain: the replayer's machine says that nobody listens there, for a moment or for long.
func TestKilledAndStartedAgain(t *testing.T) {
	for _, away := range []int64{ms, second, 30 * second} {
		n := newNetwork(t, 1, "secret")
		n.trickle(second)
		n.refuse, n.cut, n.queue = true, true, nil
		n.trickle(away)
		n.replace("secret")
		n.refuse, n.cut = false, false
		back := n.now
		for n.peer.state != live && n.now < back+10*second {
			n.trickle(2 * ms)
		}
		if took := n.now - back; took > second {
			t.Errorf("away for %d ms, back after %d ms", away/ms, took/ms)
		}
		n.trickle(second)
		n.finish(10 * second)
		n.settled(30)
		n.heard(saysAnswers, saysSilent, saysLost, saysBack)
	}
}

// TestLeavesAndComesBack: a replayer that says goodbye takes nothing with it.
func TestLeavesAndComesBack(t *testing.T) {
	n := newNetwork(t, 1, "")
	n.trickle(second)
	n.run(n.now + 50*ms)
	n.recv.close(n.now)
	n.drop = func(toReplayer bool, _ []byte) bool { return toReplayer }
	n.run(n.now + 10*ms)
	n.refuse, n.drop = true, nil
	n.trickle(3 * second)
	n.past = addReceived(n.past, n.recv)
	n.startReplayer("")
	n.refuse = false
	n.trickle(second)
	n.finish(10 * second)
	n.allArrived()
	n.settled(0)
	n.heard(saysAnswers, saysLeft, saysBack)
}

// TestListenerFirst: whoever is first waits for the other, and nothing is lost meanwhile.
func TestListenerFirst(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.refuse = true
		n.trickle(2 * second)
		n.refuse = false
		n.trickle(second)
		n.heard(saysNobody, saysAnswers)
		n.oneSession()
	})
}

// TestNeverSentIsKept: when a session ends, what the kernel did not take is not lost, though it had its numbers already;
// a message of which a part was sent is, as a whole.
func TestNeverSentIsKept(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.trickle(second)
		n.run(n.now + 100*ms)
		write, room := n.peer.out.tx.write, 3
		n.peer.out.tx.write = func(b []byte, size int) (int, error) {
			if len(b) > size { // a batch: three datagrams leave
				b = b[:min(len(b), room*size)]
				k, _ := write(b, size)
				room -= k
				return k, errWouldBlock
			}
			return write(b, size)
		}
		for range 20 {
			n.send(1, 400)
		}
		n.send(1, 10000)
		n.send(1, 300)
		n.pack.flush()
		n.cut = true
		n.run(n.now + 3*second)
		n.replace(secret)
		n.cut, n.peer.out.tx.write = false, write
		n.run(n.now + 4*second)
		n.finish(10 * second)
		if lost := n.peer.accounts.lost.messages; lost < 9 { // three datagrams of 1,452 bytes
			t.Errorf("%d lost", lost)
		}
		n.settled(10)
	})
}

// TestAbsentCostsLittle: a listener that has nothing to send to a replayer that is not there sends less than 2 KB a
// second, and still asks twice a second.
func TestAbsentCostsLittle(t *testing.T) {
	for _, met := range []bool{false, true} {
		n := newNetwork(t, 1, "")
		if met {
			n.trickle(second)
		}
		n.cut = true
		n.run(n.now + 10*second)
		hellos, bytes := 0, uint64(0)
		n.tap = func(_ bool, d []byte) {
			bytes += uint64(len(d))
			if kind(d[4]) == kindHello {
				hellos++
			}
		}
		n.run(n.now + int64(time.Minute))
		if hellos < 119 || bytes > 60*2500 {
			t.Errorf("met %t: %d HELLOs, %d bytes in a minute", met, hellos, bytes)
		}
	}
}
