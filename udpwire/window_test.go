package udpwire

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestReplayWindow(t *testing.T) {
	for _, c := range []struct {
		name   string
		seen   []uint64
		number uint64
		fresh  bool
	}{
		{"the first", nil, 1, true},
		{"zero is no number", nil, 0, false},
		{"zero is none later either", []uint64{5}, 0, false},
		{"the same again", []uint64{1}, 1, false},
		{"a higher one", []uint64{1}, 2, true},
		{"far higher", []uint64{1}, maxNumber, true},
		{"one that was overtaken", []uint64{1, 3}, 2, true},
		{"as old as may be", []uint64{windowSpan}, 1, true},
		{"too old", []uint64{windowSpan + 1}, 1, false},
		{"as old as may be, and seen", []uint64{1, windowSpan}, 1, false},
		{"below a leap of a whole window", []uint64{1, 1 + windowSpan}, windowSpan, true},
		{"in the place of one seen long before", []uint64{1, windowSpan + 2}, windowSpan + 1, true},
		{"in the place of one seen before a leap", []uint64{70, 70 + 3*windowSpan}, 70 + 3*windowSpan - 1, true},
		{"at the end of all numbers", []uint64{1<<64 - 3, 1<<64 - 1}, 1<<64 - 2, true},
		{"at the end, and seen", []uint64{1<<64 - 3, 1<<64 - 1, 1<<64 - 2}, 1<<64 - 3, false},
	} {
		var w replayWindow
		for _, n := range c.seen {
			w.mark(n)
		}
		for range 2 { // asking changes nothing
			if w.fresh(c.number) != c.fresh {
				t.Errorf("%s: fresh %t", c.name, !c.fresh)
			}
		}
	}
}

// TestReplayWindowModel compares with a table of all numbers seen, for steps of all sizes.
func TestReplayWindowModel(t *testing.T) {
	for _, step := range []int{1, 3, 64, 100, windowSpan, 3 * windowSpan} {
		rng := rand.New(rand.NewPCG(1, uint64(step)))
		var w replayWindow
		seen, highest := map[uint64]bool{}, uint64(0)
		for range 20000 {
			n := highest + 1 + rng.Uint64N(uint64(step))
			if rng.IntN(4) > 0 {
				n = highest - min(rng.Uint64N(windowSpan+10), highest)
			}
			want := n > highest || n > 0 && highest-n < windowSpan && !seen[n]
			if w.fresh(n) != want {
				t.Fatalf("steps up to %d: fresh(%d) is %t after %d", step, n, !want, highest)
			}
			if want || rng.IntN(2) == 0 { // one too old changes nothing
				w.mark(n)
				seen[n], highest = true, max(highest, n)
			}
		}
	}
}

// TestPiecesReordered: the pieces of several of the largest datagrams, with all else that is sent meanwhile, may come in
// whatever order: none is refused, and nothing has to be sent again.
func TestPiecesReordered(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		for seed := range uint64(5) {
			s := newStranger(t, ReceiverConfig{}, secret)
			out, ok := s.shake(listenerAt, seeded())
			if !ok {
				t.Fatal("no session")
			}
			var sent [][]byte
			tx := transmitter{size: pathSize{best: largeDatagram, full: minDatagram}, write: func(b []byte, _ int) (int, error) {
				sent = append(sent, bytes.Clone(b))
				return 1, nil
			}}
			const count = 10
			for number := uint64(1); number <= count; number++ {
				d := append(make([]byte, dataOffset), messageFrame(&Message{Body: make([]byte, 59000)})...)
				putBase(d, number)
				if out.seal != nil {
					d = append(d, make([]byte, tagSize)...)
				}
				out.finishData(d, number)
				if err := tx.pieces(&out, number, d); err != nil {
					t.Fatal(err)
				}
			}
			rng := rand.New(rand.NewPCG(seed, 1))
			rng.Shuffle(len(sent), func(i, j int) { sent[i], sent[j] = sent[j], sent[i] })
			for _, d := range sent {
				s.say(d, listenerAt)
			}
			if s.messages != count || s.recv.past.Rejected != (Rejects{}) {
				t.Errorf("%d messages from %d pieces, rejected %d", s.messages, len(sent), s.recv.past.Rejected)
			}
		}
	})
}
