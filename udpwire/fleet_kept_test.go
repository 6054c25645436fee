package udpwire

import "testing"

// All replayers of several are gone. What waits for one of them, since a third came and went again, does not take with
// it what others wait there for.
func TestFleetGivenUpAlone(t *testing.T) {
	w := harbour(t, 2)
	w.strict = false
	w.burst(500)
	w.host(seaAddr(1)).cut, w.host(seaAddr(2)).cut = true, true
	w.burst(500) // sent, and not confirmed
	w.start(seaAddr(3), 0)
	w.resolve(seaAddr(1), seaAddr(2), seaAddr(3))
	w.burst(300)
	if !w.send.spread.holds.any() {
		t.Fatal("no lane waits")
	}
	w.kill(seaAddr(3), true)
	w.burst(30_000) // three seconds, after which nobody waits any more
	if w.send.spread.holds.any() {
		t.Fatal("lanes wait that should not")
	}
	w.host(seaAddr(1)).cut, w.host(seaAddr(2)).cut = false, false
	w.settle()
	w.check("in the end")
	if st := w.send.Stats(); st.MessagesLost > 800 {
		t.Errorf("%d lost, and at most 800 were sent and not confirmed", st.MessagesLost)
	}
}

// A link that is to end could not send everything, and ends while nobody sends anything. What it kept is sent elsewhere,
// and counted once.
func TestFleetEndsKeeping(t *testing.T) {
	w := harbour(t, 2)
	w.burst(500)
	w.run(100 * ms)
	w.kill(seaAddr(1), true)
	w.burst(20) // refused: numbered, and never left
	w.resolve(seaAddr(2))
	w.send.Flush()
	if !w.links[seaAddr(1)].pending() {
		t.Fatal("the link keeps nothing")
	}
	w.run(7000 * ms)
	if !w.links[seaAddr(1)].ended {
		t.Fatal("the link has not ended")
	}
	w.resolve(seaAddr(2))
	w.settle()
	w.resolve(seaAddr(2))
	w.check("in the end")
	if w.got != len(w.sent) {
		t.Errorf("%d of %d arrived", w.got, len(w.sent))
	}
	if n := len(w.send.fleet.links()); n != 2 {
		t.Errorf("%d links are left, want limbo and one", n)
	}
}
