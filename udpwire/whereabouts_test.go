package udpwire

import (
	"bytes"
	"testing"
)

func TestWhereabouts(t *testing.T) {
	third := elsewhere
	third.addr = listenerAt.addr
	rand := counting()
	w := whereabouts{proven: listenerAt}
	if w.heard(listenerAt, 100, rand); w.affords(1) || w.answered(listenerAt, 0) || w.challenge != 0 {
		t.Errorf("something to prove where nothing is: %+v", w)
	}
	w.heard(elsewhere, 100, rand)
	first := w.challenge
	if first == 0 || w.proven != listenerAt || w.affords(101) || !w.affords(60) || w.affords(41) || !w.affords(40) || w.affords(1) {
		t.Errorf("not as much as came: %+v", w)
	}
	if w.answered(elsewhere, first+1) || w.answered(listenerAt, first) || w.answered(elsewhere, 0) {
		t.Errorf("proven by nothing: %+v", w)
	}
	w.heard(elsewhere, 100, rand)
	if w.challenge != first || !w.affords(100) {
		t.Errorf("another challenge for the same address: %+v", w)
	}
	if !w.answered(elsewhere, first) || w != (whereabouts{proven: elsewhere}) {
		t.Errorf("not proven: %+v", w)
	}
	w.heard(listenerAt, 100, rand)
	if w.challenge == first || w.challenge == 0 || w.answered(listenerAt, first) {
		t.Errorf("an old challenge is good again: %+v", w)
	}
}

// TestAddressChanges: a translator gives the listener another address, again and again, while much is on the way: all
// arrives, in the same session.
func TestAddressChanges(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.loss = 0.05
		n.load(500)
		for i := range 10 {
			n.at = elsewhere
			if i%2 == 1 {
				n.at = listenerAt
			}
			n.load(2000) // a HEARTBEAT may be lost
			if s := n.recv.sessions.byID[n.peer.out.channel.session]; s == nil || s.where.proven.addr != n.at.addr {
				t.Fatalf("change %d: not known to be there", i)
			}
		}
		n.finish(10000 * ms)
		n.allArrived()
		n.balanced()
		if n.peer.accounts.sessions != 1 {
			t.Errorf("%d sessions", n.peer.accounts.sessions)
		}
	})
}

// TestAddressForged: who plays a listener's datagrams from a victim's address makes the victim get no more than it sends,
// and takes nothing away from the listener.
func TestAddressForged(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		n := newNetwork(t, 1, secret)
		n.load(500)
		victim, sent, stolen := elsewhere, 0, 0
		n.drop = func(toReplayer bool, d []byte) bool { // each hundredth comes from there first, and then from where it is
			if stolen++; toReplayer && stolen%100 == 0 {
				sent += len(d)
				n.recv.setTime(n.now)
				n.recv.datagram(bytes.Clone(d), victim)
			}
			return false
		}
		n.load(2000)
		n.drop = nil
		n.finish(10000 * ms)
		n.allArrived()
		n.balanced()
		if got := n.astray[victim.addr]; got > sent || sent == 0 {
			t.Errorf("%d bytes sent in the victim's name, %d went there", sent, got)
		}
		if n.peer.accounts.sessions != 1 {
			t.Errorf("%d sessions", n.peer.accounts.sessions)
		}
	})
}
