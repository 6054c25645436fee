package udpwire

import "testing"

// A message that comes alone is confirmed within a round trip, and leaves nothing to be done: no timer has to run out
// that asks for the REPORT. What comes in a burst has one HEARTBEAT more.
func TestLoneMessage(t *testing.T) {
	n := newNetwork(t, 1, "secret")
	n.trickle(second)
	n.run(n.now + second)
	beats, woken := 0, 0
	n.tap = func(toReplayer bool, d []byte) {
		if h, _, ok := parseHeader(d); ok && toReplayer && h.kind == kindHeartbeat {
			beats++
		}
	}
	const messages = 50
	for range messages {
		n.send(1, 100)
		before := beats
		if n.pack.flush(); beats != before+1 {
			t.Fatalf("%d HEARTBEATs leave with the message", beats-before)
		}
		begin := n.now
		n.run(begin + 2*n.delay + ms/2)
		if n.peer.out.flight.unsettled() {
			t.Fatal("not confirmed after a round trip")
		}
		for n.now < begin+100*ms {
			if due := n.peer.due(); due < begin+90*ms {
				woken++
			}
			n.run(n.now + 10*ms)
		}
	}
	if n.allArrived(); beats > messages+messages/5 { // and one a second as ever
		t.Errorf("%d HEARTBEATs for %d messages", beats, messages)
	}
	if woken > messages { // to look for larger datagrams, and the like
		t.Errorf("woken %d times by timers", woken)
	}
	beats = 0
	for range 10 {
		for range 20 {
			n.send(1, 100)
			n.pack.flush()
			n.run(n.now + ms)
		}
		n.run(n.now + 200*ms)
	}
	if beats > 10*2+10 {
		t.Errorf("%d HEARTBEATs for 10 bursts", beats)
	}
}
