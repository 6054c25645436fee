package udpwire

import (
	"bytes"
	"testing"
)

// TestByeLost: a listener whose BYE was heard and not answered asks again, and gets the same totals.
func TestByeLost(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(500)
		lost := 3
		n.drop = func(toReplayer bool, d []byte) bool {
			drop := !toReplayer && kind(d[4]) == kindBye && lost > 0
			if drop {
				lost--
			}
			return drop
		}
		n.finish(5000 * ms)
		n.allArrived()
		n.balanced()
		if lost > 0 || n.peer.state != departed || len(n.recv.sessions.byID) != 0 || len(n.recv.ended.byID) != 1 {
			t.Errorf("%d BYEs not lost, state %d, %d sessions, %d tombstones", lost, n.peer.state, len(n.recv.sessions.byID), len(n.recv.ended.byID))
		}
	})
}

// TestEndedMeanwhile: a session that the replayer has ended while nothing passed is closed with the same accounts on both
// sides, and another goes on.
func TestEndedMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(500)
		byes := 3
		n.oneWay = true // so that the listener does not know how far the replayer is
		n.load(200)
		n.pack.flush()
		n.run(n.now + 100*ms)
		n.cut, n.oneWay = true, false
		n.run(n.now + idleEnd + 2000*ms)
		if len(n.recv.sessions.byID) != 0 {
			t.Fatal("the session has not ended")
		}
		n.load(100)
		n.cut = false
		n.drop = func(toReplayer bool, d []byte) bool { // only HELLO is heard, and not each response to it
			lost := toReplayer && kind(d[4]) == kindHeartbeat || !toReplayer && kind(d[4]) == kindBye && byes > 0
			if !toReplayer && kind(d[4]) == kindBye {
				byes--
			}
			return lost && n.peer.accounts.sessions < 2
		}
		n.load(500)
		n.run(n.now + 5000*ms)
		n.drop = nil
		n.finish(10000 * ms)
		n.allArrived()
		n.balanced()
		if byes > 0 || n.peer.accounts.sessions != 2 {
			t.Errorf("%d sessions", n.peer.accounts.sessions)
		}
	})
}

// TestBeginReplayed: whoever plays a whole session again begins nothing, whenever that is.
func TestBeginReplayed(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		var recorded [][]byte
		n.tap = func(toReplayer bool, d []byte) {
			if toReplayer {
				recorded = append(recorded, bytes.Clone(d))
			}
		}
		n.load(500)
		n.finish(5000 * ms)
		n.tap = nil
		got := len(n.got)
		for _, wait := range []int64{0, localFresh, localLife, tombLife, tombLife} {
			n.run(n.now + wait)
			for _, d := range recorded {
				n.recv.setTime(n.now)
				n.recv.datagram(bytes.Clone(d), listenerAt)
			}
			if len(n.recv.sessions.byID) != 0 || len(n.got) != got {
				t.Fatalf("%d sessions after another %d s", len(n.recv.sessions.byID), wait/1000/ms)
			}
		}
		if len(n.recv.ended.byID) != 0 {
			t.Errorf("%d tombstones stand for ever", len(n.recv.ended.byID))
		}
	})
}

// TestGraveyardFull: the oldest makes room; if its session could be begun again, the keys for that are forgotten.
func TestGraveyardFull(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		var g graveyard
		grave := func(id uint64) *tombstone {
			t := &tombstone{id: id}
			if sealed {
				t.in.seal = &sealer{}
			}
			return t
		}
		for i := range uint64(maxTombs) {
			if g.bury(grave(i), int64(i)) {
				t.Fatal("full too early")
			}
		}
		if early := g.bury(grave(maxTombs), maxTombs); early != sealed || g.byID[0] != nil || g.byID[1] == nil || len(g.byID) != maxTombs {
			t.Errorf("sealed %t: too early %t, %d tombstones", sealed, early, len(g.byID))
		}
		if g.bury(grave(maxTombs+1), 2*localLife) {
			t.Error("too early after two minutes")
		}
		if g.expire(tombLife + 2*localLife); len(g.byID) != 1 {
			t.Errorf("%d tombstones left", len(g.byID))
		}
		if g.expire(tombLife + 2*localLife + 1); len(g.byID) != 0 || len(g.order) != 0 {
			t.Errorf("%d tombstones left", len(g.byID))
		}
	}
}

// TestStoppedReplayer: time in which the process did not run ends no session; what is in the socket is read before.
func TestStoppedReplayer(t *testing.T) {
	s := newStranger(t, ReceiverConfig{}, "")
	out, ok := s.shake(listenerAt, seeded())
	if !ok {
		t.Fatal("no session")
	}
	s.recv.tick()
	for range 100 { // stopped for an hour each
		s.recv.setTime(s.recv.now + 3600*1000*ms)
		s.recv.tick()
	}
	if s.recv.sessions.byID[out.session] == nil {
		t.Fatal("its session has ended")
	}
	for range idleEnd / idleTick {
		s.recv.setTime(s.recv.now + idleTick)
		s.recv.tick()
	}
	if s.recv.sessions.byID[out.session] != nil {
		t.Error("its session does not end though it has run")
	}
}
