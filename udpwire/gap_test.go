package udpwire

import (
	"math/rand/v2"
	"testing"
)

// TestGapsModel: what is settled in large steps is what is settled one by one.
func TestGapsModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var big, small order
		var got, want []uint64
		big.handle = func(m *Message) { got = append(got, m.Index) }
		small.handle = func(m *Message) { want = append(want, m.Index) }
		for range 1 + rng.IntN(30) {
			id := 1 + rng.Uint64N(40000)
			if rng.IntN(3) == 0 {
				id = big.settled + 1 + rng.Uint64N(100)
			}
			back := uint32(0)
			if rng.IntN(2) == 0 {
				back = 1 + rng.Uint32N(uint32(min(id, 30000)))
			}
			if !big.isDone(id) && !waitsFor(&big, id) {
				big.deliver(id, back, &Message{Index: id}, false)
				small.deliver(id, back, &Message{Index: id}, false)
			}
			if rng.IntN(4) == 0 {
				up := big.settled + rng.Uint64N(20000)
				big.settle(up)
				for small.settled < up {
					small.lose(small.settled + 1)
				}
			}
			if len(got) != len(want) || big.stats != small.stats || big.settled != small.settled || big.top != small.top ||
				big.done.count != small.done.count || len(big.waiting) != len(small.waiting) || big.heldBytes != small.heldBytes {
				t.Fatalf("%d handed on, %d one by one; %+v, %+v; settled %d, %d", len(got), len(want), big.stats, small.stats, big.settled, small.settled)
			}
		}
		for i := range got {
			if got[i] != want[i] && !sameSet(got, want) {
				t.Fatalf("%v, one by one %v", got, want)
			}
		}
	}
}

// waitsFor reports whether id waits for another.
func waitsFor(o *order, id uint64) bool {
	for _, h := range o.waiting {
		if h.id == id {
			return true
		}
	}
	return false
}

// sameSet reports whether both have the same ids, in whatever order.
func sameSet(a, b []uint64) bool {
	have := map[uint64]int{}
	for i := range a {
		have[a[i]]++
		have[b[i]]--
	}
	for _, n := range have {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestGapsOfNumbers: numbers given up in large steps are those given up one by one.
func TestGapsOfNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	for range 200 {
		var in inbox
		in.start(func(*Message) {})
		arrived := map[uint64]bool{}
		for range rng.IntN(30) {
			n := 1 + rng.Uint64N(5000)
			if !in.numbers.settled(n) {
				in.numbers.mark(n, numberArrived)
				arrived[n] = true
			}
		}
		limit := 1 + rng.Uint64N(6000)
		var missing []span
		lost := uint64(0)
		for n := uint64(1); n < limit; n++ {
			if !arrived[n] {
				missing = addNumber(missing, n)
				lost++
			}
		}
		if got := in.numbers.missing(nil, 0, limit, 1000); len(got) != len(missing) || len(got) > 0 && got[len(got)-1] != missing[len(missing)-1] {
			t.Fatalf("%v, want %v", got, missing)
		}
		in.giveUp(limit)
		next := limit
		for arrived[next] {
			next++
		}
		if in.stats.lost != lost || in.numbers.next != next {
			t.Fatalf("%d lost, want %d; next %d, want %d", in.stats.lost, lost, in.numbers.next, next)
		}
	}
}

// TestGapsCostNothing: a stranger's gaps of all numbers and ids that may be are settled in a few steps: a thousand of them
// take no time that a test would notice, and one by one a minute.
func TestGapsCostNothing(t *testing.T) {
	s := newStranger(t, ReceiverConfig{}, "")
	out, ok := s.shake(listenerAt, seeded())
	if !ok {
		t.Fatal("no session")
	}
	in := &s.recv.sessions.byID[out.session].inbox
	for range 1000 {
		number, id := in.numbers.next, in.order.settled+1
		s.say(s.data(&out, number, id), listenerAt)
		s.say(s.data(&out, number+farthest-10, id+2*maxUnderWay-5), listenerAt)
		h := heartbeat{oldest: number + farthest - 5, highest: number + farthest - 6, messages: id + 2*maxUnderWay - 5}
		s.say(out.finishControl(kindHeartbeat, h.append(make([]byte, headerSize, maxControl))), listenerAt)
		s.recv.setTime(s.recv.now + ms)
		s.recv.tick()
	}
	if in.numbers.next < 1000*(farthest-10) || in.order.settled < 1000*maxUnderWay {
		t.Errorf("settled numbers below %d, ids up to %d: no such gaps", in.numbers.next, in.order.settled)
	}
}
