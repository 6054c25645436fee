package udpwire

import "testing"

// counted is how many datagrams are in the accounts of a replayer. Each that comes is there once: accepted, as a duplicate,
// or rejected, by reason.
func (r *reception) counted() (n uint64) {
	st := r.past
	for _, s := range r.sessions.byID {
		s.addTo(&st)
	}
	n = st.DatagramsReceived + st.DatagramsDuplicate
	for _, k := range st.Rejected {
		n += k
	}
	return n
}

// counted is the same of a listener: accepted or rejected.
func (a *peerAccounts) counted() (n uint64) {
	n = a.responses
	for _, k := range a.rejects {
		n += k
	}
	return n
}

// countsOnce checks that what brings one datagram enters it once. All networks and strangers do so with all datagrams.
func countsOnce(t *testing.T, counted func() uint64, d []byte, bring func()) {
	t.Helper()
	var is []byte // what it is; who takes it in may decrypt it in place
	is = append(is, d[:min(len(d), headerSize)]...)
	before := counted()
	bring()
	if n := counted() - before; n != 1 {
		t.Errorf("a datagram of %d bytes that begins with %x counts %d times", len(d), is, n)
	}
}

// TestPiecesCountOnce: a piece of what has arrived meanwhile is no duplicate as well, and makes a REPORT due as one does; of
// what has ended, or with a number seen before, it is one thing, too.
func TestPiecesCountOnce(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		s := newStranger(t, ReceiverConfig{}, secret)
		out, ok := s.shake(listenerAt, seeded())
		if !ok {
			t.Fatal("no session")
		}
		d := s.data(&out, 1, 1)
		cut := func(from, to int) []byte {
			p := piece{1, fragment{uint32(from), uint32(len(d)), d[from:to]}}
			return out.finishControl(kindPiece, p.append(make([]byte, headerSize)))
		}
		first := cut(0, 30)
		s.say(first, listenerAt)
		s.say(first, listenerAt) // with the same number
		s.say(d, listenerAt)
		s.say(d, listenerAt)
		s.recv.tick()
		session := s.recv.sessions.byID[out.session]
		session.inbox.reporter.dueAt = never
		for range 3 {
			s.say(cut(0, len(d)), listenerAt)
		}
		if session.inbox.reporter.dueAt != s.recv.now+reportBusy || s.messages != 1 || session.inbox.stats.duplicate != 1 {
			t.Errorf("a REPORT is due in %d ns, %d messages, %d duplicates", session.inbox.reporter.dueAt-s.recv.now, s.messages, session.inbox.stats.duplicate)
		}
		s.recv.end(session)
		s.say(cut(0, 30), listenerAt)
		if got := s.recv.past; got.DatagramsReceived != 3+1+1+3+1 || got.DatagramsDuplicate != 1 || got.Rejected[rejectReplayed] != 1 {
			t.Errorf("%+v", got) // HELLO twice and BEGIN, a piece, DATA, pieces, one of what has ended
		}
	})
}
