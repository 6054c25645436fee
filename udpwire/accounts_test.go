package udpwire

import "testing"

// TestAccountsClose: a session in which 10 messages of 100 bytes each were begun ends.
func TestAccountsClose(t *testing.T) {
	for _, c := range []struct {
		name           string
		reported       report
		received, lost tally
	}{
		{"all confirmed", report{messages: 10, bytes: 1000}, tally{10, 1000}, tally{}},
		{"some confirmed", report{messages: 7, bytes: 700}, tally{7, 700}, tally{3, 300}},
		{"nothing heard", report{}, tally{}, tally{10, 1000}},
		{"more confirmed than can be", report{messages: 11, bytes: 2000}, tally{10, 1000}, tally{}},
	} {
		o := outbox{channel: newOutgoing(1, nil, 0), begun: begun{before: 5, last: 15, bytes: 1000}, reported: c.reported}
		var a peerAccounts
		a.close(&o)
		if a.received != c.received || a.lost != c.lost {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}

func TestTallyWithout(t *testing.T) {
	if got := (tally{10, 1000}).without(tally{3, 400}, tally{2, 700}); got != (tally{5, 0}) {
		t.Errorf("%+v", got)
	}
}

// TestFates: what a session in progress has confirmed counts with those before.
func TestFates(t *testing.T) {
	for _, c := range []struct {
		state          state
		received, lost tally
	}{
		{seeking, tally{1, 10}, tally{2, 20}},
		{live, tally{6, 510}, tally{3, 120}},
		{silent, tally{6, 510}, tally{3, 120}},
	} {
		p := peer{state: c.state, accounts: peerAccounts{received: tally{1, 10}, lost: tally{2, 20}}}
		p.out.begun = begun{last: 10, bytes: 1000}
		p.out.reported = report{messages: 5, bytes: 500, lostMessages: 1, lostBytes: 100}
		if received, lost := p.fates(); received != c.received || lost != c.lost {
			t.Errorf("state %d: %v, %v", c.state, received, lost)
		}
	}
}
