package udpwire

import (
	"bytes"
	"container/heap"
	"fmt"
	"testing"
)

// A storm is a network in which everything happens to datagrams that can: they are lost, doubled and delayed, and come once
// more much later, when one or both processes are others.
type storm struct {
	*network
	recorded []packet
	before   int  // Messages sent by listeners that were killed.
	killed   bool // A replayer was killed since the present listener began.
}

// keep records some of what is sent.
func (s *storm) keep(toReplayer bool, d []byte) {
	if s.rng.IntN(4) > 0 && kind(d[4]) == kindData {
		return
	}
	p := packet{toReplayer: toReplayer, from: s.at, d: bytes.Clone(d)}
	if len(s.recorded) < 200 {
		s.recorded = append(s.recorded, p)
	} else {
		s.recorded[s.rng.IntN(len(s.recorded))] = p
	}
}

// replay sends some of what was recorded once more, each after a while of its own.
func (s *storm) replay() {
	for range min(len(s.recorded), 20) {
		p := s.recorded[s.rng.IntN(len(s.recorded))]
		s.count++
		p.at, p.seq, p.d = s.now+s.rng.Int64N(500*ms), s.count, bytes.Clone(p.d)
		heap.Push(&s.queue, p)
	}
}

// step lets something happen to the processes or to the path.
func (s *storm) step(secret string) (what string) {
	switch s.rng.IntN(11) {
	case 0:
		what = "replayer killed and started"
		s.killed = true
		s.startReplayer(secret)
	case 1:
		what = "replayer ended and started"
		s.recv.close(s.now)
		s.run(s.now + s.rng.Int64N(100*ms))
		s.startReplayer(secret)
		s.killed = true // it may have ended before the listener heard of the end
	case 2:
		what = "listener killed and started"
		s.before, s.killed = len(s.bodies), false
		s.startListener(secret)
		s.users += 1000
	case 3:
		what = "cut"
		s.cut = true
		s.load(s.rng.IntN(100))
		s.run(s.now + s.rng.Int64N(4000*ms))
		s.cut = false
	case 4:
		what = "nothing comes back"
		s.oneWay = true
		s.load(s.rng.IntN(100))
		s.run(s.now + s.rng.Int64N(4000*ms))
		s.oneWay = false
	case 5:
		what = "another address"
		s.at = place(s.rng.IntN(1000))
	case 6:
		what = "nobody listens there for a while"
		s.refuse, s.killed = true, true
		s.load(s.rng.IntN(100))
		s.run(s.now + s.rng.Int64N(4000*ms))
		s.refuse = false
		s.startReplayer(secret)
	case 7:
		what = "replayer stopped"
		s.stop(replayer, func() { s.load(s.rng.IntN(100)); s.run(s.now + s.rng.Int64N(20000*ms)) })
	case 8:
		what = "listener stopped"
		s.stop(listener, func() { s.run(s.now + s.rng.Int64N(20000*ms)) })
	default:
		what = "nothing"
	}
	s.replay()
	return what
}

// TestStorm: whatever happens to datagrams and processes, no message comes twice, in the end there is a live session, and
// the accounts are right: those of both sides equal, unless the replayer took something with it.
func TestStorm(t *testing.T) {
	seeds := uint64(300)
	if *full {
		seeds = 20000
	}
	for seed := range seeds {
		storming(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func storming(t *testing.T, seed uint64) {
	secret := []string{"", "secret"}[seed%2]
	s := &storm{network: newNetwork(t, seed, secret)}
	s.tap = s.keep
	s.loss, s.dup, s.jit, s.delay = s.rng.Float64()*0.4, s.rng.Float64()*0.4, 1+s.rng.Int64N(100*ms), 1+s.rng.Int64N(30*ms)
	var log []string
	for range 4 + s.rng.IntN(4) {
		s.load(s.rng.IntN(150))
		s.run(s.now + s.rng.Int64N(1000*ms))
		log = append(log, s.step(secret))
	}
	s.load(s.rng.IntN(150))
	s.loss, s.dup, s.jit = 0, 0, 0
	s.pack.flush()
	s.run(s.now + 6000*ms)
	fail := func(format string, args ...any) { t.Errorf("%s: %v", fmt.Sprintf(format, args...), log) }
	if s.peer.state != live || !s.peer.out.idle() {
		fail("state %d, idle %t", s.peer.state, s.peer.out.idle())
	}
	s.finish(20000 * ms)
	sent, got := uint64(len(s.bodies)-s.before), uint64(0)
	for i := range s.got {
		if i >= uint64(s.before) {
			got++
		}
	}
	p := s.peer.accounts
	if s.peer.state != departed || s.peer.farewell.abandoned || p.received.messages+p.lost.messages != sent || p.received.messages > got {
		fail("%d sent, %d arrived, the listener says %d and %d lost", sent, got, p.received.messages, p.lost.messages)
	}
	if !s.killed && (p.received.messages != got || got != sent) {
		fail("%d sent, %d arrived, the listener says %d, though nothing was killed", sent, got, p.received.messages)
	}
	s.recv.close(s.now)
	if st, _ := s.totals(); st.MessagesSent != st.MessagesReceived+st.MessagesLost {
		fail("the replayer says %d sent, %d received, %d lost", st.MessagesSent, st.MessagesReceived, st.MessagesLost)
	}
	if s.recv.past.Rejected[rejectMalformed]+p.rejects[rejectMalformed] > 0 {
		fail("malformed: %d and %d", s.recv.past.Rejected[rejectMalformed], p.rejects[rejectMalformed])
	}
	if s.pool.out > chunkSize {
		fail("%d bytes of buffer not given back", s.pool.out)
	}
}
